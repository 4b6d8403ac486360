import type { VideoRecord } from "../catalog/video-record.ts";
import type { Source } from "../catalog/video-schema.ts";
import { type Decision, allow, refuse } from "../decision/decision.ts";
import { decisionHeaders } from "../decision/response.ts";
import { type Exchange, answerContext } from "../exchange.ts";
import { rewriteVmap } from "../manifest/vmap.ts";
import { logDecision } from "../observe/decision-log.ts";
import type { Asker } from "./limit-ask.ts";
import type { Grant } from "./grant.ts";
import { readUpTo } from "./limited-body.ts";
import { readMaster, signGrant, startWith } from "./master.ts";
import { contentUrls } from "./vmap-urls.ts";
import { isDashSource, isHlsSource, manifestName, redirectHosts } from "./sources.ts";

export type VmapKind = "hls" | "dash";

export const isOfKind = { hls: isHlsSource, dash: isDashSource } as const;

/** Ads and all, such documents have some hundred kilobytes. */
const MOST_VMAP_BYTES = 2 * 1_048_576;
const CONFIG_PARAMETER = "ad_config_id";
/** Begins the path of a stitched manifest under a grant; what follows is sealed, so that a viewer can name no other. */
const STITCHED = "v/";

/** What an ad insertion document is asked for with: `config` is a name in the record's `vmap`, `source` the index of a source of its kind. */
export interface VmapAsk {
	readonly kind: VmapKind;
	readonly config: string | undefined;
	readonly source: number;
}

/**
 * Serves a video's VMAP document, its manifest URLs behind the gate (reference: brightcove 3). Nothing is spent: playback starts with the
 * manifest that the document names.
 */
export async function serveVmap(exchange: Exchange, asker: Asker, ask: VmapAsk): Promise<Decision<Response>> {
	const { kind, config } = ask;
	if (config === undefined) return refuse({ reason: "ssai-claim-missing" });
	const url = vmapUrl(asker.video.record, config, kind);
	if (url === undefined) return refuse({ reason: "ssai-config-unknown", config, kind });
	if (!asker.video.record.sources[ask.source]) return refuse({ reason: "resource-not-found" });
	const text = await readDocument(exchange, asker.video.record, url);
	if (!text.allowed) return text;
	const replace = contentUrls(asker, url, (source, manifest) =>
		gateLink(exchange, asker, source ?? ask.source, manifest),
	);
	const rewritten = rewriteVmap(text.value, replace);
	if (!rewritten.ok) return unusable(`cannot be read: ${rewritten.problem}`);
	logDecision(exchange, { status: 200 });
	const headers = { ...decisionHeaders(answerContext(exchange)), "Content-Type": "application/xml; charset=utf-8" };
	return allow(new Response(rewritten.text, { headers }));
}

function vmapUrl({ vmap }: VideoRecord, config: string, kind: VmapKind): string | undefined {
	return Object.hasOwn(vmap, config) ? vmap[config]?.[kind] : undefined;
}

async function readDocument(exchange: Exchange, record: VideoRecord, url: string): Promise<Decision<string>> {
	const read = await exchange.gate.sources.read({ url, redirectHosts: redirectHosts(record) });
	if (!read.allowed) return read;
	if (read.value.status !== 200) return unusable(`was answered with ${read.value.status}`);
	const body = await readUpTo(read.value, MOST_VMAP_BYTES);
	if (!body.allowed) return body;
	const { bytes, rest } = body.value;
	if (rest !== null) {
		await rest.cancel();
		return unusable(`is larger than ${MOST_VMAP_BYTES} bytes`);
	}
	try {
		return allow(new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(bytes));
	} catch {
		return unusable("is not UTF-8");
	}
}

const unusable = (what: string) => refuse({ reason: "source-unavailable", detail: `its VMAP document ${what}` });

/** Playback starts at the link, so its grant is one under which no session has started; `manifest` is null for the source's own. */
function gateLink(exchange: Exchange, asker: Asker, index: number, manifest: string | null): string {
	const source = asker.video.record.sources[index];
	const base = `${new URL(exchange.url).origin}/g/${signGrant(exchange, asker, index, null)}/`;
	const name = source ? manifestName(source) : "";
	if (manifest === null) return base + name;
	return `${base}${STITCHED}${exchange.gate.manifests.seal(asker.video, manifest)}/${name}`;
}

/** A manifest that a VMAP document named: the video with its ads, served where the source's own would be. */
export async function serveStitched(
	exchange: Exchange,
	asker: Asker,
	grant: Grant,
	path: string,
): Promise<Decision<Response>> {
	const sealed = path.slice(STITCHED.length, path.indexOf("/", STITCHED.length));
	const url = exchange.gate.manifests.unseal(asker.video, sealed);
	const source = asker.video.record.sources[grant.source];
	// What is sealed for other paths are directories and keys.
	if (url === null || url.endsWith("/") || !source) return refuse({ reason: "resource-not-found" });
	const manifest = await readMaster(exchange, asker, source, url);
	return manifest.allowed ? startWith(exchange, asker, grant.source, source, manifest.value) : manifest;
}

export const isStitched = (path: string): boolean => path.startsWith(STITCHED);

/** The token's configuration; what a token leaves open, the player may name, as in the Playback API (reference: brightcove 4.1). */
export function configOf({ query }: Exchange, asker: Asker): string | undefined {
	return asker.subject.subject.claims.vod?.ssai ?? query.get(CONFIG_PARAMETER) ?? undefined;
}

/** `vmap` of a source in the video JSON, where its ads are asked for and there are some; `base` is the link's `https://<gate>/g/<grant>/`. */
export function vmapLink(exchange: Exchange, asker: Asker, source: Source, base: string): { readonly vmap?: string } {
	const kind = isDashSource(source) ? "dash" : "hls";
	const config = configOf(exchange, asker);
	if (config === undefined || !isOfKind[kind](source)) return {};
	if (vmapUrl(asker.video.record, config, kind) === undefined) return {};
	const isClaimed = asker.subject.subject.claims.vod?.ssai !== undefined;
	return { vmap: `${base}${kind}.vmap${isClaimed ? "" : `?${CONFIG_PARAMETER}=${encodeURIComponent(config)}`}` };
}
