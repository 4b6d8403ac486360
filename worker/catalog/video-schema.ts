import * as v from "valibot";
import { filled, flag, string, text } from "./fields.ts";
import { object, recordOf } from "./issues.ts";
import { SECRET_MASK } from "./sealed-value.ts";

const count = v.pipe(
	v.number("must be a number"),
	v.integer("must be a whole number"),
	v.minValue(0, "must not be negative"),
);
export const epochSeconds = v.pipe(count, v.maxValue(253_402_300_799, "must be seconds since 1970, not milliseconds"));
const json = v.unknown();

/** See `idSchema`. */
export const ID_PATTERN = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/;

/** `account`, `video` and key ids: they stand in paths and in KV keys, so nothing that would need quoting there. */
export const idSchema = v.pipe(
	string,
	v.regex(ID_PATTERN, "must be 1 to 128 of A-Z a-z 0-9 _ . - and start with a letter or digit"),
);

/** Begins a reference id where an id could stand, too: no id holds a colon. */
export const REFERENCE_PREFIX = "ref:";

/** Where media is fetched: `https://host/path`, `r2://BINDING/prefix`, or `http://` on loopback (refused outside the local environment when fetched). */
const sourceUrl = v.pipe(
	filled(4096),
	v.check(isSourceUrl, "must start with https:// or r2://BINDING/ and have no user name, password or fragment"),
);

function isSourceUrl(value: string): boolean {
	if (!URL.canParse(value)) return false;
	const url = new URL(value);
	if (url.username !== "" || url.password !== "" || url.hash !== "" || url.host === "") return false;
	if (url.protocol === "r2:") return /^r2:\/\/[A-Za-z_][A-Za-z0-9_]*\/./.test(value);
	return url.protocol === "https:" || (url.protocol === "http:" && isLoopback(url.hostname));
}

export function isLoopback(hostname: string): boolean {
	return hostname === "localhost" || hostname === "[::1]" || /^127(\.\d{1,3}){3}$/.test(hostname);
}

export const PROTECTIONS = ["", "aes128", "clearkey", "widevine", "playready", "fairplay"] as const;

/** A content key: base64 of 16 bytes (AES-128), 32 hex digits (ClearKey), a sealed one as stored, or the mask that `GET` shows. */
export const KEY_MASK = SECRET_MASK;
const contentKey = v.pipe(
	string,
	v.check(
		(value) =>
			value === KEY_MASK || value.startsWith("sealed:") || isBase64Key(value) || /^[0-9a-fA-F]{32}$/.test(value),
		"must be base64 of exactly 16 bytes, or 32 hex digits",
	),
);

function isBase64Key(value: string): boolean {
	return /^[A-Za-z0-9+/]{22}==$/.test(value);
}

const sourceSchema = object({
	type: v.picklist(
		["application/x-mpegURL", "application/vnd.apple.mpegurl", "application/dash+xml", "video/mp4"],
		"must be application/x-mpegURL, application/vnd.apple.mpegurl, application/dash+xml or video/mp4",
	),
	src: sourceUrl,
	protection: v.optional(
		v.picklist(PROTECTIONS, `must be one of ${PROTECTIONS.map((name) => `"${name}"`).join(", ")}`),
		"",
	),
	keys: v.optional(recordOf(filled(256), contentKey, "must be an object of name: key"), {}),
	avg_bitrate: v.optional(count),
	width: v.optional(count),
	height: v.optional(count),
	size: v.optional(count),
	duration: v.optional(count),
	codec: v.optional(text(100)),
	codecs: v.optional(text(200)),
	container: v.optional(text(100)),
	ext_x_version: v.optional(text(10)),
	profiles: v.optional(text(200)),
	asset_id: v.optional(text(128)),
});

const licenseServer = object({
	url: v.optional(sourceUrl),
	headers: v.optional(recordOf(filled(256), text(8192), "must be an object of header: value")),
	certificate: v.optional(text(65_536)),
});

const schedule = object({
	starts_at: v.optional(v.nullable(epochSeconds), null),
	ends_at: v.optional(v.nullable(epochSeconds), null),
});

/** What the Playback API returns beside the sources (reference: wire facts 4.3); kept as given. */
const descriptive = {
	description: v.optional(v.nullable(text(10_000))),
	long_description: v.optional(v.nullable(text(50_000))),
	created_at: v.optional(text(64)),
	updated_at: v.optional(text(64)),
	published_at: v.optional(text(64)),
	economics: v.optional(text(32)),
	offline_enabled: v.optional(flag),
	link: v.optional(json),
	ad_keys: v.optional(v.nullable(text(10_000))),
	cue_points: v.optional(v.array(json, "must be a list")),
	text_tracks: v.optional(v.array(json, "must be a list")),
	transcripts: v.optional(v.array(json, "must be a list")),
	labels: v.optional(v.array(text(256), "must be a list")),
	variants: v.optional(v.array(json, "must be a list")),
	projection: v.optional(v.nullable(text(64))),
};

/** A video (design 5). `id` and `account_id` may stand in the body, as they do in what GET returns. */
export const videoSchema = object({
	id: v.optional(idSchema),
	account_id: v.optional(idSchema),
	name: v.optional(text(1000), ""),
	reference_id: v.optional(v.nullable(filled(256)), null),
	duration: v.optional(v.nullable(count), null),
	tags: v.optional(
		v.pipe(v.array(filled(128), "must be a list of strings"), v.maxLength(1200, "must have at most 1200 entries")),
		[],
	),
	custom_fields: v.optional(recordOf(filled(256), json), {}),
	state: v.optional(v.picklist(["ACTIVE", "INACTIVE"], "must be ACTIVE or INACTIVE"), "ACTIVE"),
	schedule: v.optional(v.nullable(schedule), { starts_at: null, ends_at: null }),
	playback_rights_id: v.optional(v.nullable(filled(128)), null),
	segments: v.optional(v.picklist(["gate", "direct"], "must be gate or direct"), "gate"),
	allowed_hosts: v.optional(v.array(filled(255), "must be a list of host names"), []),
	sources: v.optional(
		v.pipe(v.array(sourceSchema, "must be a list"), v.maxLength(200, "must have at most 200 entries")),
		[],
	),
	licenses: v.optional(
		object({
			widevine: v.optional(licenseServer),
			playready: v.optional(licenseServer),
			fairplay: v.optional(licenseServer),
		}),
		{},
	),
	vmap: v.optional(recordOf(filled(128), object({ hls: v.optional(sourceUrl), dash: v.optional(sourceUrl) })), {}),
	poster: v.optional(v.nullable(sourceUrl), null),
	thumbnail: v.optional(v.nullable(sourceUrl), null),
	...descriptive,
});

export type VideoInput = v.InferOutput<typeof videoSchema>;
export type Source = VideoInput["sources"][number];
