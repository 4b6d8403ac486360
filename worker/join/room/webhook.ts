import { createHmac } from "node:crypto";
import type { Ports } from "../../ports.ts";
import type { ErrandOutcome } from "./errands.ts";

/** Where a publisher wants to hear of joins. */
export interface JoinWebhook {
	readonly url: string;
	/** `whsec_` and base64 (Standard Webhooks). */
	readonly secret: string;
}

const TIMEOUT_MS = 10_000;
const GONE = 410;

/**
 * Sends one event (Standard Webhooks 1.0: `webhook-id`, `webhook-timestamp`, `webhook-signature`). 2xx is done; 410 says that the publisher
 * wants no more of it; a redirect is not followed, for the body is meant for the address that was given.
 */
export async function sendWebhook(
	{ fetch, now }: Pick<Ports, "fetch" | "now">,
	{ url, secret }: JoinWebhook,
	id: string,
	body: string,
): Promise<ErrandOutcome> {
	const timestamp = String(Math.floor(now() / 1000));
	const headers = {
		"Content-Type": "application/json",
		"User-Agent": "Playgate",
		"webhook-id": id,
		"webhook-timestamp": timestamp,
		"webhook-signature": `v1,${signature(secret, `${id}.${timestamp}.${body}`)}`,
	};
	const request = new Request(url, { method: "POST", headers, body, redirect: "manual" });
	const answer = await fetch(request, { signal: AbortSignal.timeout(TIMEOUT_MS) });
	await answer.body?.cancel();
	return answer.ok || answer.status === GONE ? "done" : "again";
}

function signature(secret: string, text: string): string {
	const key = Buffer.from(secret.replace(/^whsec_/, ""), "base64");
	return createHmac("sha256", key).update(text).digest("base64");
}
