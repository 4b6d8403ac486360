import { type Decision, allow, refuse } from "../../../decision/decision.ts";
import type { Exchange } from "../../../exchange.ts";
import { parseJsonObject } from "../../../token/json-object.ts";
import { readBytes } from "../../request-body.ts";
import { guardValue } from "../../secret-guard.ts";

/** The JSON object that Sora has sent, whatever type it says that it has. */
export async function readWebhookBody(
	{ request }: Exchange,
	mostBytes: number,
): Promise<Decision<Readonly<Record<string, unknown>>>> {
	const read = await readBytes(request, mostBytes);
	return read.allowed ? readSoraObject(read.value) : read;
}

/** The same for what comes from a client: one meaning only, and no secret in it. */
export function readSoraObject(text: Uint8Array | string): Decision<Readonly<Record<string, unknown>>> {
	const decoded = typeof text === "string" ? text : decode(text);
	if (decoded === null) return bad("The message is not UTF-8.");
	const value = parseJsonObject(decoded);
	if (typeof value === "string") return bad(`The message ${value}.`);
	const guarded = guardValue(value);
	return guarded.allowed ? allow(value) : guarded;
}

function decode(bytes: Uint8Array): string | null {
	try {
		return new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(bytes);
	} catch {
		return null;
	}
}

const bad = (detail: string) => refuse({ reason: "bad-request", detail });
