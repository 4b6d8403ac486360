/** An attribute of a tag: its value lies, without quotes, between `start` and `end` of the line. */
export interface Attribute {
	readonly name: string;
	readonly start: number;
	readonly end: number;
}

/** `brokenAt`: where the attribute begins that is not one; the end of the line when all of them are. */
export interface AttributeList {
	readonly attributes: readonly Attribute[];
	readonly brokenAt: number;
}

/** Reads the attribute list (RFC 8216bis 4.2) that starts at `from`, up to the first mistake. */
export function readAttributes(line: string, from: number): AttributeList {
	const attributes: Attribute[] = [];
	let at = from;
	while (at < line.length) {
		const equals = line.indexOf("=", at);
		if (equals === -1) break;
		const name = line.slice(at, equals).trim();
		const value = readValue(line, equals + 1);
		if (value === null || /[,"']/.test(name)) return { attributes, brokenAt: at };
		attributes.push({ name, start: value.start, end: value.end });
		at = value.next;
	}
	return { attributes, brokenAt: line.length };
}

function readValue(line: string, from: number): { start: number; end: number; next: number } | null {
	const quoted = line[from] === '"';
	const close = quoted ? line.indexOf('"', from + 1) : from;
	if (close === -1) return null;
	const comma = line.indexOf(",", close);
	const next = comma === -1 ? line.length : comma;
	const rest = line.slice(quoted ? close + 1 : from, next);
	if (quoted) return rest.trim() === "" ? { start: from + 1, end: close, next: next + 1 } : null;
	if (/["']/.test(rest)) return null;
	const start = next - rest.trimStart().length;
	return { start, end: start + rest.trim().length, next: next + 1 };
}

/** What a name may follow. A tab is none of it: URL parsers drop tabs, so that one may stand within a value. */
const DELIMITER = "\\n\\r\\v\\f \\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000\\ufeff,\"'";

/**
 * The values of what may be taken for the named attributes from a mistake (`brokenAt`) on. Players differ in how they go on
 * after one, so quotes are no shelter here, and a value begins wherever one of them could see it begin.
 */
export function findAttributes(line: string, from: number, names: readonly string[]): Attribute[] {
	if (from >= line.length) return [];
	const name = `(?<=^|[${DELIMITER}])\\t*(${names.join("|")})`;
	// The value is only looked at: a name may begin in what could be the value of another.
	const pattern = new RegExp(`${name}\\s*=\\s*["']?\\s*(?=([^${DELIMITER}]*))`, "dg");
	return Array.from(line.slice(from).matchAll(pattern), (match) => {
		const [start, end] = match.indices?.[2] ?? [match.index, match.index];
		return { name: match[1] ?? "", start: from + start, end: from + end };
	});
}
