/** The value of a JSON text; null where it is none, as for the text `null`. */
export function jsonOf(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch {
		return null;
	}
}

/**
 * Parses the text of a JSON object. Returns the rule that it breaks where it is not one, or where a member is repeated at
 * any depth: parsers differ in which of two equal names wins, so a token could mean two things (RFC 8725 section 2.4,
 * RFC 7519 section 4).
 */
export function parseJsonObject(text: string): Record<string, unknown> | string {
	let value: unknown;
	try {
		value = JSON.parse(text);
	} catch {
		return "is not JSON";
	}
	if (!isJsonObject(value)) {
		return "is not a JSON object";
	}
	return countNames(text) === countMembers(value) ? value : "repeats a member";
}

/** True for an object that came from JSON text, false for `null`, an array or a scalar. */
export function isJsonObject(value: unknown): value is Record<string, unknown> {
	return typeof value === "object" && value !== null && !Array.isArray(value);
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;

/** Names written in valid JSON text: each has exactly one colon outside strings, and a backslash is only ever inside one. */
function countNames(text: string): number {
	let names = 0;
	let inString = false;
	for (let index = 0; index < text.length; index += 1) {
		const code = text.charCodeAt(index);
		if (code === QUOTE) {
			inString = !inString;
		} else if (code === BACKSLASH) {
			index += 1;
		} else if (code === COLON && !inString) {
			names += 1;
		}
	}
	return names;
}

/** Members of the parsed value, where repeated names have become one. A list, not recursion: depth is the sender's choice. */
function countMembers(root: object): number {
	let members = 0;
	const pending: object[] = [root];
	for (let container = pending.pop(); container !== undefined; container = pending.pop()) {
		const children: readonly unknown[] = Object.values(container);
		members += Array.isArray(container) ? 0 : children.length;
		for (const child of children) {
			if (typeof child === "object" && child !== null) {
				pending.push(child);
			}
		}
	}
	return members;
}
