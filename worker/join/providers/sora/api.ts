import { isJsonObject, jsonOf } from "../../../token/json-object.ts";
import { type Outside, askProvider, isGood } from "../../provider-call.ts";

/** Whatever Sora refuses, it refuses with this. */
const BAD_REQUEST = 400;

/**
 * Cuts a connection through Sora's API. One that Sora itself says it does not have any more is cut already; that nothing is at this address, or
 * that a proxy says so, means no such thing.
 *
 * @throws when it cannot be said to be cut, so that it is tried again
 */
export async function disconnect(
	outside: Outside,
	url: string,
	connection: { readonly channel_id: string; readonly connection_id: string; readonly reason: string },
): Promise<void> {
	const headers = { "Content-Type": "application/json", "x-sora-target": "Sora_20151104.DisconnectConnection" };
	const body = JSON.stringify(connection);
	const answer = await askProvider(outside, { provider: "sora", method: "POST", url, headers, body });
	if (!answer.allowed) throw new Error(`Sora's API did not answer: ${answer.refusal.reason}`);
	const { status, text } = answer.value;
	if (isGood({ status }) || (status === BAD_REQUEST && saysGone(text))) return;
	throw new Error(`Sora's API answered ${status}`);
}

/** Sora's name of the fault stands in `error_type`; its spelling is not documented for every version. */
const GONE = /(?:CONNECTION|CHANNEL)(?:[-_]ID)?[-_]NOT[-_]?FOUND|NO[-_]?SUCH[-_]?(?:CONNECTION|CHANNEL)/i;

function saysGone(told: string): boolean {
	const fault = jsonOf(told);
	return isJsonObject(fault) && GONE.test(String(fault["error_type"]));
}
