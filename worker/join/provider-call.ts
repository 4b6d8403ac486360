import { type Decision, allow, refuse } from "../decision/decision.ts";
import type { Gate } from "../gate.ts";
import { readUpTo } from "../playback/limited-body.ts";

const TIME_LIMIT_MS = 10_000;
const MOST_ANSWER_BYTES = 65_536;
/** Others would make a GET of the request (RFC 9110 section 15.4, RFC 9725 section 4.7). */
const KEEPS_METHOD: ReadonlySet<number> = new Set([307, 308]);

/** What reaches outside. */
export type Outside = Pick<Gate, "sources"> & { readonly ports: Pick<Gate["ports"], "fetch"> };

export interface ProviderAsk {
	/** As refusals name it. */
	readonly provider: string;
	readonly method: string;
	readonly url: string;
	readonly headers: Headers | Readonly<Record<string, string>>;
	readonly body?: string;
	readonly limitMs?: number;
	readonly mostBytes?: number;
	/** How many redirects of 307 and 308 are followed, within the host; where none is, they are answers like others. */
	readonly redirects?: number;
}

export interface ProviderAnswer {
	/** Where it came from, after redirects. */
	readonly url: string;
	readonly status: number;
	readonly headers: Headers;
	readonly text: string;
}

/**
 * One request to a server that sessions run on, and its whole answer: at most 64 KiB, within ten seconds, unless the call says otherwise.
 * Whatever the status is, it is the caller's to judge; refusals never repeat what was answered.
 */
export async function askProvider(outside: Outside, ask: ProviderAsk): Promise<Decision<ProviderAnswer>> {
	const { provider, limitMs = TIME_LIMIT_MS } = ask;
	const limit = new AbortController();
	const timer = setTimeout(() => limit.abort(), limitMs);
	try {
		const answer = await send(outside, ask, limit.signal);
		return !answer.allowed && limit.signal.aborted ? timeout(provider) : answer;
	} catch {
		return limit.signal.aborted ? timeout(provider) : unavailable(provider, "it could not be reached");
	} finally {
		clearTimeout(timer);
	}
}

async function send({ sources, ports }: Outside, ask: ProviderAsk, signal: AbortSignal) {
	const { provider, method, url: first, headers, body, redirects = 0 } = ask;
	const carried = body === undefined ? {} : { body };
	let url = new URL(first);
	const { host } = url;
	for (let hop = 0; hop <= redirects; hop++) {
		if (!sources.reaches(url)) return unavailable(provider, "its address is not https");
		const request = new Request(url.href, { method, headers, redirect: "manual", signal, ...carried });
		const response = await ports.fetch(request);
		const isFollowed = redirects > 0 && KEEPS_METHOD.has(response.status);
		const location = isFollowed ? response.headers.get("Location") : null;
		if (location === null) return readAnswer(ask, url.href, response);
		await response.body?.cancel();
		const next = URL.parse(location, url.href);
		if (next?.host !== host) return unavailable(provider, "it redirects to another host");
		url = next;
	}
	return unavailable(provider, `it redirects more than ${redirects} times`);
}

async function readAnswer(
	{ provider, mostBytes = MOST_ANSWER_BYTES }: ProviderAsk,
	url: string,
	response: Response,
): Promise<Decision<ProviderAnswer>> {
	const read = await readUpTo(response, mostBytes);
	if (!read.allowed) return unavailable(provider, "it broke off in the middle of its answer");
	const { bytes, rest } = read.value;
	if (rest !== null) {
		await rest.cancel();
		return unavailable(provider, `its answer is larger than ${mostBytes} bytes`);
	}
	const { status, headers } = response;
	return allow({ url, status, headers, text: new TextDecoder().decode(bytes) });
}

/** Statuses that say that it was done (RFC 9110 section 15.3). */
export const isGood = ({ status }: Pick<ProviderAnswer, "status">): boolean => status >= 200 && status < 300;

export const unavailable = (provider: string, detail: string) =>
	refuse({ reason: "provider-unavailable", provider, detail });
export const timeout = (provider: string) => refuse({ reason: "provider-timeout", provider });
