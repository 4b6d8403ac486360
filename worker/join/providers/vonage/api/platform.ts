import { type Decision, allow } from "../../../../decision/decision.ts";
import {
	type Outside,
	type ProviderAnswer,
	type ProviderAsk,
	askProvider,
	timeout,
	unavailable as unavailableOf,
} from "../../../provider-call.ts";

const PROVIDER = "vonage";
/** A back end waits for the platform as long as it would without the gate. */
const TIME_LIMIT_MS = 25_000;

/** One call of the platform, and its whole answer. */
export const askPlatform = (outside: Outside, ask: Omit<ProviderAsk, "provider">): Promise<Decision<ProviderAnswer>> =>
	askProvider(outside, { limitMs: TIME_LIMIT_MS, ...ask, provider: PROVIDER });

export interface PassedCall {
	readonly method: string;
	readonly url: string;
	readonly headers: Headers;
	readonly body: Uint8Array;
}

/** A call that is passed on. Any answer is one, its body not read yet; refused is what gave none within the time limit. */
export async function passToPlatform(
	{ sources, ports }: Outside,
	{ method, url, headers, body }: PassedCall,
): Promise<Decision<Response>> {
	if (!sources.reaches(new URL(url))) return unavailable("its address is not https");
	const limit = new AbortController();
	const timer = setTimeout(() => limit.abort(), TIME_LIMIT_MS);
	const isBare = method === "GET" || method === "HEAD" || body.length === 0;
	const carried = isBare ? {} : { body: body as BodyInit };
	try {
		const request = new Request(url, { method, headers, redirect: "manual", signal: limit.signal, ...carried });
		const answer = await ports.fetch(request);
		if (answer.status >= 200 && answer.status <= 599) return allow(answer);
		await answer.body?.cancel();
		return unavailable(`it answered ${answer.status}`); // which could not be handed on
	} catch {
		return limit.signal.aborted ? timeout(PROVIDER) : unavailable("it could not be reached");
	} finally {
		clearTimeout(timer);
	}
}

export const unavailable = (detail: string) => unavailableOf(PROVIDER, detail);
