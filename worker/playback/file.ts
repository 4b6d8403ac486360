import type { VideoRecord } from "../catalog/video-record.ts";
import type { Source } from "../catalog/video-schema.ts";
import { type Decision, allow, refuse } from "../decision/decision.ts";
import type { DeliveryEffect } from "../delivery/effect.ts";
import { type Exchange } from "../exchange.ts";
import { chooseVideo } from "../manifest/renditions/choose.ts";
import type { Rendition } from "../manifest/renditions/rules.ts";
import { logDecision } from "../observe/decision-log.ts";
import type { Claims } from "../token/claims.ts";
import { judgeLimits } from "./admit.ts";
import type { Asker } from "./limit-ask.ts";
import { passedHeaders, readFile } from "./source-file.ts";
import { isMp4Source, pickSource } from "./sources.ts";

/**
 * Index of the MP4 rendition with the highest or lowest bitrate, or -1; one that names no bitrate counts as 0. As with manifests, the
 * protection is the one that the token asks for (`pro`), else none where there is such a rendition (see `pickSource`).
 */
export function pickMp4(
	video: VideoRecord,
	wanted: "high" | "low",
	delivery: DeliveryEffect | null,
	pro: Claims["pro"],
): number {
	const sign = wanted === "high" ? 1 : -1;
	const picked = video.sources[pickSource(video, isMp4Source, pro)];
	const renditions = mp4Renditions(video, delivery)
		.map((index) => [index, video.sources[index]] as const)
		.filter(([, source]) => source?.protection === picked?.protection);
	const best = renditions.toSorted(([, a], [, b]) => sign * ((b?.avg_bitrate ?? 0) - (a?.avg_bitrate ?? 0)))[0];
	return best?.[0] ?? -1;
}

/** Indices of the MP4 renditions that delivery rules leave. */
export function mp4Renditions(video: VideoRecord, delivery: DeliveryEffect | null): readonly number[] {
	const renditions = [...video.sources.entries()]
		.filter(([, source]) => isMp4Source(source))
		.map(([index, source]) => ({ index, ...describe(source), identity: `${index}` }));
	const left = delivery ? chooseVideo(renditions, delivery.renditions) : renditions;
	return left.map(({ index }) => index);
}

function describe({ avg_bitrate, width, height, codecs, codec }: Source): Omit<Rendition, "identity"> {
	const named = (codecs ?? codec ?? "").split(",").map((name) => name.trim());
	return {
		bitrate: avg_bitrate ?? null,
		width: width ?? null,
		height: height ?? null,
		codecs: named.filter((name) => name !== ""),
	};
}

/**
 * Serves a whole MP4. Players fetch it in many ranges, so it is one use and one session for as long as they go on (see
 * `AdmitRequest.intent`). The source is asked first: nothing is spent on one that fails.
 */
export async function serveMp4(exchange: Exchange, asker: Asker, sourceIndex: number): Promise<Decision<Response>> {
	const source = asker.video.record.sources[sourceIndex];
	if (!source || !isMp4Source(source)) return refuse({ reason: "resource-not-found" });
	const file = await passFile(exchange, asker, source.src);
	if (!file.allowed) return file;
	const admission = await judgeLimits(exchange, asker, { intent: "reload", use: true });
	if (!admission.allowed) {
		await file.value.body?.cancel();
		return admission;
	}
	logDecision(exchange, { status: file.value.status });
	return file;
}

/** Serves a poster or thumbnail: it needs the token, and is nothing that limits count. */
export async function serveImage(
	exchange: Exchange,
	asker: Asker,
	kind: "poster" | "thumbnail",
): Promise<Decision<Response>> {
	const url = asker.video.record[kind];
	if (url === null) return refuse({ reason: "resource-not-found" });
	const image = await passFile(exchange, asker, url);
	if (image.allowed) logDecision(exchange, { status: image.value.status });
	return image;
}

/** The file as the source has it. */
async function passFile(exchange: Exchange, asker: Asker, url: string): Promise<Decision<Response>> {
	const read = await readFile(exchange, asker, url, true);
	if (!read.allowed) return read;
	const { body, status } = read.value;
	return allow(new Response(body, { status, headers: passedHeaders(exchange, read.value) }));
}
