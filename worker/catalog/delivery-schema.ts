import * as v from "valibot";
import { isCountry } from "./countries.ts";
import { filled, list, string, text, whole } from "./fields.ts";
import { object, recordOf } from "./issues.ts";
import { idSchema } from "./video-schema.ts";

/** Kinds of devices that conditions tell apart (reference: brightcove 8). */
export const DEVICE_GROUPS = [
	"ipad",
	"iphone",
	"appletv",
	"chromecast",
	"ios-other",
	"fetchtv",
	"roku-9",
	"roku-7/8",
	"desktop-chrome",
	"desktop-firefox",
	"desktop-safari",
	"desktop-edge",
	"android",
	"tablet-android",
	"tablet-kindle",
	"smartphone-generic",
	"unknown",
] as const;
export const CONTINENTS = ["AF", "AN", "AS", "EU", "NA", "OC", "SA"] as const;
export const CDN_PROVIDERS = ["akamai", "cloudfront", "fastly", "jocdn"] as const;

export type DeviceGroup = (typeof DEVICE_GROUPS)[number];

const oneOf = <const T extends readonly string[]>(values: T) =>
	v.picklist(values, `must be one of ${values.join(", ")}`);
const MOST_KBPS = 10_000_000;
const MOST_RENDITIONS = 1000;

const resolution = v.pipe(
	string,
	v.check((value) => parseResolution(value) !== null, "must be WIDTHxHEIGHT in pixels, such as 1280x720"),
);

/** Pixels; null when the text is no resolution. */
export function parseResolution(value: string): { readonly width: number; readonly height: number } | null {
	const [, width, height] = /^([1-9]\d{0,4})x([1-9]\d{0,4})$/.exec(value) ?? [];
	return width === undefined || height === undefined ? null : { width: Number(width), height: Number(height) };
}

/** A host, with a port where it is not the usual one; no scheme and no path. */
const domain = v.pipe(
	text(255),
	v.check(isHost, "must be a host name such as cdn.example.com; no scheme and no path"),
	v.transform((value) => value.toLowerCase()),
);

function isHost(value: string): boolean {
	if (!/^[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::\d{1,5})?$/.test(value)) return false;
	return URL.canParse(`https://${value}/`);
}

const codec = v.pipe(
	string,
	v.regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, "must be a codec such as avc1, hvc1.2.4 or mp4a.40.2"),
);
const codecs = v.pipe(list(codec, 32), v.minLength(1, "must name at least one codec; leave it out to allow all"));

const MOST_CUSTOM_CHARACTERS = 16_384;
const customProperties = v.pipe(
	recordOf(filled(256), v.unknown()),
	v.check(
		(value) => JSON.stringify(value).length <= MOST_CUSTOM_CHARACTERS,
		`must be at most ${MOST_CUSTOM_CHARACTERS} characters of JSON`,
	),
);

/** Null is the same as not set, and is not kept. */
const property = <S extends v.GenericSchema>(schema: S) => v.nullish(schema);

/** What an action does (docs/delivery-rules.md). Bitrates are in kbit/s. */
const propertiesSchema = object({
	min_video_bitrate: property(whole(0, MOST_KBPS)),
	max_video_bitrate: property(whole(1, MOST_KBPS)),
	first_video_bitrate: property(whole(0, MOST_KBPS)),
	min_video_resolution: property(resolution),
	max_video_resolution: property(resolution),
	max_video_renditions: property(whole(1, MOST_RENDITIONS)),
	max_audio_renditions: property(whole(1, MOST_RENDITIONS)),
	preferred_cdn_provider: property(oneOf(CDN_PROVIDERS)),
	preferred_cdn_domain: property(domain),
	video_codecs: property(codecs),
	audio_codecs: property(codecs),
	custom_properties: property(customProperties),
});

export const actionSchema = object({
	id: v.optional(idSchema),
	properties: v.pipe(propertiesSchema, v.transform(withoutNulls)),
});

export type ActionProperties = v.InferOutput<typeof actionSchema>["properties"];

type WithoutNulls<T> = { readonly [K in keyof T]?: NonNullable<T[K]> };

function withoutNulls<T extends object>(given: T): WithoutNulls<T> {
	const set = Object.entries(given).filter(([, value]) => value !== null && value !== undefined);
	return Object.fromEntries(set) as WithoutNulls<T>;
}

const country = v.pipe(
	string,
	v.check(isCountry, "must be a country code of ISO 3166-1 alpha-2, in capitals, such as JP"),
);

const criteriaSchema = object({
	device_group: property(list(oneOf(DEVICE_GROUPS), DEVICE_GROUPS.length)),
	request_country: property(list(country, 300)),
	request_continent: property(list(oneOf(CONTINENTS), CONTINENTS.length)),
});

/** A member of `if` that is not set, or an empty list, is met by every request. */
const conditionSchema = object({
	name: v.optional(text(256)),
	if: v.pipe(criteriaSchema, v.transform(withoutNulls)),
	// oxlint-disable-next-line unicorn/no-thenable -- the API's own name; a list is nothing that `await` would call
	then: list(idSchema, 10),
});

/** All conditions of an account, in the order in which they are applied. */
export const conditionsSchema = list(conditionSchema, 100);

export type Condition = v.InferOutput<typeof conditionSchema>;
