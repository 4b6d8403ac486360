import type { Context, Hono } from "hono";
import { ID_PATTERN } from "../../../../catalog/video-schema.ts";
import type { Decision } from "../../../../decision/decision.ts";
import { decisionHeaders, preflightResponse } from "../../../../decision/response.ts";
import { type Exchange, answerContext, refused } from "../../../../exchange.ts";
import { ended } from "../../../handlers.ts";
import { type EndpointPath, offerWithTicket, offerWithToken } from "./endpoint.ts";
import { type Door, SDP } from "./media-server.ts";
import { METHODS, endpointOptions, endpointPreflight, sessionOptions } from "./options.ts";
import { end, lookAt, patch } from "./session.ts";

type Begin = (c: Context) => Exchange;

const DOORS: readonly Door[] = ["whip", "whep"];

/** The gate in front of WHIP (RFC 9725) and WHEP endpoints: the endpoint of a session, and what its answers name as their session. */
export function whipRoutes(app: Hono, exchange: Begin): void {
	for (const door of DOORS) {
		const endpoint = `/join/v1/accounts/:account/sessions/:session/${door}`;
		app.post(endpoint, (c) => onEndpoint(exchange(c), c, door, offer));
		app.options(endpoint, (c) =>
			isPreflight(c) ? endpointPreflight(c.req.raw) : onEndpoint(exchange(c), c, door, endpointOptions),
		);
		app.get(endpoint, (c) => reserved(exchange(c), door));
		const session = `/join/v1/${door}/:ticket`;
		const withTicket = (handle: Handle) => async (c: Context) => {
			const begun = exchange(c);
			return ended(begun, await handle(begun, c.req.param("ticket") ?? "", door));
		};
		app.post(session, withTicket(offerWithTicket));
		app.patch(session, withTicket(patch));
		app.delete(session, withTicket(end));
		app.get(session, withTicket(lookAt));
		app.options(session, (c) => (isPreflight(c) ? preflightResponse(c.req.raw) : sessionOptions(exchange(c))));
		app.on(["PUT", "PATCH", "DELETE"], endpoint, (c) => wrongMethod(exchange(c), ENDPOINT));
		app.on(["PUT"], session, (c) => wrongMethod(exchange(c), METHODS.split(", ")));
	}
}

type Handle = (exchange: Exchange, ticket: string, door: Door) => Promise<Decision<Response>>;

async function offer(exchange: Exchange, path: EndpointPath): Promise<Response> {
	return ended(exchange, await offerWithToken(exchange, path));
}

/** Ids that cannot be ids are refused before anything is looked up by them. */
function onEndpoint(
	exchange: Exchange,
	c: Context,
	door: Door,
	handle: (exchange: Exchange, path: EndpointPath) => Promise<Response>,
): Promise<Response> | Response {
	const account = c.req.param("account") ?? "";
	const session = c.req.param("session") ?? "";
	if (ID_PATTERN.test(account) && ID_PATTERN.test(session)) return handle(exchange, { account, session, door });
	return refused(exchange, { reason: "e2ee-session-not-found" }, "problem");
}

/** A preflight asks for another method. */
const isPreflight = (c: Context): boolean => c.req.header("Access-Control-Request-Method") !== undefined;

/** Kept for later versions of the protocols, which may not take it for a mistake (RFC 9725 section 4.2; WHEP tells its type). */
function reserved(exchange: Exchange, door: Door): Response {
	const headers = decisionHeaders(answerContext(exchange));
	if (door === "whip" || exchange.method !== "HEAD") return new Response(null, { status: 204, headers });
	return new Response(null, { headers: { ...headers, "Content-Type": SDP } });
}

const ENDPOINT: readonly string[] = ["OPTIONS", "POST", "GET", "HEAD"];

function wrongMethod(exchange: Exchange, allowed: readonly string[]): Response {
	return refused(exchange, { reason: "method-not-allowed", allowed }, "problem");
}
