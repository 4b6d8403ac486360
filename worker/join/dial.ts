import type { ProviderName } from "../catalog/e2ee-session-record.ts";
import { type Decision, allow, refuse } from "../decision/decision.ts";
import type { Refusal } from "../decision/refusals.ts";
import type { Gate } from "../gate.ts";
import { timeout, unavailable } from "./provider-call.ts";

const TIME_LIMIT_MS = 10_000;

export interface DialAsk {
	readonly provider: ProviderName;
	/** `wss:` or `ws:`, or the same as `https:` or `http:`. */
	readonly url: string;
	/** Beside those of the upgrade. */
	readonly headers: Readonly<Record<string, string>>;
	/** Aborts the attempt. */
	readonly call?: AbortController;
	readonly limitMs?: number | undefined;
	/** What a status means that opens nothing; others are `provider-unavailable`. */
	readonly refusals?: ReadonlyMap<number, Refusal>;
}

/** Opens a WebSocket to a provider's signalling: not accepted yet. A redirect is not followed: it could lead anywhere. */
export async function dial({ ports }: Pick<Gate, "ports">, ask: DialAsk): Promise<Decision<WebSocket>> {
	const { provider, url, headers, call = new AbortController(), limitMs = TIME_LIMIT_MS, refusals } = ask;
	const timer = setTimeout(() => call.abort(), limitMs);
	try {
		// A Worker opens WebSockets with fetch, which knows http URLs only.
		const request = new Request(url.replace(/^ws/, "http"), {
			headers: { ...headers, Upgrade: "websocket" },
			redirect: "manual",
			signal: call.signal,
		});
		const { webSocket, status, body } = await ports.fetch(request);
		if (webSocket) return allow(webSocket);
		await body?.cancel();
		const refusal = refusals?.get(status);
		return refusal ? refuse(refusal) : unavailable(provider, `its signalling answered ${status}`);
	} catch {
		return call.signal.aborted ? timeout(provider) : unavailable(provider, "its signalling could not be reached");
	} finally {
		clearTimeout(timer);
	}
}

/** Headers of the client that a provider shall have as well, where they were sent. */
export function passedHeaders(incoming: Headers, names: readonly string[]): Readonly<Record<string, string>> {
	return Object.fromEntries(
		names.flatMap((name) => {
			const value = incoming.get(name);
			return value === null ? [] : [[name, value]];
		}),
	);
}
