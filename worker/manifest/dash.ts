import { UrlTooLong } from "./dash/bases.ts";
import type { DashContext, DashResult } from "./dash/context.ts";
import { readDocument } from "./dash/read.ts";
import { rewriteDocument } from "./dash/rewrite.ts";
import { REMOTE_ELEMENTS } from "./dash/rules.ts";
import { Malformed } from "./dash/xml.ts";

export { filterDash } from "./dash/filter.ts";
export type { DashContext, DashResult, DashTemplate, LicenseSystem } from "./dash/context.ts";
export { LICENSE_PATHS } from "./dash/licenses.ts";

const ROOT = new RegExp(`^<(?:!DOCTYPE\\s+)?(?:[\\w.-]+:)?(?:MPD|Patch|${REMOTE_ELEMENTS.join("|")})(?=[\\s/>[])`);
/** Longer than the start of any tag that is looked for. */
const ROOT_REACH = 200;
const IN_FRONT: readonly (readonly [open: string, close: string])[] = [
	["<?", "?>"],
	["<!--", "-->"],
];
const MOST_MESSAGE = 200;

/** Whether the text is an MPD, a patch of one, or a part that an MPD brings in by xlink. The start of the document is enough. */
export function isDash(text: string): boolean {
	let at = skipSpace(text, 0);
	for (let skipped = true; skipped;) {
		skipped = false;
		for (const [open, close] of IN_FRONT) {
			if (!text.startsWith(open, at)) continue;
			const end = text.indexOf(close, at + open.length);
			if (end === -1) return false;
			at = skipSpace(text, end + close.length);
			skipped = true;
		}
	}
	return ROOT.test(text.slice(at, at + ROOT_REACH));
}

function skipSpace(text: string, from: number): number {
	let at = from;
	while (/\s|\uFEFF/.test(text.charAt(at))) at += 1;
	return at;
}

/**
 * Compiles an MPD (ISO/IEC 23009-1) so that what a player asks for next goes through the gate, or to the source where `segments`
 * says so. What is no URL stays as it is, byte for byte; a document whose URLs all stay below where it is served is not changed.
 *
 * There is no such thing by chunk, as there is for playlists: that the document is well-formed XML, which is what makes all players
 * read it alike, shows at its end only, and so may the BaseURLs that its first URLs are resolved against.
 *
 * @throws TypeError when a URL of the context is not absolute; never for what the document says
 */
export function compileDash(text: string, context: DashContext): DashResult {
	try {
		const document = readDocument(text);
		const { kind, live, minimumUpdateSeconds } = document;
		return {
			ok: true,
			template: { kind, parts: rewriteDocument(text, document, context), live, minimumUpdateSeconds },
		};
	} catch (fault) {
		if (fault instanceof Malformed) return { ok: false, problem: fault.message.slice(0, MOST_MESSAGE) };
		if (fault instanceof UrlTooLong)
			return { ok: false, problem: "a URL that others are resolved against is too long" };
		throw fault;
	}
}
