import { readUpTo } from "../../../playback/limited-body.ts";
import type { Ports } from "../../../ports.ts";
import { isJsonObject, jsonOf } from "../../../token/json-object.ts";

const TIME_LIMIT_MS = 10_000;
const MOST_TOLD_BYTES = 4096;
/** Whatever Sora refuses, it refuses with this. */
const BAD_REQUEST = 400;

/**
 * Cuts a connection through Sora's API. One that Sora itself says it does not have any more is cut already; that nothing is at this address, or
 * that a proxy says so, means no such thing.
 *
 * @throws when it cannot be said to be cut, so that it is tried again
 */
export async function disconnect(
	{ fetch }: Pick<Ports, "fetch">,
	apiUrl: string,
	connection: { readonly channel_id: string; readonly connection_id: string; readonly reason: string },
): Promise<void> {
	const headers = { "Content-Type": "application/json", "x-sora-target": "Sora_20151104.DisconnectConnection" };
	const signal = AbortSignal.timeout(TIME_LIMIT_MS);
	const body = JSON.stringify(connection);
	const answer = await fetch(new Request(apiUrl, { method: "POST", headers, body, signal, redirect: "manual" }));
	if (answer.ok) return answer.body?.cancel();
	const told = await toldBy(answer);
	if (answer.status === BAD_REQUEST && saysGone(told)) return;
	throw new Error(`Sora's API answered ${answer.status}`);
}

/** What it says of a fault; nothing where it says more than that. */
async function toldBy(answer: Response): Promise<string> {
	const read = await readUpTo(answer, MOST_TOLD_BYTES);
	if (!read.allowed) return "";
	await read.value.rest?.cancel();
	return read.value.rest === null ? new TextDecoder().decode(read.value.bytes) : "";
}

/** Sora's name of the fault stands in `error_type`; its spelling is not documented for every version. */
const GONE = /(?:CONNECTION|CHANNEL)(?:[-_]ID)?[-_]NOT[-_]?FOUND|NO[-_]?SUCH[-_]?(?:CONNECTION|CHANNEL)/i;

function saysGone(told: string): boolean {
	const fault = jsonOf(told);
	return isJsonObject(fault) && GONE.test(String(fault["error_type"]));
}
