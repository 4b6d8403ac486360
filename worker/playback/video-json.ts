import type { VideoRecord } from "../catalog/video-record.ts";
import type { Source } from "../catalog/video-schema.ts";
import type { DeliveryEffect } from "../delivery/effect.ts";
import { type Exchange, jsonResponse } from "../exchange.ts";
import { logDecision } from "../observe/decision-log.ts";
import type { Asker } from "./admit.ts";
import { mp4Renditions } from "./file.ts";
import { signGrant } from "./master.ts";
import { isDashSource, isHlsSource, isMp4Source, manifestName } from "./sources.ts";

/**
 * The video as the Playback API returns it (reference: wire facts 4.3). Each source is a link under a grant of its own, so that a player
 * needs no token for it; nothing is spent and no session starts before such a link is opened.
 */
export function videoJson(exchange: Exchange, asker: Asker, delivery: DeliveryEffect | null = null): Response {
	const { record } = asker.video;
	const { claims } = asker.subject.subject;
	const { origin } = new URL(exchange.url);
	const renditions = mp4Renditions(record, delivery);
	const sources: Record<string, unknown>[] = [];
	for (const [index, source] of record.sources.entries()) {
		if (!isServed(source) || (claims.pro !== undefined && claims.pro !== source.protection)) continue;
		if (isMp4Source(source) && !renditions.includes(index)) continue;
		const link = `${origin}/g/${signGrant(exchange, asker, index, null)}/${manifestName(source)}`;
		sources.push(describeSource(source, link));
	}
	logDecision(exchange, { status: 200 });
	return jsonResponse(exchange, describeVideo(record, sources));
}

/** Encrypted DASH needs licences, which are not served yet. */
const isServed = (source: Source): boolean => !isDashSource(source) || source.protection === "";

/** The fields of a source that players read; where it is kept and what it is encrypted with stay here. */
function describeSource(source: Source, src: string): Record<string, unknown> {
	const { src: _origin, keys: _keys, protection, ...facts } = source;
	return {
		...facts,
		...(isHlsSource(source) ? { ext_x_version: facts.ext_x_version ?? "4" } : {}),
		...(protection === "aes128" ? { encryption: "aes128" } : {}),
		src,
	};
}

function describeVideo(record: VideoRecord, sources: readonly Record<string, unknown>[]): Record<string, unknown> {
	const {
		segments: _s,
		allowed_hosts: _h,
		licenses: _l,
		vmap: _v,
		state: _t,
		schedule,
		sources: _o,
		...facts
	} = record;
	return {
		description: null,
		long_description: null,
		text_tracks: [],
		cue_points: [],
		economics: "AD_SUPPORTED",
		offline_enabled: false,
		link: null,
		ad_keys: null,
		...facts,
		poster: browsable(record.poster),
		thumbnail: browsable(record.thumbnail),
		poster_sources: imageSources(record.poster),
		thumbnail_sources: imageSources(record.thumbnail),
		...(schedule ? { schedule } : {}),
		sources,
	};
}

/** An image in a bucket has no address that a player could reach. */
const browsable = (url: string | null): string | null => (url?.startsWith("http") ? url : null);
const imageSources = (url: string | null) => (browsable(url) === null ? [] : [{ src: url }]);
