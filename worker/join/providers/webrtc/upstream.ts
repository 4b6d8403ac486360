import { type Decision, allow, refuse } from "../../../decision/decision.ts";
import type { Gate } from "../../../gate.ts";
import { readUpTo } from "../../../playback/limited-body.ts";

const TIME_LIMIT_MS = 10_000;
const MOST_ANSWER_BYTES = 65_536;
const MOST_REDIRECTS = 3;
/** Others would make a GET of the request (RFC 9110 section 15.4, RFC 9725 section 4.7). */
const KEEPS_METHOD: ReadonlySet<number> = new Set([307, 308]);

export interface UpstreamAsk {
	/** As refusals name it: `webrtc` or `turn`. */
	readonly provider: string;
	readonly method: "POST" | "PATCH" | "DELETE";
	readonly url: string;
	readonly headers: Readonly<Record<string, string>>;
	readonly body?: string;
}

export interface UpstreamAnswer {
	/** Where it came from, after redirects. */
	readonly url: string;
	readonly status: number;
	readonly headers: Headers;
	readonly text: string;
}

/**
 * One request to what stands behind the gate, and its whole answer: at most 64 KiB, within ten seconds, redirects of 307 and 308 followed
 * to the same host only. Whatever the status is, it is the caller's to judge; refusals never repeat what was answered.
 */
export async function askUpstream(
	gate: Pick<Gate, "sources" | "ports">,
	ask: UpstreamAsk,
): Promise<Decision<UpstreamAnswer>> {
	const limit = new AbortController();
	const timer = setTimeout(() => limit.abort(new DOMException("", "TimeoutError")), TIME_LIMIT_MS);
	const timeout = refuse({ reason: "provider-timeout", provider: ask.provider });
	try {
		const answer = await send(gate, ask, limit.signal);
		return !answer.allowed && limit.signal.aborted ? timeout : answer;
	} catch {
		return limit.signal.aborted ? timeout : unavailable(ask.provider, "the connection failed");
	} finally {
		clearTimeout(timer);
	}
}

async function send(
	{ sources, ports }: Pick<Gate, "sources" | "ports">,
	{ provider, method, url: first, headers, body }: UpstreamAsk,
	signal: AbortSignal,
): Promise<Decision<UpstreamAnswer>> {
	let url = new URL(first);
	const { host } = url;
	for (let hop = 0; hop <= MOST_REDIRECTS; hop++) {
		if (!sources.reaches(url)) return unavailable(provider, "its address is not https");
		const request = new Request(url.href, {
			method,
			headers,
			redirect: "manual",
			signal,
			...(body === undefined ? {} : { body }),
		});
		const response = await ports.fetch(request);
		const location = KEEPS_METHOD.has(response.status) ? response.headers.get("Location") : null;
		if (location === null) return readAnswer(provider, url.href, response);
		await response.body?.cancel();
		const next = URL.parse(location, url.href);
		if (next?.host !== host) return unavailable(provider, "it redirects to another host");
		url = next;
	}
	return unavailable(provider, `it redirects more than ${MOST_REDIRECTS} times`);
}

async function readAnswer(provider: string, url: string, response: Response): Promise<Decision<UpstreamAnswer>> {
	const read = await readUpTo(response, MOST_ANSWER_BYTES);
	if (!read.allowed) return unavailable(provider, "it broke off in the middle of its answer");
	const { bytes, rest } = read.value;
	if (rest !== null) {
		await rest.cancel();
		return unavailable(provider, `its answer is larger than ${MOST_ANSWER_BYTES} bytes`);
	}
	const { status, headers } = response;
	return allow({ url, status, headers, text: new TextDecoder().decode(bytes) });
}

export const unavailable = (provider: string, detail: string) =>
	refuse({ reason: "provider-unavailable", provider, detail });
