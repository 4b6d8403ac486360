import type { Refusal } from "../../../../decision/refusals.ts";
import { decisionHeaders } from "../../../../decision/response.ts";
import { wireError } from "../../../../decision/wire.ts";
import { type Exchange, answerContext } from "../../../../exchange.ts";
import { logDecision } from "../../../../observe/decision-log.ts";

type Members = Readonly<Record<string, unknown>>;

/** Ends a call of the REST API with a refusal: `{code, message}`, which the platform's SDKs tell the developer, and the gate's reason. */
export function refusedAsVonage(exchange: Exchange, refusal: Refusal): Response {
	const { status, message, reason, retryAfterSeconds, allow } = wireError(refusal, "problem");
	logDecision(exchange, { refusal, status });
	const { decisionId } = exchange;
	const body = { code: status, message, reason, decision_id: decisionId };
	const headers: Record<string, string> = {
		...decisionHeaders(answerContext(exchange)),
		"Content-Type": wantsXml(exchange.headers) ? XML_TYPE : "application/json",
		"Playgate-Reason": reason,
	};
	if (retryAfterSeconds !== undefined) headers["Retry-After"] = String(retryAfterSeconds);
	if (allow) headers["Allow"] = allow.join(", ");
	if (status === 401) headers["WWW-Authenticate"] = 'Bearer realm="playgate"';
	const text = wantsXml(exchange.headers) ? xmlOf("error", body) : JSON.stringify(body);
	return new Response(exchange.method === "HEAD" ? null : text, { status, headers });
}

export const XML_TYPE = "text/xml; charset=utf-8";

/** XML is for who asks for it and not for JSON: the SDKs of PHP and Java of old. */
export function wantsXml(headers: Headers): boolean {
	const accept = headers.get("Accept") ?? "";
	return /\b(?:application|text)\/xml\b/i.test(accept) && !/\bapplication\/json\b/i.test(accept);
}

/** Created sessions as the platform tells them in XML. */
export function sessionsInXml(sessions: readonly Members[]): string {
	const elements = sessions.map((session) => elementOf("Session", membersOf(session)));
	return `${HEAD}${elementOf("sessions", elements.join(""))}`;
}

const HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>';
const xmlOf = (name: string, members: Members): string => HEAD + elementOf(name, membersOf(members));

const membersOf = (members: Members): string =>
	Object.entries(members)
		.filter(([name, value]) => /^[A-Za-z_][\w.-]*$/.test(name) && typeof value !== "object")
		.map(([name, value]) => elementOf(name, escaped(String(value))))
		.join("");

const elementOf = (name: string, content: string): string => `<${name}>${content}</${name}>`;

const escaped = (text: string): string =>
	text
		.replaceAll("&", "&amp;")
		.replaceAll("<", "&lt;")
		.replaceAll(">", "&gt;")
		.replaceAll(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, "?");
