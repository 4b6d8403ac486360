const [OTHER, PLAIN, DOT, SLASH, COLON, QUERY] = [0, 1, 2, 3, 4, 5];

/** What each ASCII character means to a URL parser that reads a path. What it would change is OTHER. */
const KINDS = new Uint8Array(128);
for (const char of "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_~!$&()*+,;=@")
	KINDS[char.charCodeAt(0)] = PLAIN;
for (const char of ".%") KINDS[char.charCodeAt(0)] = DOT;
KINDS["/".charCodeAt(0)] = SLASH;
KINDS[":".charCodeAt(0)] = COLON;
KINDS["?".charCodeAt(0)] = QUERY;

const DOT_SEGMENT = /^(?:\.|%2e){1,2}(?:[/?]|$)/i;
/** The longest dot segment, `%2e%2e`, and the character that ends it. */
const DOT_SEGMENT_REACH = 7;

/**
 * Whether the range is a relative reference that a URL parser (WHATWG URL 4.4) does nothing to but append it to the
 * directory of its base: no scheme, no leading slash, no dot segment in any spelling, no variable, no fragment, nothing to strip
 * or encode. Runs once a segment, so it reads characters and allocates nothing.
 */
export function isPlainReference(text: string, start: number, end: number): boolean {
	let segment = start;
	for (let at = start; at < end; at++) {
		const kind = KINDS[text.charCodeAt(at)] ?? OTHER;
		if (kind === PLAIN) continue;
		if (kind === DOT) {
			if (at === segment && DOT_SEGMENT.test(text.slice(at, Math.min(at + DOT_SEGMENT_REACH, end)))) return false;
		} else if (kind === SLASH) {
			if (at === start) return false;
			segment = at + 1;
		} else if (kind === COLON) {
			if (segment === start) return false;
		} else {
			return kind === QUERY && at > start && isPlainQuery(text, at + 1, end);
		}
	}
	return end > start;
}

function isPlainQuery(text: string, start: number, end: number): boolean {
	for (let at = start; at < end; at++) if ((KINDS[text.charCodeAt(at)] ?? OTHER) === OTHER) return false;
	return true;
}
