import { findAttributes, readAttributes } from "./attributes.ts";
import { hasVariable, TOKEN_PARAMETERS, type Variables } from "./variables.ts";

/**
 * Learns what an EXT-X-DEFINE defines (RFC 8216bis 4.4.2.3). A variable that could take the value of a token from the player's URL is
 * made empty instead: the answer is then the tag to send in its place, else null.
 */
export function readDefine(
	line: string,
	from: number,
	variables: Variables,
	imports: ReadonlyMap<string, string> | undefined,
): string | null {
	const { attributes, brokenAt } = readAttributes(line, from);
	// Looked for in every way that a player might read it: one tag that slips through hands the token to the source.
	for (const { name, start, end } of [...attributes, ...findAttributes(line, brokenAt, ["QUERYPARAM"])]) {
		const parameter = variables.expand(line.slice(start, end));
		if (name !== "QUERYPARAM" || !mayNameToken(parameter)) continue;
		variables.define(parameter, "");
		return `#EXT-X-DEFINE:NAME="${line.slice(start, end)}",VALUE=""`;
	}
	const found = new Map(attributes.map(({ name, start, end }) => [name, line.slice(start, end)]));
	const valueOf = (name: string): string => variables.expand(found.get(name) ?? "");
	if (found.has("QUERYPARAM")) variables.define(valueOf("QUERYPARAM"), null);
	else if (found.has("NAME")) variables.define(valueOf("NAME"), valueOf("VALUE"));
	else if (found.has("IMPORT")) importVariable(valueOf("IMPORT"), variables, imports);
	return null;
}

function importVariable(name: string, variables: Variables, imports: ReadonlyMap<string, string> | undefined): void {
	// What the multivariant playlist did not give a value has one that only the player knows.
	variables.define(name, imports?.get(name) ?? null);
}

function mayNameToken(parameter: string): boolean {
	return hasVariable(parameter) || TOKEN_PARAMETERS.has(decoded(parameter).trim().toLowerCase());
}

function decoded(text: string): string {
	try {
		return decodeURIComponent(text);
	} catch {
		return text;
	}
}
