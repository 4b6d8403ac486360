import { type Decision, allow, refuse } from "../../../../decision/decision.ts";
import { type HeaderRecord, decisionHeaders, preflightResponse } from "../../../../decision/response.ts";
import { Exchange, answerContext } from "../../../../exchange.ts";
import { identifyHolder } from "../../../../playback/authorize.ts";
import { JOIN_AUDIENCES } from "../../../../token/audience.ts";
import { previewJoin } from "../../../join.ts";
import { stayOf } from "../../../stay.ts";
import { iceServers } from "../provider.ts";
import { type EndpointPath, ROLES, roleFor, tokenOf } from "./endpoint.ts";
import { iceServerLinks } from "./links.ts";
import { FRAGMENT, SDP, isFor } from "./media-server.ts";

/** Of an endpoint and its sessions: one client library looks for PATCH here to learn whether candidates can be sent later. */
export const METHODS = "OPTIONS, POST, PATCH, DELETE, GET, HEAD";

/**
 * What a client may do at an endpoint (RFC 9725 section 4.2), and the ICE servers for one that could join now: with a token, judged as a
 * join with nothing spent. Not for preflights, which carry no token.
 */
export async function endpointOptions(exchange: Exchange, path: EndpointPath): Promise<Response> {
	const links = await linksFor(exchange, path);
	const headers = optionsHeaders(exchange);
	headers.set("Accept-Post", SDP);
	for (const link of links.allowed ? links.value : []) headers.append("Link", link);
	return new Response(null, { headers });
}

/** Any answer to OPTIONS tells the media type (RFC 9725 section 4.2); a preflight gets the rest as everywhere. */
export function endpointPreflight(request: Request): Response {
	const { headers } = preflightResponse(request);
	return new Response(null, { headers: { ...Object.fromEntries(headers), "Accept-Post": SDP } });
}

export function sessionOptions(exchange: Exchange): Response {
	const headers = optionsHeaders(exchange);
	headers.set("Accept-Patch", FRAGMENT);
	return new Response(null, { headers });
}

function optionsHeaders(exchange: Exchange): Headers {
	const decision: HeaderRecord = decisionHeaders(answerContext(exchange));
	const headers = new Headers({ ...decision, Allow: METHODS, "Access-Control-Allow-Methods": METHODS });
	if (headers.has("Access-Control-Expose-Headers"))
		headers.append("Access-Control-Expose-Headers", "Access-Control-Allow-Methods");
	return headers;
}

async function linksFor(
	begun: Exchange,
	{ account, session, door }: EndpointPath,
): Promise<Decision<readonly string[]>> {
	const token = tokenOf(begun);
	if (!token.allowed) return token;
	// As a HEAD request, which spends nothing.
	const exchange = new Exchange(begun.gate, new Request(begun.request, { method: "HEAD" }), () => begun);
	const role = await roleFor(exchange, account, session, ROLES[door]);
	const wishes = { client: null, deviceId: null, name: null, role, isFor: isFor(door) };
	const judged = await previewJoin(exchange, { account, session, token: token.value, ...wishes });
	if (!judged.allowed) return judged;
	const identified = await identifyHolder(exchange, account, JOIN_AUDIENCES, token.value);
	if (!identified.allowed) return identified;
	const record = await exchange.gate.catalog.e2eeSession(identified.value.account, session, exchange.nowMs);
	if (!record) return refuse({ reason: "e2ee-session-not-found" });
	const { expiresAt } = stayOf(identified.value, record, exchange.nowMs, exchange.nowMs);
	const { tokenId } = identified.value.subject.subject;
	const ice = await iceServers(exchange, record, { id: `t_${tokenId.slice(0, 22)}`, expiresAt, provider: {} });
	return ice.allowed ? allow(iceServerLinks(ice.value.servers)) : ice;
}
