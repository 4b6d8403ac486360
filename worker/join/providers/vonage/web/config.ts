import { type Exchange, jsonResponse } from "../../../../exchange.ts";
import { logDecision } from "../../../../observe/decision-log.ts";
import { isJsonObject, jsonOf } from "../../../../token/json-object.ts";
import { isGood } from "../../../provider-call.ts";
import { askPlatform } from "../api/platform.ts";
import type { VonageSession } from "../vonage-account.ts";
import { type ProxyTarget, isOnVonage } from "./paths.ts";

const CONFIG_URL = "https://config.opentok.com";
/** The client goes on without it, and must not wait for long. */
const TIME_LIMIT_MS = 3000;

/** The client's configuration, as the platform has it for the project; an empty one, which leaves all as it is, where it has none. */
export async function handleConfig(exchange: Exchange, session: VonageSession, { segments }: ProxyTarget) {
	const base = isOnVonage(session) ? CONFIG_URL : session.vonage.api_url;
	const url = `${base}/project/${encodeURIComponent(segments[1] ?? "")}/config.json`;
	const headers = new Headers({ Accept: "application/json" });
	const token = exchange.headers.get("X-TB-TOKEN-AUTH");
	if (token !== null) headers.set("X-TB-TOKEN-AUTH", token);
	const answer = await askPlatform(exchange.gate, { method: "GET", url, headers, limitMs: TIME_LIMIT_MS });
	logDecision(exchange, { status: 200, goesOn: true });
	if (!answer.allowed || !isGood(answer.value)) return jsonResponse(exchange, {});
	const config = jsonOf(answer.value.text);
	return jsonResponse(exchange, isJsonObject(config) ? config : {});
}
