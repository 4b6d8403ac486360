import { isAudioCodec, isVideoCodec } from "../renditions/codecs.ts";
import type { Rendition } from "../renditions/rules.ts";
import { readAttributes } from "./attributes.ts";

/** A tag of a multivariant playlist: a whole line, and its attributes without quotes. */
export interface TagLine {
	readonly tag: string;
	/** Of the line, without what ends it. */
	readonly start: number;
	readonly end: number;
	readonly attributes: ReadonlyMap<string, { readonly text: string; readonly start: number; readonly end: number }>;
}

/** A variant: its range goes from the start of its tag to the end of its URI. */
export interface Variant extends Rendition, TagLine {
	readonly uri: string;
	readonly hasVideo: boolean;
}

export interface Multivariant {
	readonly variants: readonly Variant[];
	/** The tags that have renditions of their own, or say which pathway is taken. */
	readonly tags: readonly TagLine[];
}

const READ_TAGS: ReadonlySet<string> = new Set(["EXT-X-MEDIA", "EXT-X-I-FRAME-STREAM-INF", "EXT-X-CONTENT-STEERING"]);

/** Null when the text is a media playlist. */
export function readMultivariant(text: string): Multivariant | null {
	if (!text.includes("#EXT-X-STREAM-INF") || /^\s*#EXT(?:INF|-X-TARGETDURATION):/m.test(text)) return null;
	const variants: Variant[] = [];
	const tags: TagLine[] = [];
	const identify = createIdentifier();
	let pending: TagLine | null = null;
	for (let start = 0; start < text.length;) {
		const feed = text.indexOf("\n", start);
		const next = feed === -1 ? text.length : feed + 1;
		const line = text.slice(start, feed === -1 ? text.length : feed).trimEnd();
		const end = start + line.length;
		if (line.trimStart().startsWith("#EXT")) {
			const read = readTag(line, start);
			pending = read.tag === "EXT-X-STREAM-INF" ? read : null;
			if (READ_TAGS.has(read.tag)) tags.push(read);
		} else if (pending !== null && line !== "" && !line.trimStart().startsWith("#")) {
			variants.push(variantOf({ ...pending, end }, line.trim(), identify));
			pending = null;
		}
		start = next;
	}
	return { variants, tags };
}

function readTag(line: string, offset: number): TagLine {
	const hash = line.indexOf("#");
	const colon = line.indexOf(":");
	const from = colon === -1 ? line.length : colon + 1;
	const attributes = readAttributes(line, from).attributes.map(
		({ name, start, end }) =>
			[name, { text: line.slice(start, end), start: offset + start, end: offset + end }] as const,
	);
	return {
		tag: line.slice(hash + 1, colon === -1 ? line.length : colon),
		start: offset,
		end: offset + line.length,
		attributes: new Map(attributes),
	};
}

function variantOf(line: TagLine, uri: string, identify: Identify): Variant {
	const facts = renditionFacts(line);
	const isAudio =
		facts.width === null && facts.codecs.some(isAudioCodec) && !facts.codecs.some((codec) => isVideoCodec(codec));
	return { ...line, ...facts, uri, hasVideo: !isAudio, identity: identify(line, uri) };
}

/** What the attributes of EXT-X-STREAM-INF and EXT-X-I-FRAME-STREAM-INF say. */
export function renditionFacts({ attributes }: TagLine): Omit<Rendition, "identity"> {
	const valueOf = (name: string): string => attributes.get(name)?.text ?? "";
	const [, width, height] = /^(\d{1,6})x(\d{1,6})$/i.exec(valueOf("RESOLUTION")) ?? [];
	return {
		bitrate: /^\d{1,15}$/.test(valueOf("BANDWIDTH")) ? Number(valueOf("BANDWIDTH")) : null,
		width: width === undefined ? null : Number(width),
		height: height === undefined ? null : Number(height),
		codecs: valueOf("CODECS")
			.split(",")
			.map((codec) => codec.trim())
			.filter((codec) => codec !== ""),
	};
}

type Identify = (line: TagLine, uri: string) => string;

/** Attributes in which the places of one rendition may differ. */
const OF_PLACE: ReadonlySet<string> = new Set(["PATHWAY-ID", "STABLE-VARIANT-ID"]);

/** Variants are one rendition when they lead to the same playlist, or when all that is said of them is the same (RFC 8216bis 6.2.4). */
function createIdentifier(): Identify {
	const known = new Map<string, string>();
	return ({ attributes }, uri) => {
		const said = [...attributes].filter(([name]) => !OF_PLACE.has(name)).map(([name, { text }]) => [name, text]);
		const saidKey = JSON.stringify(said);
		const identity = known.get(saidKey) ?? known.get(uri) ?? `${known.size}`;
		known.set(saidKey, identity);
		known.set(uri, identity);
		return identity;
	};
}
