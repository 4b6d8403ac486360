import * as v from "valibot";

export type Parsed<T> =
	| { readonly ok: true; readonly value: T }
	| { readonly ok: false; readonly issues: readonly string[] };

const MOST_ISSUES = 20;

/** Arrays are objects to the library, not to our users. */
const isObject = (input: unknown): boolean => typeof input === "object" && input !== null && !Array.isArray(input);
export const anObject = v.custom<object>(isObject, "must be an object");

/** An object with these members and no others. */
export function object<const E extends v.ObjectEntries>(entries: E) {
	return v.pipe(anObject, v.strictObject(entries));
}

/** An object with these members; others are ignored, for clients of other systems send some. */
export function openObject<const E extends v.ObjectEntries>(entries: E) {
	return v.pipe(anObject, v.object(entries));
}

/** An object with any members of one kind. A list is none, though the library takes it for one. */
export function recordOf<const K extends v.GenericSchema<string, string>, const V extends v.GenericSchema>(
	key: K,
	value: V,
	message = "must be an object",
) {
	return v.pipe(v.custom<object>(isObject, message), v.record(key, value));
}

/** Parses `input`; each issue names the place and the mistake: `videos[2].sources[0].src: must start with https://`. */
export function parse<S extends v.GenericSchema>(schema: S, input: unknown, at = ""): Parsed<v.InferOutput<S>> {
	const result = v.safeParse(schema, input);
	if (result.success) return { ok: true, value: result.output };
	return { ok: false, issues: result.issues.slice(0, MOST_ISSUES).map((issue) => describe(issue, at)) };
}

function describe(issue: v.BaseIssue<unknown>, at: string): string {
	const place = (issue.path ?? []).reduce((path, item) => step(path, item.key), at);
	return `${place === "" ? "the body" : place}: ${wording(issue)}`;
}

function step(path: string, key: unknown): string {
	if (typeof key === "number") return `${path}[${key}]`;
	const name = String(key).slice(0, 64);
	return path === "" ? name : `${path}.${name}`;
}

/** The library's own wording repeats what was received; a value may be a secret, so only our messages and the kinds are told. */
function wording(issue: v.BaseIssue<unknown>): string {
	if (issue.type === "strict_object") return issue.expected === "never" ? "is not a known field" : "is missing";
	if (issue.message.startsWith("Invalid key: ")) return "is missing"; // in an open object
	if (issue.message.startsWith("Invalid ")) return `must be ${issue.expected ?? "of another type"}`;
	return issue.message;
}
