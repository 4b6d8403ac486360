import { preflightResponse, decisionHeaders } from "../../../../decision/response.ts";
import { type Exchange, answerContext, refused } from "../../../../exchange.ts";
import { logDecision } from "../../../../observe/decision-log.ts";
import { presentTicket } from "../../../participants.ts";
import { isUpgrade } from "../../../sockets.ts";
import { type VonageSession, vonageSession } from "../vonage-account.ts";
import { handleConfig } from "./config.ts";
import { handleMessaging } from "./messaging.ts";
import { type ProxyTarget, isPlatformHost, readProxyPath } from "./paths.ts";
import { handleSessionInfo } from "./session-info.ts";

/**
 * Everything that the web client asks for when its proxy is the gate (`OT.setProxyUrl`): configuration, a session's particulars, messaging,
 * and what it wants to be logged. Each ends here or at the session's platform, and nowhere else.
 */
export async function handleProxied(exchange: Exchange, first: string): Promise<Response> {
	if (exchange.method === "OPTIONS") return preflightResponse(exchange.request);
	const target = readProxyPath(exchange.path, first, new URL(exchange.url).host);
	if (!target) return refused(exchange, { reason: "resource-not-found" }, "problem");
	const { ticket } = target;
	if (isUpgrade(exchange.headers)) return handleMessaging(exchange, target);
	if (isLogging(target)) return swallow(exchange);
	const [what, id, last] = target.segments;
	if (what === "session" && id !== undefined && last === undefined && exchange.method === "GET")
		return handleSessionInfo(exchange, ticket, { ...target, sessionId: id });
	return other(exchange, ticket, target);
}

async function other(exchange: Exchange, ticket: string, target: ProxyTarget): Promise<Response> {
	const presented = await presentTicket(exchange, ticket);
	if (!presented.allowed) return refused(exchange, presented.refusal, "problem");
	const session = vonageSession(presented.value.record);
	if (!session) return refused(exchange, { reason: "ticket-invalid" }, "problem");
	if (!isPlatformHost(target.host, session)) return refused(exchange, { reason: "vonage-host-refused" }, "problem");
	const [what, id, file] = target.segments;
	const reads = exchange.method === "GET" || exchange.method === "HEAD";
	if (reads && what === "project" && file === "config.json" && isProjectOf(session, id ?? ""))
		return handleConfig(exchange, session, target);
	if (reads && target.host === STATIC_HOST) return toStatic(exchange, target);
	if (what === "session" && exchange.method !== "GET")
		return refused(exchange, { reason: "method-not-allowed", allowed: ["GET", "OPTIONS"] }, "problem");
	return refused(exchange, { reason: "resource-not-found" }, "problem");
}

const isProjectOf = ({ vonage: { api_key: key, application_id: id } }: VonageSession, named: string): boolean =>
	named === key || named.toLowerCase() === id?.toLowerCase();

/** Style sheets and the like, which are public. */
const STATIC_HOST = "static.opentok.com";

function toStatic(exchange: Exchange, { path }: ProxyTarget): Response {
	logDecision(exchange, { status: 307, goesOn: true });
	const headers = { ...decisionHeaders(answerContext(exchange)), Location: `https://${STATIC_HOST}${path}` };
	return new Response(null, { status: 307, headers });
}

const isLogging = ({ segments }: ProxyTarget): boolean => segments.includes("logging");

/** What the client tells of itself (addresses, pages, times) goes nowhere. */
async function swallow(exchange: Exchange): Promise<Response> {
	await exchange.request.body?.cancel();
	const headers = { ...decisionHeaders(answerContext(exchange)), "Content-Type": "text/plain" };
	return new Response(exchange.method === "HEAD" ? null : "OK", { headers });
}
