import { type Decision, allow, refuse } from "../../../../decision/decision.ts";
import type { Gate } from "../../../../gate.ts";
import { readUpTo } from "../../../../playback/limited-body.ts";

const TIME_LIMIT_MS = 25_000;

export interface PlatformCall {
	readonly method: string;
	readonly url: string;
	readonly headers: Headers;
	readonly body: Uint8Array | string | null;
}

type Outside = Pick<Gate, "sources" | "ports">;

/** One call of the platform. Any answer is one, its body not read yet; refused is what gave none within the time limit. */
export function callPlatform(
	outside: Outside,
	call: PlatformCall,
	timeLimitMs = TIME_LIMIT_MS,
): Promise<Decision<Response>> {
	return limited(timeLimitMs, (signal) => send(outside, call, signal));
}

/** An answer, and its body as text. */
export interface WholeAnswer {
	readonly response: Response;
	readonly text: string;
}

/** The same, and its body, which must have come within the time limit as well. */
export function readPlatform(
	outside: Outside,
	call: PlatformCall,
	mostBytes: number,
	timeLimitMs = TIME_LIMIT_MS,
): Promise<Decision<WholeAnswer>> {
	return limited(timeLimitMs, async (signal) => {
		const answer = await send(outside, call, signal);
		if (!answer.allowed) return answer;
		const read = await readUpTo(answer.value, mostBytes);
		if (!read.allowed) return signal.aborted ? LATE : unavailable("its answer broke off");
		const { bytes, rest } = read.value;
		await rest?.cancel();
		if (rest !== null) return unavailable("its answer is too large");
		return allow({ response: answer.value, text: new TextDecoder().decode(bytes) });
	});
}

async function limited<T>(timeLimitMs: number, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
	const limit = new AbortController();
	const timer = setTimeout(() => limit.abort(), timeLimitMs);
	try {
		return await work(limit.signal);
	} finally {
		clearTimeout(timer);
	}
}

async function send(
	{ sources, ports }: Outside,
	{ method, url, headers, body }: PlatformCall,
	signal: AbortSignal,
): Promise<Decision<Response>> {
	if (!sources.reaches(new URL(url))) return unavailable("its address is not https");
	const isBare = method === "GET" || method === "HEAD" || body === null || body.length === 0;
	const carried = isBare ? {} : { body: body as BodyInit };
	try {
		const answer = await ports.fetch(new Request(url, { method, headers, redirect: "manual", signal, ...carried }));
		if (answer.status >= 200 && answer.status <= 599) return allow(answer);
		await answer.body?.cancel();
		return unavailable(`it answered ${answer.status}`); // which could not be handed on
	} catch {
		return signal.aborted ? LATE : unavailable("it could not be reached");
	}
}

export const unavailable = (detail: string) => refuse({ reason: "provider-unavailable", provider: "vonage", detail });
const LATE = refuse({ reason: "provider-timeout", provider: "vonage" });
