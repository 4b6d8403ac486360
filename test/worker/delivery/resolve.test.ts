import { describe, expect, it } from "vitest";
import { type ActionProperties, type Condition, parseResolution } from "../../../worker/catalog/delivery-schema.ts";
import { effectOf, mediaEffect, mediaMoveOf } from "../../../worker/delivery/effect.ts";
import { type DeliveryFacts, actionsOf, merged, needsPlace } from "../../../worker/delivery/resolve.ts";

const FACTS: DeliveryFacts = { deviceGroup: "iphone", country: "JP", continent: "AS" };
const met = (criteria: Condition["if"], facts: Partial<DeliveryFacts> = {}): boolean =>
	actionsOf([{ if: criteria, then: ["a"] }], { ...FACTS, ...facts }).length > 0;

describe("a condition", () => {
	it.each<[string, Condition["if"], Partial<DeliveryFacts>, boolean]>([
		["nothing", {}, {}, true],
		["empty lists", { device_group: [], request_country: [], request_continent: [] }, {}, true],
		["the device", { device_group: ["ipad", "iphone"] }, {}, true],
		["another device", { device_group: ["ipad"] }, {}, false],
		["the country", { request_country: ["US", "JP"] }, {}, true],
		["another country", { request_country: ["US"] }, {}, false],
		["a country that is not known", { request_country: ["JP"] }, { country: null }, false],
		["the continent", { request_continent: ["AS"] }, {}, true],
		["another continent", { request_continent: ["EU", "AF"] }, {}, false],
		["a continent that is not known", { request_continent: ["AS"] }, { continent: null }, false],
		["device and country, of which one fits", { device_group: ["iphone"], request_country: ["US"] }, {}, false],
		["all three", { device_group: ["iphone"], request_country: ["JP"], request_continent: ["AS"] }, {}, true],
		["a device that says nothing", { device_group: ["unknown"] }, { deviceGroup: "unknown" }, true],
	])("on %s", (_what, criteria, facts, expected) => {
		expect(met(criteria, facts)).toBe(expected);
	});

	it("that is met has all its actions applied, those of several in their order", () => {
		const conditions: Condition[] = [
			{ if: { device_group: ["iphone"] }, then: ["b", "a"] },
			{ if: { device_group: ["ipad"] }, then: ["c"] },
			{ if: {}, then: ["a", "d"] },
		];
		expect(actionsOf(conditions, FACTS)).toEqual(["b", "a", "d"]);
	});

	it.each<[Condition["if"], boolean]>([
		[{}, false],
		[{ device_group: ["ipad"], request_country: [] }, false],
		[{ request_country: ["JP"] }, true],
		[{ request_continent: ["AS"] }, true],
	])("%j asks where the client is: %s", (criteria, expected) => {
		expect(
			needsPlace([
				{ if: {}, then: [] },
				{ if: criteria, then: [] },
			]),
		).toBe(expected);
	});
});

describe("actions", () => {
	it("override each other by property, the later the earlier", () => {
		const custom = { a: 1 };
		expect(
			merged([
				{ max_video_bitrate: 1000, first_video_bitrate: 300, custom_properties: { b: 2 } },
				{ max_video_bitrate: 2000 },
				{ custom_properties: custom },
			]),
		).toEqual({ max_video_bitrate: 2000, first_video_bitrate: 300, custom_properties: custom });
	});

	it.each<[string, ActionProperties, object | null]>([
		["nothing", {}, null],
		["custom properties only", { custom_properties: { a: 1 } }, null],
		[
			"bitrates, in kbit/s",
			{ min_video_bitrate: 300, max_video_bitrate: 2500, first_video_bitrate: 800 },
			{ minBitrate: 300_000, maxBitrate: 2_500_000, firstBitrate: 800_000 },
		],
		[
			"resolutions",
			{ min_video_resolution: "640x360", max_video_resolution: "1280x720" },
			{ minResolution: { width: 640, height: 360 }, maxResolution: { width: 1280, height: 720 } },
		],
		["counts", { max_video_renditions: 3, max_audio_renditions: 1 }, { maxVideo: 3, maxAudio: 1 }],
		["codecs", { video_codecs: ["avc1"], audio_codecs: ["aac"] }, { videoCodecs: ["avc1"], audioCodecs: ["aac"] }],
		["a provider", { preferred_cdn_provider: "akamai" }, { host: { part: "akamai" } }],
		[
			"a domain before a provider",
			{ preferred_cdn_provider: "akamai", preferred_cdn_domain: "cdn.example" },
			{ host: { domain: "cdn.example" } },
		],
	])("with %s", (_what, properties, renditions) => {
		expect(effectOf(properties)?.renditions ?? null).toEqual(renditions);
	});

	it("that say the same have the same key, whatever the order that they say it in", () => {
		const key = (properties: ActionProperties) => effectOf(properties)?.key;
		expect(key({ max_video_bitrate: 1, max_audio_renditions: 2 })).toBe(
			key({ max_audio_renditions: 2, max_video_bitrate: 1 }),
		);
		expect(key({ max_video_bitrate: 1 })).toBe(key({ max_video_bitrate: 1, custom_properties: { a: 1 } }));
		expect(key({ max_video_bitrate: 1 })).not.toBe(key({ max_video_bitrate: 2 }));
	});

	it("move media to a preferred domain, with the scheme of the source", () => {
		const effect = effectOf({ preferred_cdn_domain: "cdn.example:8443", max_video_bitrate: 9 });
		if (!effect) throw new Error("no effect");
		const move = { mediaMove: { from: "https://origin.example/", to: "https://cdn.example:8443/" } };
		expect(mediaMoveOf("https://origin.example/clip/m.m3u8", effect)).toEqual(move);
		expect(mediaEffect(effect)).toMatchObject({ renditions: {}, mediaHost: "cdn.example:8443" });
		expect(mediaMoveOf("https://origin.example/clip/m.m3u8", null)).toEqual({});
		const other = effectOf({ preferred_cdn_provider: "fastly" });
		expect(other && [mediaEffect(other), mediaMoveOf("https://origin.example/m.m3u8", other)]).toEqual([null, {}]);
	});
});

it.each([
	["1280x720", { width: 1280, height: 720 }],
	["1x1", { width: 1, height: 1 }],
	["1280X720", null],
	["0x720", null],
	["1280x", null],
	["1280x720p", null],
	["1280 x 720", null],
	["123456x1", null],
	["", null],
])("the resolution %j is %j", (text, expected) => {
	expect(parseResolution(text)).toEqual(expected);
});
