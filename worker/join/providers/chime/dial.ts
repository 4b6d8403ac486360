import type { Decision } from "../../../decision/decision.ts";
import type { Refusal } from "../../../decision/refusals.ts";
import type { Exchange } from "../../../exchange.ts";
import { dial, passedHeaders } from "../../dial.ts";
import { unavailable } from "../../provider-call.ts";
import { ownNetworkHeaders, readNetworkHeaders, APP_KEYS_HEADER, TENANTS_HEADER } from "./app-keys.ts";
import type { ChimeSession } from "./session-rules.ts";

/** What the SDK asks for beside the JoinToken, and what the answer must repeat (reference: rtc 3.3). */
export const SUBPROTOCOL = "_aws_wt_session";

/** The service does not take the JoinToken. */
const REFUSALS: ReadonlyMap<number, Refusal> = new Map(
	[401, 403].map((status) => [status, { reason: "chime-token-refused" }]),
);

/**
 * Connects to the signalling service as the client would, with its query and its JoinToken. The two headers of the network are the
 * gate's own where the record says `inject`; where it says `check` they are those that came, which the gate has judged.
 *
 * @param url of the service, `wss:` or `ws:`
 * @returns the connection, not accepted yet
 */
export async function dialService(
	exchange: Exchange,
	session: ChimeSession,
	{ url, joinToken }: { readonly url: string; readonly joinToken: string },
): Promise<Decision<WebSocket>> {
	const target = targetOf(url, exchange.search);
	if (!target) return unavailable("chime", "the session's signalling URL cannot be read");
	const headers = headersFor(exchange, session, joinToken);
	return dial(exchange.gate, { provider: "chime", url: target, headers, refusals: REFUSALS });
}

function targetOf(url: string, search: string): string | null {
	const target = URL.parse(url);
	if (!target) return null;
	target.search = [target.search, search]
		.map((part) => part.replace(/^\?/, ""))
		.filter((part) => part !== "")
		.join("&");
	return target.href;
}

function headersFor(
	{ headers: incoming }: Exchange,
	{ chime }: ChimeSession,
	joinToken: string,
): Readonly<Record<string, string>> {
	const tenancy = { appKey: chime.app_key, tenantIds: chime.tenant_ids };
	const network = chime.headers === "inject" ? ownNetworkHeaders(tenancy) : judgedHeaders(incoming);
	return {
		...passedHeaders(incoming, ["User-Agent"]),
		...Object.fromEntries(network),
		"Sec-WebSocket-Protocol": `${SUBPROTOCOL}, ${joinToken}`,
	};
}

function judgedHeaders(incoming: Headers): ReadonlyMap<string, string> {
	const { appKeys, tenants } = readNetworkHeaders(incoming);
	const passed = new Map<string, string>();
	if (appKeys !== null) passed.set(APP_KEYS_HEADER, appKeys);
	if (tenants !== null) passed.set(TENANTS_HEADER, tenants);
	return passed;
}
