import { type Decision, allow, refuse } from "../../../../decision/decision.ts";
import type { Gate } from "../../../../gate.ts";

const TIME_LIMIT_MS = 25_000;

export interface PlatformCall {
	readonly method: string;
	readonly url: string;
	readonly headers: Headers;
	readonly body: Uint8Array | string | null;
}

/** One call of the platform. Any answer is one, its body not read yet; refused is what gave none within the time limit. */
export async function callPlatform(
	{ sources, ports }: Pick<Gate, "sources" | "ports">,
	{ method, url, headers, body }: PlatformCall,
	timeLimitMs = TIME_LIMIT_MS,
): Promise<Decision<Response>> {
	if (!sources.reaches(new URL(url))) return unavailable("its address is not https");
	const limit = new AbortController();
	const timer = setTimeout(() => limit.abort(), timeLimitMs);
	const isBare = method === "GET" || method === "HEAD" || body === null || body.length === 0;
	const carried = isBare ? {} : { body: body as BodyInit };
	try {
		return allow(
			await ports.fetch(new Request(url, { method, headers, redirect: "manual", signal: limit.signal, ...carried })),
		);
	} catch {
		return limit.signal.aborted
			? refuse({ reason: "provider-timeout", provider: "vonage" })
			: unavailable("it could not be reached");
	} finally {
		clearTimeout(timer);
	}
}

export const unavailable = (detail: string) => refuse({ reason: "provider-unavailable", provider: "vonage", detail });
