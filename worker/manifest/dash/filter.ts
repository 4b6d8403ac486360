import { chooseVideo, fitsSeeking, identityOfFirst, nearest, shareOut } from "../renditions/choose.ts";
import { isAudioCodec, isCodecOf, isVideoCodec } from "../renditions/codecs.ts";
import { applyEdits, type Edit, preferredFirst, reorder } from "../renditions/edits.ts";
import type { Rendition, RenditionRules } from "../renditions/rules.ts";
import { basesInOrder } from "./base-order.ts";
import { type OutlineElement, childrenOf, readOutline } from "./outline.ts";
import { Malformed } from "./xml.ts";

/** A Representation, with what it has from its AdaptationSet. */
interface Representation extends Rendition {
	readonly element: OutlineElement;
	readonly set: OutlineElement;
	readonly kind: "video" | "audio" | "seeking" | "other";
}

/**
 * The MPD, or the part of one, with the Representations that the rules leave, in their order. Everything else stays byte for byte,
 * but for patches: they are made for the whole MPD, so players are left to load it anew. What cannot be read stays as it is.
 */
export function filterDash(text: string, rules: RenditionRules): string {
	const based = rules.host ? basesInOrder(text, outlineOf(text), rules.host) : text;
	const root = outlineOf(based);
	if (root === null) return text;
	const periods = root.name === "MPD" ? childrenOf(root, "Period") : [root];
	return applyEdits(based, [
		...childrenOf(root, "PatchLocation").map((element) => withoutElement(based, element)),
		...periods.flatMap((period) => periodEdits(based, period, rules)),
	]);
}

function outlineOf(text: string): OutlineElement | null {
	try {
		return readOutline(text);
	} catch (fault) {
		if (fault instanceof Malformed) return null; // the compilation says what is wrong
		throw fault;
	}
}

function periodEdits(text: string, period: OutlineElement, rules: RenditionRules): Edit[] {
	const sets = period.name === "AdaptationSet" ? [period] : childrenOf(period, "AdaptationSet");
	const all = sets.flatMap((set, index) => representationsOf(set, `${index}`));
	const playing = chooseVideo(ofKind(all, "video"), rules);
	const kept = new Set([
		...playing,
		...chooseAudio(ofKind(all, "audio"), rules),
		...ofKind(all, "seeking").filter((representation) => fitsSeeking(representation, rules, playing)),
		...ofKind(all, "other"),
	]);
	return [...Map.groupBy(all, ({ set }) => set)].flatMap(([set, representations]) => {
		const left = representations.filter((representation) => kept.has(representation));
		if (left.length === 0) return [withoutElement(text, set)];
		const gone = representations.filter((representation) => !kept.has(representation));
		return [
			...gone.map(({ element }) => withoutElement(text, element)),
			...reorder(
				text,
				inOrder(left, rules).map(({ element }) => element),
			),
		];
	});
}

const ofKind = (all: readonly Representation[], kind: Representation["kind"]): readonly Representation[] =>
	all.filter((representation) => representation.kind === kind);

function inOrder(representations: readonly Representation[], { firstBitrate }: RenditionRules): Representation[] {
	const isVideo = representations.every(({ kind }) => kind === "video");
	const first = firstBitrate === undefined || !isVideo ? null : identityOfFirst(representations, firstBitrate);
	return preferredFirst(representations, ({ identity }) => identity === first);
}

/** Each AdaptationSet, the main one first, keeps one before any keeps another; of its bitrates the higher ones. */
function chooseAudio(all: readonly Representation[], rules: RenditionRules): readonly Representation[] {
	const { audioCodecs, maxAudio } = rules;
	const allowed = audioCodecs
		? nearest(all, ({ codecs }) => (codecs.every((codec) => isCodecOf(codec, audioCodecs)) ? 0 : 1))
		: all;
	if (maxAudio === undefined) return allowed;
	const sets = preferredFirst([...Map.groupBy(allowed, ({ set }) => set)], ([set]) => isMain(set));
	const shares = shareOut(
		sets.map(([, { length }]) => length),
		maxAudio,
	);
	return sets.flatMap(([, members], index) =>
		members.toSorted((a, b) => (b.bitrate ?? 0) - (a.bitrate ?? 0)).slice(0, shares[index]),
	);
}

const isMain = (set: OutlineElement): boolean =>
	childrenOf(set, "Role").some(({ attributes }) => attributes["value"] === "main");

function representationsOf(set: OutlineElement, setIdentity: string): Representation[] {
	return childrenOf(set, "Representation").map((element, index) => {
		const attributes = { ...set.attributes, ...element.attributes };
		const numberOf = (name: string): number | null =>
			/^\d{1,15}$/.test(attributes[name] ?? "") ? Number(attributes[name]) : null;
		const codecs = (attributes["codecs"] ?? "").split(",").map((codec) => codec.trim());
		const named = codecs.filter((codec) => codec !== "");
		return {
			element,
			set,
			kind: kindOf(set, attributes, named),
			bitrate: numberOf("bandwidth"),
			width: numberOf("width"),
			height: numberOf("height"),
			codecs: named,
			identity: `${setIdentity}/${index}`,
		};
	});
}

const TRICK_MODE = "http://dashif.org/guidelines/trickmode";

function kindOf(
	set: OutlineElement,
	attributes: Readonly<Record<string, string>>,
	codecs: readonly string[],
): Representation["kind"] {
	const type = attributes["contentType"] ?? attributes["mimeType"]?.split("/", 1)[0];
	const isVideo = type === undefined ? codecs.some(isVideoCodec) : type === "video";
	if (isVideo)
		return set.children.some(({ attributes: said }) => said["schemeIdUri"] === TRICK_MODE) ? "seeking" : "video";
	return (type === undefined ? codecs.some(isAudioCodec) : type === "audio") ? "audio" : "other";
}

/** With the line break and the indentation in front of it, where it stands on lines of its own. */
function withoutElement(text: string, { start, end }: OutlineElement): Edit {
	let from = start;
	while (from > 0 && " \t\r\n".includes(text.charAt(from - 1))) from -= 1;
	const feed = text.lastIndexOf("\n", start - 1);
	return { start: feed >= from ? feed : start, end, text: "" };
}
