import { isJsonObject } from "../../../token/json-object.ts";
import type { NamedClient } from "../../support/support.ts";

/** What a client of Sora says of itself. */
export interface SoraClient extends NamedClient {
	/** The browser's User-Agent, where it names it. */
	readonly environment: string | null;
}

const MOST_CHARACTERS = 512;
const textIn = (value: unknown): string | null =>
	typeof value === "string" && value !== "" ? value.slice(0, MOST_CHARACTERS) : null;

/** "Sora JavaScript SDK 2023.1.0", as it stands in a connect message. */
const NAMED = /^(.{1,64}?)\s+v?(\d[\w.+-]{0,63})/;

/**
 * Reads `sora_client` of a connect message (a text), or that of an authentication webhook (an object, whose members Sora makes from the text).
 *
 * @param environment member of the connect message
 */
export function readSoraClient(given: unknown, environment: unknown = null): SoraClient {
	if (!isJsonObject(given)) return { ...namedIn(textIn(given)), environment: textIn(environment) };
	const raw = namedIn(textIn(given["raw"]));
	return {
		sdk: textIn(given["type"]) ?? raw.sdk,
		version: textIn(given["version"]) ?? raw.version,
		environment: textIn(given["environment"]),
	};
}

function namedIn(text: string | null): NamedClient {
	const [, sdk = text, version = null] = NAMED.exec(text ?? "") ?? [];
	return { sdk, version };
}
