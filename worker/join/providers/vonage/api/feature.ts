import { type Decision, allow, refuse } from "../../../../decision/decision.ts";
import type { Exchange } from "../../../../exchange.ts";
import { parseJsonObject } from "../../../../token/json-object.ts";
import { tellSession } from "../../../tell-session.ts";
import { vonageSession } from "../vonage-account.ts";
import type { ApiCall } from "./call.ts";

/**
 * What decodes media on the platform's side is not for a session that only its participants can read. The API names a session in a body for
 * nothing else, so any such call for an encrypted one is refused, whatever it is called by.
 */
export async function judgeFeature(exchange: Exchange, { account, target, body }: ApiCall): Promise<Decision> {
	const { gate, nowMs, query } = exchange;
	if (target.does !== "feature" && target.does !== "other") return allow();
	const members = parseJsonObject(utf8.decode(body));
	const isObject = typeof members !== "string";
	if (target.does === "feature" && (!isObject || typeof members["sessionId"] !== "string")) {
		const what = isObject ? "its sessionId is not a text" : `it ${members}`;
		return refuse({ reason: "bad-request", detail: `The body must be a JSON object with sessionId: ${what}.` });
	}
	const named = [...query, ...(isObject ? Object.entries(members) : [])]
		.filter(([name]) => /^session_?id$/i.test(name))
		.map(([, value]) => value);
	for (const id of new Set([...named, target.session].flatMap(spellingsOf))) {
		const record = vonageSession(await gate.catalog.e2eeSessionByProvider(account, "vonage", id, nowMs));
		if (!record) continue;
		tellSession(exchange, record);
		return refuse({ reason: "vonage-feature-refused", feature: nameOf(target.name) });
	}
	return allow();
}

/** An id as it is written, and without what is of no id and a platform may overlook: blanks, padding. */
const spellingsOf = (id: unknown): readonly string[] =>
	typeof id === "string" ? [id, id.trim(), id.replaceAll(/[^\w~.-]/g, "")] : [];

const nameOf = (name: string | null): string => (name !== null && /^[\w-]{1,40}$/.test(name) ? name : "this call");

const utf8 = new TextDecoder("utf-8", { fatal: false, ignoreBOM: true });
