import type { Source } from "../catalog/video-schema.ts";
import type { Decision } from "../decision/decision.ts";
import { refuse } from "../decision/decision.ts";
import { type Exchange, refused } from "../exchange.ts";
import { LICENSE_AUDIENCES, PLAYBACK_API_AUDIENCES, STATIC_URL_AUDIENCES } from "../token/audience.ts";
import type { Asker } from "./limit-ask.ts";
import { authorizeGrant, authorizeToken } from "./authorize.ts";
import { deliveryOf } from "./delivery.ts";
import { pickMp4, serveImage, serveMp4 } from "./file.ts";
import { serveKey } from "./key.ts";
import type { Grant } from "./grant.ts";
import { licenseSystemOf } from "./license-systems.ts";
import { readMaster, serveMaster, startWith } from "./master.ts";
import { serveMedia } from "./media.ts";
import { sourcePath } from "./source-paths.ts";
import { MP4_NAME, isDashSource, isHlsSource, pickSource } from "./sources.ts";
import { videoJson } from "./video-json.ts";
import { type VmapKind, configOf, isOfKind, isStitched, serveStitched, serveVmap } from "./vmap.ts";

interface VideoPath {
	readonly account: string;
	readonly video: string;
}

/** `GET /playback/v1/accounts/{a}/videos/{v}`: the video, its sources pointing at the gate. */
export async function handleVideo(exchange: Exchange, path: VideoPath): Promise<Response> {
	const asker = await authorizeToken(exchange, path, PLAYBACK_API_AUDIENCES);
	if (!asker.allowed) return refused(exchange, asker.refusal, "api");
	const delivery = await deliveryOf(exchange, asker.value);
	return delivery.allowed
		? videoJson(exchange, asker.value, delivery.value)
		: refused(exchange, delivery.refusal, "api");
}

/** `GET .../videos/{v}/master.m3u8` with a token. */
export function handleMaster(exchange: Exchange, path: VideoPath): Promise<Response> {
	return serveStatic(exchange, path, isHlsSource);
}

/** `GET .../videos/{v}/manifest.mpd` with a token. */
export function handleMpd(exchange: Exchange, path: VideoPath): Promise<Response> {
	return serveStatic(exchange, path, isDashSource);
}

function serveStatic(exchange: Exchange, path: VideoPath, isType: (source: Source) => boolean): Promise<Response> {
	return withStaticToken(exchange, path, (asker) => {
		const { claims } = asker.subject.subject;
		return serveMaster(exchange, asker, pickSource(asker.video.record, isType, claims.pro));
	});
}

async function withStaticToken(
	exchange: Exchange,
	path: VideoPath,
	serve: (asker: Asker) => Promise<Decision<Response>>,
): Promise<Response> {
	const asker = await authorizeToken(exchange, path, STATIC_URL_AUDIENCES);
	return asker.allowed ? answered(exchange, await serve(asker.value)) : refused(exchange, asker.refusal, "static");
}

/** `GET .../videos/{v}/licenses/aes128/{key}` with a token. */
export async function handleKey(exchange: Exchange, path: VideoPath & { readonly key: string }): Promise<Response> {
	const asker = await authorizeToken(exchange, path, LICENSE_AUDIENCES);
	if (!asker.allowed) return refused(exchange, asker.refusal, "static");
	const everySource = [...asker.value.video.record.sources.keys()];
	return answered(exchange, await serveKey(exchange, asker.value, path.key, everySource, "start"));
}

/** `GET .../videos/{v}/high.mp4` and `low.mp4` with a token. */
export function handleMp4(exchange: Exchange, path: VideoPath, wanted: "high" | "low"): Promise<Response> {
	return withStaticToken(exchange, path, async (asker) => {
		const delivery = await deliveryOf(exchange, asker);
		if (!delivery.allowed) return delivery;
		const { pro } = asker.subject.subject.claims;
		return serveMp4(exchange, asker, pickMp4(asker.video.record, wanted, delivery.value, pro));
	});
}

/** `GET .../videos/{v}/poster.jpg` and `thumbnail.jpg` with a token. */
export function handleImage(exchange: Exchange, path: VideoPath, kind: "poster" | "thumbnail"): Promise<Response> {
	return withStaticToken(exchange, path, (asker) => serveImage(exchange, asker, kind));
}

/** `GET .../videos/{v}/hls.vmap` and `dash.vmap` with a token. */
export function handleVmap(exchange: Exchange, path: VideoPath, kind: VmapKind): Promise<Response> {
	return withStaticToken(exchange, path, (asker) => {
		const { pro, vod } = asker.subject.subject.claims;
		const source = pickSource(asker.video.record, isOfKind[kind], pro);
		return serveVmap(exchange, asker, { kind, config: vod?.ssai, source });
	});
}

const VMAP_KINDS: ReadonlyMap<string, VmapKind> = new Map([
	["hls.vmap", "hls"],
	["dash.vmap", "dash"],
]);
const KEY_PREFIX = "licenses/aes128/";

/** `/g/{grant}/...`: whatever a player asks for after its first manifest. `path` is what follows the grant, not decoded. */
export async function handleGrant(exchange: Exchange, grantText: string, path: string): Promise<Response> {
	if (licenseSystemOf(path) !== null)
		return refused(exchange, { reason: "method-not-allowed", allowed: ["POST", "OPTIONS"] }, "license");
	const grant = exchange.gate.grants.open(grantText);
	if (!grant) return refused(exchange, { reason: "grant-invalid" }, "static");
	const asker = await authorizeGrant(exchange, grant);
	if (!asker.allowed) return refused(exchange, asker.refusal, "static");
	if (path === "master.m3u8" || path === "manifest.mpd")
		return answered(exchange, await serveMaster(exchange, asker.value, grant.source));
	if (isStitched(path)) return answered(exchange, await serveStitched(exchange, asker.value, grant, path));
	if (path === MP4_NAME) return answered(exchange, await serveMp4(exchange, asker.value, grant.source));
	if (path.startsWith(KEY_PREFIX)) {
		const name = decoded(path.slice(KEY_PREFIX.length));
		const intent = grant.started ? "renew" : "start";
		return answered(exchange, await serveKey(exchange, asker.value, name, [grant.source], intent));
	}
	const kind = VMAP_KINDS.get(path);
	// Its links start playback: a session that was ended must not get a new one from them.
	if (grant.started === (kind !== undefined)) return refused(exchange, { reason: "grant-invalid" }, "static");
	if (kind) {
		const config = configOf(exchange, asker.value);
		return answered(exchange, await serveVmap(exchange, asker.value, { kind, config, source: grant.source }));
	}
	return answered(exchange, await servePath(exchange, asker.value, grant, path));
}

async function servePath(exchange: Exchange, asker: Asker, grant: Grant, path: string): Promise<Decision<Response>> {
	const ask = sourcePath(path, exchange.search, grant, asker.video, exchange.gate.manifests);
	const source = asker.video.record.sources[grant.source];
	if (!ask || !source) return refuse({ reason: "resource-not-found" });
	// The multivariant playlist is a start, and for clear content a use, also when it is asked for by its own name.
	if (decoded(ask.url.split("?", 1)[0] ?? "") === decoded(source.src.split("?", 1)[0] ?? "")) {
		const manifest = await readMaster(exchange, asker, source, ownAddress(ask.url, source));
		if (!manifest.allowed) return manifest;
		if (manifest.value.kind !== "media") return startWith(exchange, asker, grant.source, source, manifest.value);
	}
	return serveMedia(exchange, asker, ask);
}

/** The source's manifest with the query that the manifest itself gave (`Location`), which may name a session at the source. */
function ownAddress(url: string, { src }: Source): string {
	const [path = "", ...queries] = url.split("?");
	const kept = queries
		.join("?")
		.split("&")
		.filter((pair) => pair !== "" && !pair.startsWith("_HLS_")); // directives are added again
	return kept.length === 0 ? src : `${path}?${kept.join("&")}`;
}

function answered(exchange: Exchange, served: Decision<Response>): Response {
	return served.allowed ? served.value : refused(exchange, served.refusal, "static");
}

function decoded(segment: string): string {
	try {
		return decodeURIComponent(segment);
	} catch {
		return segment; // names nothing, and is refused as such
	}
}
