import type { Source } from "../catalog/video-schema.ts";
import { type Decision, refuse } from "../decision/decision.ts";
import { type HeaderRecord, decisionHeaders } from "../decision/response.ts";
import type { Admission } from "../limits/contract.ts";
import { logDecision } from "../observe/decision-log.ts";
import { judgeLimits } from "./admit.ts";
import { type Asker, deviceOf, homeOf, userAgentPrint } from "./limit-ask.ts";
import { deviceCookie } from "./client.ts";
import { deliveryOf, lastingConfigId } from "./delivery.ts";
import { type Exchange, answerContext } from "../exchange.ts";
import type { Manifest } from "./manifest.ts";
import { isHlsSource } from "./sources.ts";

/**
 * Serves a source's own playlist to a viewer who passed everything but the limits. The playlist is read first, so that nothing is
 * spent on a source that fails; then the session starts and the playlist is filled with its grant.
 */
export async function serveMaster(exchange: Exchange, asker: Asker, sourceIndex: number): Promise<Decision<Response>> {
	const source = asker.video.record.sources[sourceIndex];
	if (!source) return refuse({ reason: "resource-not-found" });
	const manifest = await readMaster(exchange, asker, source);
	return manifest.allowed ? startWith(exchange, asker, sourceIndex, source, manifest.value) : manifest;
}

/** The source's own manifest (or the one at another address that stands for it), as it is served wherever playback starts. */
export async function readMaster(
	exchange: Exchange,
	asker: Asker,
	source: Source,
	address = source.src,
): Promise<Decision<Manifest>> {
	const delivery = await deliveryOf(exchange, asker);
	if (!delivery.allowed) return delivery;
	const url = withDirectives(address, exchange);
	return exchange.gate.manifests.read({
		video: asker.video,
		source,
		url,
		servedBelow: null,
		delivery: delivery.value,
	});
}

/** The second half of `serveMaster`, for a manifest that was read already. */
export async function startWith(
	exchange: Exchange,
	asker: Asker,
	sourceIndex: number,
	source: Source,
	manifest: Manifest,
): Promise<Decision<Response>> {
	const polled = manifest.live && manifest.kind !== "multivariant";
	const intent = intentOf(polled, asker);
	const admission = await judgeLimits(exchange, asker, { intent, use: countsUse(source), polled });
	if (!admission.allowed) return admission;
	const grant = signGrant(exchange, asker, sourceIndex, admission.value);
	const path = `/g/${grant}/`;
	const base = isHlsSource(source) ? path : new URL(exchange.url).origin + path; // see `DashTemplate.parts`
	const headers = decisionHeaders(answerContext(exchange));
	headers["Content-Type"] = manifest.contentType;
	rememberDevice(exchange, asker, headers);
	logDecision(exchange, { status: 200 });
	return { allowed: true, value: new Response(manifest.body(base), { headers }) };
}

/**
 * See `AdmitRequest.intent`. Under the grant of a session its playlist is a renewal like everything else, or one that was ended could start
 * again without a token. A live MPD, or a live media playlist without a multivariant one, is loaded again and again.
 */
function intentOf(polled: boolean, asker: Asker): "start" | "renew" | "reload" {
	if (asker.subject.subject.grant?.started) return "renew";
	return polled ? "reload" : "start";
}

/** `maxu` counts licences and keys; for content that has neither, requests for the multivariant manifest (design 4). */
const countsUse = (source: Source): boolean => source.protection === "";

/** Low-latency and steering directives are for the source (RFC 8216bis section 6.2.5). */
function withDirectives(src: string, exchange: Exchange): string {
	if (!exchange.search.includes("_HLS_")) return src;
	const directives = new URLSearchParams([...exchange.query].filter(([name]) => name.startsWith("_HLS_")));
	return `${src}${src.includes("?") ? "&" : "?"}${directives.toString()}`;
}

/** The grant for what follows; `admission` is null for a link under which no session has started yet. */
export function signGrant(exchange: Exchange, asker: Asker, source: number, admission: Admission | null): string {
	const { subject, expiresAt } = asker.subject;
	const session = admission?.session ?? null;
	const started = admission !== null;
	const keepsDevice = started && (subject.claims.dlimit !== undefined || subject.claims.cbeh === "BLOCK_NEW_USER");
	const device = keepsDevice ? { id: deviceOf(subject, asker.client), userAgent: userAgentPrint(asker.client) } : null;
	const { id } = asker.video.record;
	const configId = lastingConfigId(exchange, asker);
	const home = started ? homeOf(asker) : null;
	const held = `${id} ${source} ${expiresAt} ${started} ${session?.key ?? ""} ${session?.startedAt ?? ""} ${device?.id ?? ""}\n${configId ?? ""}\n${home?.address ?? ""} ${home?.userAgent ?? ""}`;
	const known = subject.grantTexts.get(held);
	if (known !== undefined) return known;
	const text = exchange.gate.grants.sign({
		account: asker.account.id,
		video: id,
		source,
		tokenId: subject.tokenId,
		keyId: subject.keyId,
		expiresAt,
		claims: subject.lasting,
		started,
		session,
		device,
		...(configId === null ? {} : { configId }),
		...(home === null ? {} : { home }),
	});
	if (subject.grantTexts.size >= MOST_GRANTS_KEPT) subject.grantTexts.clear();
	subject.grantTexts.set(held, text);
	return text;
}

const MOST_GRANTS_KEPT = 16;

/** Gives a browser that names no device a cookie with the id that was counted. */
export function rememberDevice({ gate }: Exchange, asker: Asker, headers: HeaderRecord): void {
	const { subject } = asker.subject;
	if (subject.claims.dlimit === undefined || asker.client.deviceId !== null) return;
	headers["Set-Cookie"] = deviceCookie(deviceOf(subject, asker.client), gate.settings);
}
