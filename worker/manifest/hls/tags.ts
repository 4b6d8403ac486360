import type { ReferenceKind } from "./context.ts";

interface TagRule {
	readonly kind: ReferenceKind;
	/** Attributes that hold a URI. */
	readonly attributes: readonly string[];
}

const URI = ["URI"];
const PLAYLIST: TagRule = { kind: "playlist", attributes: URI };
const KEY: TagRule = { kind: "key", attributes: URI };

/** Tags whose text is a title or a number, or an attribute list that defines and asks for nothing. */
export const TAGS_WITHOUT_URI: ReadonlySet<string> = new Set([
	"EXTM3U",
	"EXTINF",
	"EXT-X-VERSION",
	"EXT-X-TARGETDURATION",
	"EXT-X-MEDIA-SEQUENCE",
	"EXT-X-DISCONTINUITY-SEQUENCE",
	"EXT-X-PLAYLIST-TYPE",
	"EXT-X-PROGRAM-DATE-TIME",
	"EXT-X-BYTERANGE",
	"EXT-X-BITRATE",
	"EXT-X-DEFINE",
]);

/** RFC 8216bis 4.4 and appendix D (interstitials). Every other tag may have a `URI`, which is taken for media. */
const RULES: ReadonlyMap<string, TagRule> = new Map([
	["EXT-X-MEDIA", PLAYLIST],
	["EXT-X-I-FRAME-STREAM-INF", PLAYLIST],
	["EXT-X-IMAGE-STREAM-INF", PLAYLIST],
	["EXT-X-RENDITION-REPORT", PLAYLIST],
	["EXT-X-KEY", KEY],
	["EXT-X-SESSION-KEY", KEY],
	["EXT-X-SESSION-DATA", { kind: "resource", attributes: URI }],
	["EXT-X-CONTENT-STEERING", { kind: "resource", attributes: ["SERVER-URI"] }],
	["EXT-X-DATERANGE", { kind: "resource", attributes: ["X-ASSET-URI", "X-ASSET-LIST", "X-URI"] }],
]);
const OTHER: TagRule = { kind: "media", attributes: URI };

/** Tags that only a multivariant playlist may have. */
export const MULTIVARIANT_TAGS: ReadonlySet<string> = new Set([
	"EXT-X-STREAM-INF",
	"EXT-X-MEDIA",
	"EXT-X-I-FRAME-STREAM-INF",
	"EXT-X-IMAGE-STREAM-INF",
	"EXT-X-SESSION-DATA",
	"EXT-X-SESSION-KEY",
	"EXT-X-CONTENT-STEERING",
]);

const URI_ATTRIBUTES = Array.from(new Set([OTHER, ...RULES.values()].flatMap(({ attributes }) => attributes)));

/** @param ambiguous whether another player could take the attributes for those of another tag: then all of them count */
export function ruleOf(tag: string, ambiguous: boolean): TagRule {
	const rule = RULES.get(tag) ?? OTHER;
	return ambiguous ? { kind: rule.kind, attributes: URI_ATTRIBUTES } : rule;
}
