import type { VideoRecord } from "../catalog/video-record.ts";
import type { Source } from "../catalog/video-schema.ts";
import type { DeliveryEffect } from "../delivery/effect.ts";
import { errorObject } from "../decision/response.ts";
import { wireError } from "../decision/wire.ts";
import { type Exchange, jsonResponse } from "../exchange.ts";
import { logDecision } from "../observe/decision-log.ts";
import type { Asker } from "./limit-ask.ts";
import { mp4Renditions } from "./file.ts";
import { keySystems } from "./key-systems.ts";
import { licenseSystems } from "./license-systems.ts";
import { signGrant } from "./master.ts";
import { isDashSource, isHlsSource, isMp4Source, manifestName } from "./sources.ts";
import { vmapLink } from "./vmap.ts";

/**
 * The video as the Playback API returns it (reference: wire facts 4.3). Each source is a link under a grant of its own, so that a player
 * needs no token for it; nothing is spent and no session starts before such a link is opened.
 */
export function videoJson(exchange: Exchange, asker: Asker, delivery: DeliveryEffect | null): Response {
	const video = describe(exchange, asker, delivery);
	logDecision(exchange, { status: 200 });
	return jsonResponse(exchange, video);
}

/** The object of one video, for those who show several. */
export function describe(exchange: Exchange, asker: Asker, delivery: DeliveryEffect | null): Record<string, unknown> {
	const { record } = asker.video;
	const { claims } = asker.subject.subject;
	const { origin } = new URL(exchange.url);
	const renditions = mp4Renditions(record, delivery);
	const sources: Record<string, unknown>[] = [];
	for (const [index, source] of record.sources.entries()) {
		if (!isServed(source, record) || (claims.pro !== undefined && claims.pro !== source.protection)) continue;
		if (isMp4Source(source) && !renditions.includes(index)) continue;
		const base = `${origin}/g/${signGrant(exchange, asker, index, null)}/`;
		const systems = keySystems(source, record, asker.account, base);
		sources.push({
			...describeSource(source, base + manifestName(source)),
			...(systems === null ? {} : { key_systems: systems }),
			...vmapLink(exchange, asker, source, base),
		});
	}
	const video = describeVideo(record, sources);
	const isRestricted = sources.length === 0 && record.sources.length > 0;
	return isRestricted && claims.pro !== undefined ? withoutSources(exchange, video, claims.pro) : video;
}

/** A video that may play in a way that it does not have: told in `errors`, as where sources are restricted (reference: brightcove 4.3). */
function withoutSources(
	{ decisionId }: Exchange,
	{ sources: _s, text_tracks: _t, ...video }: Record<string, unknown>,
	pro: string,
): Record<string, unknown> {
	const error = wireError({ reason: "sources-restricted", pro }, "api");
	return { ...video, errors: [errorObject(error, decisionId)] };
}

/** Encrypted DASH needs a licence: without one to be had here, a player could do nothing with it. */
function isServed(source: Source, record: VideoRecord): boolean {
	return !isDashSource(source) || source.protection === "" || licenseSystems(source, record).size > 0;
}

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
		created_at: null,
		updated_at: null,
		published_at: null,
		text_tracks: [],
		transcripts: [],
		labels: [],
		variants: [],
		projection: null,
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
