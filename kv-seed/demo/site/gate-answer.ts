/** What the gate said when it refused a request, for a person to read. */
export interface GateAnswer {
	readonly status: number;
	/** Header `Playgate-Reason`: stable, kebab-case. */
	readonly reason: string;
	/** Header `Playgate-Decision`, to be found again in the gate's log; empty when there is none. */
	readonly decision: string;
	readonly message: string;
}

/** What is read of an XMLHttpRequest that has ended. */
interface EndedRequest {
	readonly status: number;
	readonly response: unknown;
	getResponseHeader(name: string): string | null;
}

/** Reads a refusal from the request that met it; undefined when the answer is no refusal of the gate. */
export function answerOfRequest(request: EndedRequest): GateAnswer | undefined {
	const reason = request.getResponseHeader("Playgate-Reason");
	if (reason === null) return undefined;
	return {
		status: request.status,
		reason,
		decision: request.getResponseHeader("Playgate-Decision") ?? "",
		message: messageOfBody(textOf(request.response)),
	};
}

/** Asks a URL again, for players that hide the answer that they got (native HLS). */
export async function answerOfUrl(url: string): Promise<GateAnswer | undefined> {
	const response = await fetch(url);
	const reason = response.headers.get("Playgate-Reason");
	if (reason === null) return undefined;
	const decision = response.headers.get("Playgate-Decision") ?? "";
	return { status: response.status, reason, decision, message: messageOfBody(await response.text()) };
}

/** Manifests are asked for as text, keys and segments as bytes; a refusal is JSON in both. */
function textOf(body: unknown): string {
	if (typeof body === "string") return body;
	return body instanceof ArrayBuffer ? new TextDecoder().decode(body) : "";
}

/** The playback API answers with an array of one, the session API with `error`, the rest with a problem (RFC 9457). */
function messageOfBody(text: string): string {
	let body: unknown;
	try {
		body = JSON.parse(text);
	} catch {
		return "";
	}
	const first: unknown = Array.isArray(body) ? body[0] : body;
	const error = memberOf(first, "error") ?? first;
	const message = memberOf(error, "message") ?? memberOf(error, "detail") ?? memberOf(error, "title");
	return typeof message === "string" ? message : "";
}

function memberOf(value: unknown, name: string): unknown {
	return typeof value === "object" && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}
