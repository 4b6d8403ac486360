import { chooseVideo, fitsSeeking, identityOfFirst, nearest } from "../renditions/choose.ts";
import { isAudioCodec, isCodecOf } from "../renditions/codecs.ts";
import { applyEdits, type Edit, preferredFirst, reorder } from "../renditions/edits.ts";
import { isPreferredHost } from "../renditions/host.ts";
import type { HostPreference, RenditionRules } from "../renditions/rules.ts";
import { type Multivariant, type TagLine, type Variant, readMultivariant, renditionFacts } from "./variants.ts";

/**
 * The playlist with the renditions that the rules leave, in their order; a media playlist stays as it is. Only lines of renditions go
 * or change places: all others, and the text of each, stay byte for byte.
 *
 * @param url absolute, of the playlist at its source
 */
export function filterHls(text: string, url: string, rules: RenditionRules): string {
	const playlist = readMultivariant(text);
	if (playlist === null) return text;
	const kept = ordered(keptVariants(playlist.variants, rules), url, rules);
	const isKept = new Set(kept);
	const playing = kept.filter(({ hasVideo }) => hasVideo);
	const gone = [
		...playlist.variants.filter((variant) => !isKept.has(variant)),
		...unusedGroups(playlist, isKept),
		...surplusAudio(playlist, rules.maxAudio),
		...playlist.tags.filter(
			(tag) => tag.tag === SEEKING && !fitsSeeking({ ...renditionFacts(tag), identity: "" }, rules, playing),
		),
	];
	return applyEdits(text, [
		...[...new Set(gone)].map((line) => withoutLine(text, line)),
		...reorder(text, kept),
		...firstPathway(playlist, kept, url, rules),
	]);
}

const SEEKING = "EXT-X-I-FRAME-STREAM-INF";

/** Bounds of pictures mean nothing to a variant without any; its codecs do. */
function keptVariants(variants: readonly Variant[], rules: RenditionRules): readonly Variant[] {
	const withVideo = variants.filter(({ hasVideo }) => hasVideo);
	const audioOnly = variants.filter(({ hasVideo }) => !hasVideo);
	const { audioCodecs } = rules;
	const isAllowed = ({ codecs }: Variant): boolean =>
		!audioCodecs || codecs.filter(isAudioCodec).every((codec) => isCodecOf(codec, audioCodecs));
	const keptAudio =
		withVideo.length > 0 ? audioOnly.filter(isAllowed) : nearest(audioOnly, (variant) => (isAllowed(variant) ? 0 : 1));
	const kept = new Set([...chooseVideo(withVideo, rules), ...keptAudio]);
	return variants.filter((variant) => kept.has(variant));
}

function ordered(variants: readonly Variant[], url: string, { firstBitrate, host }: RenditionRules): Variant[] {
	const withVideo = variants.filter(({ hasVideo }) => hasVideo);
	const first = firstBitrate === undefined ? null : identityOfFirst(withVideo, firstBitrate);
	const order = preferredFirst(variants, ({ identity }) => identity === first);
	if (!host) return order;
	// Within each rendition: what is first of it now, and next, becomes the places that are preferred, then the others.
	const placesOf = new Map(
		[...Map.groupBy(order, ({ identity }) => identity)].map(([identity, places]) => [
			identity,
			preferredFirst(places, (place) => isPreferred(place, url, host)),
		]),
	);
	return order.map((variant) => placesOf.get(variant.identity)?.shift() ?? variant);
}

function isPreferred({ uri }: Variant, url: string, host: HostPreference): boolean {
	const absolute = URL.parse(uri, url);
	return absolute !== null && isPreferredHost(absolute.href, host);
}

/** Members of audio and video groups that only variants which are gone have named. */
function unusedGroups({ variants, tags }: Multivariant, kept: ReadonlySet<Variant>): TagLine[] {
	const namedBy = (isKept: boolean): Set<string> =>
		new Set(
			variants
				.filter((variant) => kept.has(variant) === isKept)
				.flatMap(({ attributes }) => GROUP_TYPES.map((type) => `${type} ${attributes.get(type)?.text ?? ""}`)),
		);
	const [used, dropped] = [namedBy(true), namedBy(false)];
	return tags.filter(({ tag, attributes }) => {
		const group = `${attributes.get("TYPE")?.text ?? ""} ${attributes.get("GROUP-ID")?.text ?? ""}`;
		return tag === "EXT-X-MEDIA" && dropped.has(group) && !used.has(group);
	});
}

const GROUP_TYPES = ["AUDIO", "VIDEO"];

/** The members of each audio group beyond the first so many: those that players start with count first. */
function surplusAudio({ tags }: Multivariant, most = Infinity): TagLine[] {
	const valueOf = ({ attributes }: TagLine, name: string): string => attributes.get(name)?.text ?? "";
	const audio = tags.filter((tag) => tag.tag === "EXT-X-MEDIA" && valueOf(tag, "TYPE") === "AUDIO");
	return [...Map.groupBy(audio, (tag) => valueOf(tag, "GROUP-ID")).values()].flatMap((members) => {
		const autoselected = preferredFirst(members, (tag) => valueOf(tag, "AUTOSELECT") === "YES");
		return preferredFirst(autoselected, (tag) => valueOf(tag, "DEFAULT") === "YES").slice(most);
	});
}

/** Players that follow content steering start with the pathway that it names, whatever comes first. */
function firstPathway({ tags }: Multivariant, kept: readonly Variant[], url: string, { host }: RenditionRules): Edit[] {
	if (!host) return [];
	const preferred = kept.find((variant) => variant.attributes.has("PATHWAY-ID") && isPreferred(variant, url, host));
	const pathway = preferred?.attributes.get("PATHWAY-ID")?.text;
	const steering = tags.find(({ tag }) => tag === "EXT-X-CONTENT-STEERING")?.attributes.get("PATHWAY-ID");
	if (pathway === undefined || steering === undefined || steering.text === pathway) return [];
	return [{ start: steering.start, end: steering.end, text: pathway }];
}

/** With what ends the line. */
function withoutLine(text: string, { start, end }: TagLine): Edit {
	const feed = text.indexOf("\n", end);
	return { start, end: feed === -1 ? text.length : feed + 1, text: "" };
}
