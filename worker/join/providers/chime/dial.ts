import { type Decision, allow, refuse } from "../../../decision/decision.ts";
import type { Exchange } from "../../../exchange.ts";
import { ownNetworkHeaders, readNetworkHeaders, APP_KEYS_HEADER, TENANTS_HEADER } from "./app-keys.ts";
import type { ChimeSession } from "./session-rules.ts";

/** What the SDK asks for beside the JoinToken, and what the answer must repeat (reference: rtc 3.3). */
export const SUBPROTOCOL = "_aws_wt_session";

const TIME_LIMIT_MS = 10_000;

/**
 * Connects to the signalling service as the client would, with its query and its JoinToken. The two headers of the network are the
 * gate's own where the record says `inject`; where it says `check` they are those that came, which the gate has judged.
 *
 * @param url of the service, `wss:` or `ws:`
 * @returns the connection, not accepted yet
 */
export async function dial(
	exchange: Exchange,
	session: ChimeSession,
	{ url, joinToken }: { readonly url: string; readonly joinToken: string },
): Promise<Decision<WebSocket>> {
	const target = targetOf(url, exchange.search);
	if (!target) return failed("the session's signalling URL cannot be read");
	const limit = new AbortController();
	const timer = setTimeout(() => limit.abort(), TIME_LIMIT_MS);
	try {
		const headers = headersFor(exchange, session, joinToken);
		const response = await exchange.gate.ports.fetch(new Request(target, { headers, signal: limit.signal }));
		const { webSocket, status } = response;
		if (!webSocket) {
			await response.body?.cancel();
			return status === 401 || status === 403
				? refuse({ reason: "chime-token-refused" })
				: failed(`it answered ${status}`);
		}
		return allow(webSocket);
	} catch {
		return limit.signal.aborted
			? refuse({ reason: "provider-timeout", provider: "chime" })
			: failed("its signalling service could not be reached");
	} finally {
		clearTimeout(timer);
	}
}

/** A Worker opens WebSockets with fetch, which knows http URLs only. */
function targetOf(url: string, search: string): string | null {
	const target = URL.parse(url.replace(/^ws/, "http"));
	if (!target) return null;
	target.search = [target.search, search]
		.map((part) => part.replace(/^\?/, ""))
		.filter((part) => part !== "")
		.join("&");
	return target.href;
}

function headersFor(exchange: Exchange, { chime }: ChimeSession, joinToken: string): Headers {
	const headers = new Headers({ Upgrade: "websocket", "Sec-WebSocket-Protocol": `${SUBPROTOCOL}, ${joinToken}` });
	const userAgent = exchange.headers.get("User-Agent");
	if (userAgent !== null) headers.set("User-Agent", userAgent);
	const tenancy = { appKey: chime.app_key, tenantIds: chime.tenant_ids };
	const network = chime.headers === "inject" ? ownNetworkHeaders(tenancy) : passedHeaders(exchange.headers);
	for (const [name, value] of network) headers.set(name, value);
	return headers;
}

function passedHeaders(incoming: Headers): ReadonlyMap<string, string> {
	const { appKeys, tenants } = readNetworkHeaders(incoming);
	const passed = new Map<string, string>();
	if (appKeys !== null) passed.set(APP_KEYS_HEADER, appKeys);
	if (tenants !== null) passed.set(TENANTS_HEADER, tenants);
	return passed;
}

const failed = (detail: string) => refuse({ reason: "provider-unavailable", provider: "chime", detail });
