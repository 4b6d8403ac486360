import type { Video } from "../catalog/catalog.ts";
import { type Decision, allow, refuse } from "../decision/decision.ts";
import { decisionHeaders } from "../decision/response.ts";
import { logDecision } from "../observe/decision-log.ts";
import { judgeLimits } from "./admit.ts";
import type { Asker } from "./limit-ask.ts";
import { type Exchange, answerContext } from "../exchange.ts";
import { readUpTo } from "./limited-body.ts";
import { redirectHosts } from "./sources.ts";

/** Length of an AES-128 key (RFC 8216 section 5.1). */
export const KEY_BYTES = 16;
const SEALED_MARK = "~";

/**
 * Serves an AES-128 content key: a use for `maxu`. `name` is the last path segment of a key URI that the record holds, or `~` and the
 * sealed URI of one that it does not. The key is read first, so that nothing is spent on a key server that fails.
 */
export async function serveKey(
	exchange: Exchange,
	asker: Asker,
	name: string,
	sourceIndexes: readonly number[],
	intent: "start" | "renew",
): Promise<Decision<Response>> {
	const key = name.startsWith(SEALED_MARK)
		? await fetchKey(exchange, asker.video, name.slice(SEALED_MARK.length))
		: heldKey(exchange, asker.video, name, sourceIndexes);
	if (!key.allowed) return key;
	const admission = await judgeLimits(exchange, asker, { intent, use: true });
	if (!admission.allowed) return admission;
	const headers = decisionHeaders(answerContext(exchange));
	headers["Content-Type"] = "application/octet-stream";
	logDecision(exchange, { status: 200 });
	return allow(new Response(key.value, { headers }));
}

function heldKey(
	{ gate }: Exchange,
	video: Video,
	name: string,
	sourceIndexes: readonly number[],
): Decision<Uint8Array> {
	for (const index of sourceIndexes) {
		const source = video.record.sources[index];
		const key = source ? gate.catalog.contentKey(video, source, name) : null;
		if (key !== null) return allow(key);
	}
	return refuse({ reason: "resource-not-found" });
}

async function fetchKey({ gate }: Exchange, video: Video, sealed: string): Promise<Decision<Uint8Array>> {
	const url = gate.manifests.unseal(video, sealed);
	if (url === null) return refuse({ reason: "resource-not-found" });
	const response = await gate.sources.read({ url, redirectHosts: redirectHosts(video.record) });
	if (!response.allowed) return response;
	const body = await readUpTo(response.value, KEY_BYTES);
	if (!body.allowed) return body;
	const { bytes, rest } = body.value;
	if (rest === null && bytes.byteLength === KEY_BYTES) return allow(bytes);
	await rest?.cancel();
	return refuse({ reason: "source-unavailable", detail: `the key server did not answer with ${KEY_BYTES} bytes` });
}
