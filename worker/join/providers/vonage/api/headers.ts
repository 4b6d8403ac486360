/** Of one connection, and not of what it carries (RFC 9110 section 7.6.1). */
const HOP_BY_HOP = [
	"connection",
	"keep-alive",
	"proxy-authenticate",
	"proxy-authorization",
	"proxy-connection",
	"te",
	"trailer",
	"transfer-encoding",
	"upgrade",
];

/** What the runtime sets by itself, what tells of the caller's network, credentials for whomever, and a method that was not judged. */
const NOT_SENT: ReadonlySet<string> = new Set([
	...HOP_BY_HOP,
	"host",
	"content-length",
	"accept-encoding",
	"cookie",
	"authorization",
	"x-opentok-auth",
	"x-tb-partner-auth",
	"x-tb-token-auth",
	"bcov-auth",
	"x-real-ip",
	"x-client-ip",
	"x-client-geo",
	"true-client-ip",
	"forwarded",
	"via",
	"x-http-method",
	"x-http-method-override",
	"x-method-override",
]);
const NOT_SENT_PREFIXES = ["cf-", "x-forwarded-", "sec-websocket-"];

/** A body is decoded when it is read, and framed anew. */
const NOT_ANSWERED: ReadonlySet<string> = new Set([...HOP_BY_HOP, "content-length", "content-encoding", "set-cookie"]);

/** Headers of a call as the platform shall get them. */
export function sentHeaders(incoming: Headers, own: Readonly<Record<string, string>>): Headers {
	const headers = new Headers();
	for (const [name, value] of incoming) {
		if (NOT_SENT.has(name) || NOT_SENT_PREFIXES.some((prefix) => name.startsWith(prefix))) continue;
		headers.set(name, value);
	}
	for (const [name, value] of Object.entries(own)) headers.set(name, value);
	return headers;
}

/** Headers of the platform's answer as the caller shall get them. */
export function answeredHeaders(outgoing: Headers, own: Readonly<Record<string, string>>): Headers {
	const headers = new Headers(own);
	for (const [name, value] of outgoing) if (!NOT_ANSWERED.has(name)) headers.set(name, value);
	return headers;
}
