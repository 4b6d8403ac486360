import { type ActionProperties, parseResolution } from "../catalog/delivery-schema.ts";
import type { HlsContext } from "../manifest/hls.ts";
import type { RenditionRules } from "../manifest/renditions/rules.ts";

/** What delivery rules make of a manifest. The same `key` means the same effect. */
export interface DeliveryEffect {
	readonly key: string;
	readonly renditions: RenditionRules;
	/** Host that players fetch media from in place of the source's own, where they fetch it themselves. */
	readonly mediaHost: string | null;
}

const BITS = 1000;

/** Null when the properties change nothing of a manifest. */
export function effectOf(properties: ActionProperties): DeliveryEffect | null {
	const renditions = withoutAbsent({
		minBitrate: bits(properties.min_video_bitrate),
		maxBitrate: bits(properties.max_video_bitrate),
		firstBitrate: bits(properties.first_video_bitrate),
		minResolution: resolution(properties.min_video_resolution),
		maxResolution: resolution(properties.max_video_resolution),
		maxVideo: properties.max_video_renditions,
		maxAudio: properties.max_audio_renditions,
		videoCodecs: properties.video_codecs,
		audioCodecs: properties.audio_codecs,
		host: hostOf(properties),
	});
	const mediaHost = properties.preferred_cdn_domain ?? null;
	if (Object.keys(renditions).length === 0) return null;
	return { key: JSON.stringify(renditions), renditions, mediaHost };
}

/** The part of an effect that reaches media playlists, whose renditions were chosen before. */
export function mediaEffect({ mediaHost }: DeliveryEffect): DeliveryEffect | null {
	return mediaHost === null ? null : { key: `media ${mediaHost}`, renditions: {}, mediaHost };
}

/** Media moves from the source's own origin to the same paths at the host. */
export function mediaMoveOf(src: string, effect: DeliveryEffect | null): Pick<HlsContext, "mediaMove"> {
	if (!effect || effect.mediaHost === null) return {};
	const { protocol, host } = new URL(src);
	return { mediaMove: { from: `${protocol}//${host}/`, to: `${protocol}//${effect.mediaHost}/` } };
}

const bits = (kilobits: number | undefined): number | undefined =>
	kilobits === undefined ? undefined : kilobits * BITS;

const resolution = (text: string | undefined): RenditionRules["minResolution"] | undefined =>
	text === undefined ? undefined : (parseResolution(text) ?? undefined);

/** A domain says more than a provider, whose name is in the hosts of its own domains. */
function hostOf(properties: ActionProperties): RenditionRules["host"] {
	const { preferred_cdn_domain: domain, preferred_cdn_provider: provider } = properties;
	if (domain !== undefined) return { domain };
	return provider === undefined ? undefined : { part: provider };
}

function withoutAbsent(rules: { readonly [K in keyof RenditionRules]: RenditionRules[K] | undefined }): RenditionRules {
	return Object.fromEntries(Object.entries(rules).filter(([, value]) => value !== undefined)) as RenditionRules;
}
