import type { Refusal } from "./refusals.ts";
import { type Dialect, type WireError, wireError } from "./wire.ts";

/** Headers that page script may read, on every answer. */
const EXPOSED_HEADERS = [
	"Playgate-Decision",
	"Playgate-Reason",
	"Content-Length",
	"Content-Range",
	"Accept-Ranges",
	"ETag",
	"Date",
	"Retry-After",
	"WWW-Authenticate",
	"Location",
].join(", ");

/** `decisionId` names the decision in the log; `origin` is the request's Origin header, `allowedOrigins` the account's setting. */
export interface AnswerContext {
	readonly decisionId: string;
	readonly origin: string | null;
	readonly allowedOrigins: readonly string[];
	readonly method: string;
}

/** Headers of every answer of the gate: its decision, no caching, CORS (design 2). */
export function decisionHeaders(context: AnswerContext): Headers {
	const headers = new Headers({ "Playgate-Decision": context.decisionId, "Cache-Control": "no-store" });
	setCors(headers, context);
	return headers;
}

function setCors(headers: Headers, { origin, allowedOrigins }: AnswerContext): void {
	if (allowedOrigins.includes("*")) {
		headers.set("Access-Control-Allow-Origin", "*");
	} else {
		headers.set("Vary", "Origin");
		if (origin === null || !allowedOrigins.includes(origin)) return;
		headers.set("Access-Control-Allow-Origin", origin);
		headers.set("Access-Control-Allow-Credentials", "true");
	}
	headers.set("Access-Control-Expose-Headers", EXPOSED_HEADERS);
}

/** A refusal as Brightcove's players parse it: a JSON array with one object (reference: wire facts 4.4). */
export function refusalResponse(refusal: Refusal, dialect: Dialect, context: AnswerContext): Response {
	const error = wireError(refusal, dialect);
	const headers = refusalHeaders(error, context);
	const body = [
		{
			error_code: error.code,
			error_subcode: error.subcode,
			message: error.message,
			reason: error.reason,
			decision_id: context.decisionId,
		},
	];
	return new Response(context.method === "HEAD" ? null : JSON.stringify(body), { status: error.status, headers });
}

function refusalHeaders(error: WireError, context: AnswerContext): Headers {
	const headers = decisionHeaders(context);
	headers.set("Content-Type", "application/json; charset=utf-8");
	headers.set("Playgate-Reason", error.reason);
	if (error.status === 401) headers.set("WWW-Authenticate", challenge(error));
	if (error.retryAfterSeconds !== undefined) headers.set("Retry-After", String(error.retryAfterSeconds));
	if (error.allow) headers.set("Allow", error.allow.join(", "));
	return headers;
}

/** RFC 6750 section 3: no error is named when the request carried no credential at all. */
function challenge(error: WireError): string {
	const realm = 'Bearer realm="playgate"';
	if (error.reason === "token-required" || error.reason === "credentials-required") return realm;
	const description = error.message.replaceAll(/[^\x20-\x7e]|["\\]/g, "'");
	return `${realm}, error="invalid_token", error_description="${description}"`;
}

/** CORS answers every OPTIONS without a token: a preflight carries none. One day is the longest that browsers honour. */
export function preflightResponse(request: Request): Response {
	const origin = request.headers.get("Origin");
	const headers = new Headers({
		"Access-Control-Allow-Origin": origin ?? "*",
		"Access-Control-Allow-Methods": "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS",
		"Access-Control-Allow-Headers":
			request.headers.get("Access-Control-Request-Headers") ??
			"Authorization, BCOV-Auth, BCOV-Device-Id, BCOV-Policy, Content-Type, Range, If-None-Match, If-Modified-Since",
		"Access-Control-Max-Age": "86400",
		Vary: "Origin, Access-Control-Request-Headers",
		Allow: "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS",
	});
	if (origin !== null) headers.set("Access-Control-Allow-Credentials", "true");
	return new Response(null, { status: 204, headers });
}
