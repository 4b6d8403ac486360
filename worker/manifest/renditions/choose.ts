import { isAudioCodec, isCodecOf, isVideoCodec, sampleEntry } from "./codecs.ts";
import type { Rendition, RenditionRules, Resolution } from "./rules.ts";

/**
 * The video renditions that the rules leave, in the order of the manifest: never none where there was one. A rule that nothing fits
 * leaves what is nearest to it; one that names codecs which nothing has leaves all.
 */
export function chooseVideo<R extends Rendition>(renditions: readonly R[], rules: RenditionRules): readonly R[] {
	const { videoCodecs, audioCodecs, maxVideo } = rules;
	let left = renditions;
	if (videoCodecs) left = nearest(left, ({ codecs }) => strangers(codecs.filter(isVideoCodec), videoCodecs));
	if (audioCodecs) left = nearest(left, ({ codecs }) => strangers(codecs.filter(isAudioCodec), audioCodecs));
	left = nearest(left, (rendition) => bitrateDistance(rendition, rules));
	left = nearest(left, (rendition) => resolutionDistance(rendition, rules));
	return maxVideo === undefined ? left : atMost(left, maxVideo, rules.firstBitrate);
}

/**
 * Whether a rendition for seeking, such as an I-frame playlist, may stay: nothing plays worse without it, so there may be none. `playing`
 * are the video renditions that are left: where none has the codecs that the rules name, seeking is not bound to them either.
 */
export function fitsSeeking(rendition: Rendition, rules: RenditionRules, playing: readonly Rendition[]): boolean {
	const { maxBitrate, maxResolution, videoCodecs } = rules;
	const most: RenditionRules = {
		...(maxBitrate === undefined ? {} : { maxBitrate }),
		...(maxResolution === undefined ? {} : { maxResolution }),
	};
	const hasCodec = ({ codecs }: Rendition): boolean =>
		!videoCodecs || strangers(codecs.filter(isVideoCodec), videoCodecs) === 0;
	const isOfCodec = hasCodec(rendition) || !playing.some(hasCodec);
	return isOfCodec && bitrateDistance(rendition, most) === 0 && resolutionDistance(rendition, most) === 0;
}

/** The rendition that is nearest to the bitrate, the lower one of two, and whatever is the same rendition at another place. */
export function identityOfFirst(renditions: readonly Rendition[], firstBitrate: number): string | null {
	const distance = ({ bitrate }: Rendition): number => Math.abs((bitrate ?? Infinity) - firstBitrate);
	const sorted = renditions.toSorted((a, b) => distance(a) - distance(b) || (a.bitrate ?? 0) - (b.bitrate ?? 0));
	return sorted[0]?.identity ?? null;
}

/** Those at the least distance: the ones that fit, at distance 0, when there are any. */
export function nearest<T>(items: readonly T[], distanceOf: (item: T) => number): readonly T[] {
	const distances = items.map(distanceOf);
	const least = distances.reduce((a, b) => Math.min(a, b), Infinity);
	return items.filter((_, index) => distances[index] === least);
}

const strangers = (codecs: readonly string[], allowed: readonly string[]): number =>
	codecs.every((codec) => isCodecOf(codec, allowed)) ? 0 : 1;

function bitrateDistance({ bitrate }: Rendition, { minBitrate = 0, maxBitrate = Infinity }: RenditionRules): number {
	if (bitrate === null) return 0;
	return Math.max(0, bitrate - maxBitrate) + Math.max(0, minBitrate - bitrate);
}

/**
 * By how much, as a ratio, the picture sticks out of the greatest box, or fails to reach a side of the least one: what was scaled into
 * a box touches one pair of its sides only. Boxes are turned as the picture is, so that upright video is judged like any other.
 */
function resolutionDistance({ width, height }: Rendition, { minResolution, maxResolution }: RenditionRules): number {
	if (width === null || height === null) return 0;
	const over = maxResolution ? greaterRatio({ width, height }, maxResolution) - 1 : 0;
	const under = minResolution ? 1 - greaterRatio({ width, height }, minResolution) : 0;
	return Math.max(0, over) + Math.max(0, under);
}

function greaterRatio(picture: Resolution, box: Resolution): number {
	const [long, short] = sidesOf(picture);
	const [boxLong, boxShort] = sidesOf(box);
	return Math.max(long / boxLong, short / boxShort);
}

const sidesOf = ({ width, height }: Resolution): readonly [number, number] => [
	Math.max(width, height),
	Math.min(width, height),
];

/** At most so many, shared among the kinds of codecs, so that a device which knows one of them is left something to play. */
function atMost<R extends Rendition>(renditions: readonly R[], most: number, firstBitrate?: number): readonly R[] {
	const byIdentity = Map.groupBy(renditions, ({ identity }) => identity);
	const different = [...byIdentity.values()].flatMap(([first]) => (first ? [first] : []));
	const byCodec = [...Map.groupBy(different, videoEntry).values()];
	const shares = shareOut(
		byCodec.map(({ length }) => length),
		most,
	);
	const kept = new Set(
		byCodec
			.flatMap((family, index) => spread(family, shares[index] ?? 0, firstBitrate))
			.map(({ identity }) => identity),
	);
	return renditions.filter(({ identity }) => kept.has(identity));
}

const videoEntry = ({ codecs }: Rendition): string => sampleEntry(codecs.find(isVideoCodec) ?? "");

/** How many each of several gets, in turn, when there are `most` for all. */
export function shareOut(sizes: readonly number[], most: number): readonly number[] {
	const shares = sizes.map(() => 0);
	let left = Math.min(
		most,
		sizes.reduce((sum, size) => sum + size, 0),
	);
	while (left > 0) {
		for (const [index, size] of sizes.entries()) {
			const share = shares[index] ?? 0;
			if (left === 0 || share >= size) continue;
			shares[index] = share + 1;
			left -= 1;
		}
	}
	return shares;
}

/** Some of a ladder of bitrates: its ends, and what lies evenly between. Of one only, the first to play, or the middle. */
function spread<R extends Rendition>(renditions: readonly R[], count: number, firstBitrate?: number): readonly R[] {
	if (count >= renditions.length) return renditions;
	if (count === 1 && firstBitrate !== undefined) {
		const first = identityOfFirst(renditions, firstBitrate);
		return renditions.filter(({ identity }) => identity === first);
	}
	const ladder = renditions.toSorted((a, b) => (a.bitrate ?? 0) - (b.bitrate ?? 0));
	const last = ladder.length - 1;
	const steps = Array.from({ length: count }, (_, step) =>
		count === 1 ? Math.floor(last / 2) : Math.round((step * last) / (count - 1)),
	);
	return steps.flatMap((step) => ladder[step] ?? []);
}
