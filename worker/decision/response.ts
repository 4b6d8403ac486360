import type { Dialect, WireError } from "./wire.ts";

/** Headers that page script may read, on every answer. */
const EXPOSED_HEADERS = [
	"Playgate-Decision",
	"Playgate-Reason",
	"Content-Range",
	"Accept-Ranges",
	"ETag",
	"Date",
	"Retry-After",
	"WWW-Authenticate",
	"Location",
	"Link",
	"Accept-Post",
	"Accept-Patch",
].join(", ");

/** `decisionId` names the decision in the log; `origin` reads the request's Origin header, `allowedOrigins` the account's setting. */
export interface AnswerContext {
	readonly decisionId: string;
	readonly origin: () => string | null;
	readonly allowedOrigins: readonly string[];
	readonly method: string;
}

/** A plain object, not `Headers`: the runtime takes it in one step, where each `set` would be a step of its own. */
export type HeaderRecord = Record<string, string>;

/** Headers of every answer of the gate: its decision, no caching, CORS (design 2). */
export function decisionHeaders({ decisionId, origin, allowedOrigins }: AnswerContext): HeaderRecord {
	const headers: HeaderRecord = { "Playgate-Decision": decisionId, "Cache-Control": "no-store" };
	if (allowedOrigins.includes("*")) {
		headers["Access-Control-Allow-Origin"] = "*";
	} else {
		headers["Vary"] = "Origin";
		const asking = origin();
		if (asking === null || !allowedOrigins.includes(asking)) return headers;
		headers["Access-Control-Allow-Origin"] = asking;
		headers["Access-Control-Allow-Credentials"] = "true";
	}
	headers["Access-Control-Expose-Headers"] = EXPOSED_HEADERS;
	return headers;
}

/** A refusal as its clients parse it (reference: wire facts 4.4 and 6.3). */
export function refusalResponse(error: WireError, dialect: Dialect, context: AnswerContext): Response {
	const headers = refusalHeaders(error, context);
	if (dialect === "problem") headers["Content-Type"] = "application/problem+json";
	const body = context.method === "HEAD" ? null : JSON.stringify(bodyOf(error, dialect, context.decisionId));
	return new Response(body, { status: error.status, headers });
}

/** What native players look for in the body of a licence that is denied, by subcode (reference: wire facts 6.2). */
const LICENSE_ERRORS: ReadonlyMap<string, string> = new Map([
	["DENIED_BY_STREAM_LIMIT_CREATE", "Denied by stream limiting (create)"],
	["DENIED_BY_STREAM_LIMIT_RENEW", "Denied by stream limiting (renew)"],
	["DENIED_BY_DEVICE_LIMITING", "Denied by device limiting"],
]);

/**
 * Players of the Playback API read an array with one object, those of the stream sessions API an object. Licences are asked for by both
 * kinds of players: the object in the array has the member `error` beside those of the Playback API.
 */
function bodyOf(error: WireError, dialect: Dialect, decisionId: string): unknown {
	const { code, subcode, message, reason } = error;
	if (dialect === "problem") return problemOf(error, decisionId);
	if (dialect === "gsc") return { error: { code, sub_code: subcode, message, reason, decision_id: decisionId } };
	const legacy = dialect === "license" ? { error: LICENSE_ERRORS.get(subcode) ?? message } : {};
	return [{ ...legacy, ...errorObject({ code, subcode, message, reason }, decisionId) }];
}

/**
 * A problem (RFC 9457). Its type is where the documentation tells of the reason. What all problems have stands last, so that no data of
 * a refusal can pass for it.
 */
function problemOf({ status, reason, message, tells }: WireError, decisionId: string): Problem {
	const words = reason.replaceAll("-", " ").replace(/\b(?:e2ee|ip|sdp|ssai|url)\b/g, (name) => name.toUpperCase());
	const title = words.charAt(0).toUpperCase() + words.slice(1);
	const type = `/docs/reasons#${reason}`;
	return { ...tells, type, title, status, detail: message, reason, decision_id: decisionId };
}

interface Problem {
	readonly type: string;
	readonly title: string;
	readonly status: number;
	readonly detail: string;
	readonly reason: string;
	readonly decision_id: string;
}

/** One error of the Playback API: what a refusal is an array of, and what an answer names that leaves something out. */
export function errorObject(
	{ code, subcode, message, reason }: Pick<WireError, "code" | "subcode" | "message" | "reason">,
	decisionId: string,
): ApiError {
	return { error_code: code, error_subcode: subcode, message, reason, decision_id: decisionId };
}

export interface ApiError {
	readonly error_code: string;
	readonly error_subcode: string;
	readonly message: string;
	readonly reason: string;
	readonly decision_id: string;
}

function refusalHeaders(error: WireError, context: AnswerContext): HeaderRecord {
	const headers = decisionHeaders(context);
	headers["Content-Type"] = "application/json; charset=utf-8";
	headers["Playgate-Reason"] = error.reason;
	if (error.status === 401 || error.scope !== undefined) headers["WWW-Authenticate"] = challenge(error);
	if (error.retryAfterSeconds !== undefined) headers["Retry-After"] = String(error.retryAfterSeconds);
	if (error.allow) headers["Allow"] = error.allow.join(", ");
	return headers;
}

/** RFC 6750 section 3: no error is named when the request carried no credential at all. */
function challenge(error: WireError): string {
	const realm = 'Bearer realm="playgate"';
	if (error.reason === "token-required" || error.reason === "credentials-required") return realm;
	if (error.scope !== undefined) return `${realm}, error="insufficient_scope", scope="${error.scope}"`;
	const description = error.message.replaceAll(/[^\x20-\x7e]|["\\]/g, "'");
	return `${realm}, error="invalid_token", error_description="${description}"`;
}

/** CORS answers every OPTIONS without a token: a preflight carries none. One day is the longest that browsers honour. */
export function preflightResponse(request: Request): Response {
	const origin = request.headers.get("Origin");
	const headers: HeaderRecord = {
		"Access-Control-Allow-Origin": origin ?? "*",
		"Access-Control-Allow-Methods": "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS",
		"Access-Control-Allow-Headers":
			request.headers.get("Access-Control-Request-Headers") ??
			"Authorization, BCOV-Auth, BCOV-Device-Id, BCOV-Policy, Content-Type, Range, If-None-Match, If-Modified-Since",
		"Access-Control-Max-Age": "86400",
		Vary: "Origin, Access-Control-Request-Headers",
		Allow: "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS",
	};
	if (origin !== null) headers["Access-Control-Allow-Credentials"] = "true";
	return new Response(null, { status: 204, headers });
}
