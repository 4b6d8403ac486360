import { isPlainReference } from "../hls/plain.ts";

/** Where a relative reference leads from the directory that it is read in. */
export interface Steps {
	/** How many directories up it goes at its highest; 0 when it never leaves. */
	readonly climb: number;
	/** How many directories deeper than before it ends. */
	readonly descent: number;
}

/**
 * The steps of a relative reference that means the same in any directory deep enough: no scheme, no leading slash, nothing that a URL
 * parser would strip or encode. Null for all others.
 */
export function relativeSteps(reference: string): Steps | null {
	const query = reference.indexOf("?");
	const path = query === -1 ? reference : reference.slice(0, query);
	const segments = path.split("/");
	if (isPlainReference(reference, 0, reference.length)) return { climb: 0, descent: segments.length - 1 };
	const named = segments.filter((segment) => segment !== "." && segment !== "..");
	if (named.length === segments.length || named.slice(0, -1).includes("")) return null;
	const plain = `${named.join("/")}${reference.slice(path.length)}`;
	return plain === "" || isPlainReference(plain, 0, plain.length) ? walk(segments) : null;
}

function walk(segments: readonly string[]): Steps {
	let descent = 0;
	let climb = 0;
	for (const [index, segment] of segments.entries()) {
		if (segment === "..") descent -= 1;
		else if (segment !== "." && index < segments.length - 1) descent += 1;
		climb = Math.max(climb, -descent);
	}
	return { climb, descent };
}

/**
 * Whether no value of its identifiers can give the template a scheme or a host, or lead it to the root: a name and a slash come
 * before the first one.
 */
export function hasFixedStart(template: string): boolean {
	const identifier = template.indexOf("$");
	return identifier === -1 || template.slice(0, identifier).lastIndexOf("/") > 0;
}
