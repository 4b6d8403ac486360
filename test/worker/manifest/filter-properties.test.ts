import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compileDash, filterDash } from "../../../worker/manifest/dash.ts";
import { compileHls, filterHls } from "../../../worker/manifest/hls.ts";
import type { RenditionRules } from "../../../worker/manifest/renditions/rules.ts";

/** A rendition whose place in the source its name tells. */
interface Made {
	readonly bitrate: number;
	readonly size: readonly [number, number];
	readonly codec: string;
}

const made: fc.Arbitrary<Made> = fc.record({
	bitrate: fc.integer({ min: 1, max: 40 }).map((step) => step * 100_000),
	size: fc.constantFrom<readonly [number, number]>([640, 360], [1280, 720], [1920, 1080], [720, 1280], [1280, 536]),
	codec: fc.constantFrom("avc1.4d401f", "hvc1.2.4.L120.B0", "av01.0.08M.08"),
});
const ladder = fc.array(made, { minLength: 1, maxLength: 12 });
const resolution = fc.record({ width: fc.constantFrom(640, 1280, 1920), height: fc.constantFrom(360, 720, 1080) });
const bitrate = fc.integer({ min: 1, max: 45 }).map((step) => step * 100_000);
const codecs = fc.uniqueArray(fc.constantFrom("avc1", "hevc", "av1", "vp9"), { minLength: 1 });
const rules: fc.Arbitrary<RenditionRules> = fc.record(
	{
		minBitrate: bitrate,
		maxBitrate: bitrate,
		firstBitrate: bitrate,
		minResolution: resolution,
		maxResolution: resolution,
		maxVideo: fc.integer({ min: 1, max: 6 }),
		videoCodecs: codecs,
		host: fc.constant({ domain: "two.example" }),
	},
	{ requiredKeys: [] },
);

const hlsOf = (all: readonly Made[]): string =>
	`#EXTM3U\n${all.map(({ bitrate: bits, size, codec }, index) => `#EXT-X-STREAM-INF:BANDWIDTH=${bits},RESOLUTION=${size.join("x")},CODECS="${codec}",FRAME-RATE=${index + 1}\nv${index}.m3u8\n`).join("")}`;
const dashOf = (all: readonly Made[]): string =>
	`<MPD>\n<Period>\n${["avc1", "hvc1", "av01"]
		.map(
			(family) =>
				`<AdaptationSet contentType="video">\n${all.map((one, index) => (one.codec.startsWith(family) ? representationOf(one, index) : "")).join("")}</AdaptationSet>\n`,
		)
		.join("")}</Period>\n</MPD>\n`;
const representationOf = ({ bitrate: bits, size: [width, height], codec }: Made, index: number): string =>
	`<Representation id="v${index}" bandwidth="${bits}" width="${width}" height="${height}" codecs="${codec}"/>\n`;

const FORMATS = [
	{
		name: "HLS",
		filter: (all: readonly Made[], by: RenditionRules) => filterHls(hlsOf(all), "https://origin.example/m.m3u8", by),
		whole: hlsOf,
		ids: (text: string) => [...text.matchAll(/^v(\d+)\.m3u8$/gm)].map(([, index]) => Number(index)),
	},
	{
		name: "DASH",
		filter: (all: readonly Made[], by: RenditionRules) => filterDash(dashOf(all), by),
		whole: dashOf,
		ids: (text: string) => [...text.matchAll(/id="v(\d+)"/g)].map(([, index]) => Number(index)),
	},
];

const FAMILIES: Readonly<Record<string, string>> = { avc1: "avc1", hevc: "hvc1", av1: "av01", vp9: "vp09" };

function fits({ bitrate: bits, size, codec }: Made, by: RenditionRules): boolean {
	const [long, short] = [Math.max(...size), Math.min(...size)];
	const sides = (box: { width: number; height: number }) => [
		Math.max(box.width, box.height),
		Math.min(box.width, box.height),
	];
	const [mostLong = Infinity, mostShort = Infinity] = by.maxResolution ? sides(by.maxResolution) : [];
	const [leastLong = 0, leastShort = 0] = by.minResolution ? sides(by.minResolution) : [];
	return (
		bits >= (by.minBitrate ?? 0) &&
		bits <= (by.maxBitrate ?? Infinity) &&
		long <= mostLong &&
		short <= mostShort &&
		(long >= leastLong || short >= leastShort) &&
		(!by.videoCodecs || by.videoCodecs.some((name) => codec.startsWith(FAMILIES[name] ?? "?")))
	);
}

describe.each(FORMATS)("a filtered $name manifest", ({ filter, whole, ids }) => {
	it("has renditions of the source only, each once, in their order but for the first", () => {
		fc.assert(
			fc.property(ladder, rules, (all, { firstBitrate: first = 0, ...by }) => {
				const found = ids(filter(all, by));
				expect(found).toEqual(ids(whole(all)).filter((id) => found.includes(id)));
				// Where they are counted, the first bitrate has a say in which are kept.
				if (by.maxVideo !== undefined) return;
				const ordered = ids(filter(all, { ...by, firstBitrate: first }));
				expect(new Set(ordered)).toEqual(new Set(found));
				expect(ordered).toHaveLength(found.length);
			}),
		);
	});

	it("is never without a rendition, and within the bounds whenever one of the source is", () => {
		fc.assert(
			fc.property(ladder, rules, (all, by) => {
				const found = ids(filter(all, by)).flatMap((id) => all[id] ?? []);
				expect(found.length).toBeGreaterThan(0);
				expect(found.every((one) => fits(one, by))).toBe(all.some((one) => fits(one, by)));
				expect(found.length).toBeLessThanOrEqual(by.maxVideo ?? Infinity);
			}),
		);
	});

	it("keeps all that fit where nothing counts them", () => {
		fc.assert(
			fc.property(ladder, rules, (all, { maxVideo: _most, ...by }) => {
				const fitting = all.flatMap((one, index) => (fits(one, by) ? [index] : []));
				const found = ids(filter(all, by));
				expect(fitting.filter((id) => !found.includes(id))).toEqual([]);
			}),
		);
	});

	it("comes out the same when it is filtered again", () => {
		fc.assert(
			fc.property(ladder, rules, (all, by) => {
				const once = filter(all, by);
				const again = once.startsWith("#")
					? filterHls(once, "https://origin.example/m.m3u8", by)
					: filterDash(once, by);
				expect(again).toBe(once);
			}),
		);
	});
});

describe("a filter", () => {
	const line = fc.constantFrom(
		"#EXTM3U",
		'#EXT-X-STREAM-INF:BANDWIDTH=900000,RESOLUTION=1x1,CODECS="avc1,mp4a",AUDIO="a"',
		'#EXT-X-STREAM-INF:BANDWIDTH=1,AUDIO=a,"',
		"#EXT-X-STREAM-INF",
		'#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",DEFAULT=YES,URI="x"',
		'#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=99999999,URI="i"',
		'#EXT-X-CONTENT-STEERING:PATHWAY-ID="p"',
		"a.m3u8",
		"//two.example/b.m3u8\r",
		" \t",
		"#",
		"\u2028c",
	);
	const anyRules = fc.record({ by: rules, most: fc.integer({ min: 1, max: 2 }) });

	it("throws nothing, and makes nothing up, whatever a playlist says", () => {
		fc.assert(
			fc.property(fc.array(line), anyRules, (lines, { by, most }) => {
				const text = lines.join("\n");
				const filtered = filterHls(text, "https://origin.example/m.m3u8", { ...by, maxAudio: most });
				const isSteering = (one: string) => one.startsWith("#EXT-X-CONTENT-STEERING");
				const known = new Set([...lines, ""].map((one) => one.trim()));
				expect(filtered.split("\n").every((one) => known.has(one.trim()) || isSteering(one))).toBe(true);
				expect(() => compileHls(filtered, CONTEXT)).not.toThrow();
			}),
		);
	});

	it("leaves a well-formed MPD well-formed", () => {
		fc.assert(
			fc.property(ladder, anyRules, (all, { by, most }) => {
				const text = filterDash(dashOf(all), { ...by, maxAudio: most });
				expect(compileDash(text, { ...CONTEXT, licenses: new Set() }).ok).toBe(true);
			}),
		);
	});

	it("is quick about a document of a thousand sets and ten thousand variants", () => {
		const set = `<AdaptationSet contentType="video">${'<Representation id="x" bandwidth="1000"/>'.repeat(20)}</AdaptationSet>`;
		const mpd = `<MPD><Period>${set.repeat(1000)}</Period></MPD>`;
		expect(filterDash(mpd, { maxVideo: 1 }).match(/<Representation/g)).toHaveLength(1);
		const variants = Array.from({ length: 10_000 }, (_, n) => `#EXT-X-STREAM-INF:BANDWIDTH=${n}\nv${n}.m3u8\n`).join(
			"",
		);
		const filtered = filterHls(`#EXTM3U\n${variants}`, "https://origin.example/m.m3u8", { maxVideo: 1000 });
		expect(filtered.match(/STREAM-INF/g)).toHaveLength(1000);
	});
});

const CONTEXT = {
	url: "https://origin.example/m",
	sourceRoot: "https://origin.example/",
	servedBelow: null,
	segments: "gate" as const,
	keyNames: new Set<string>(),
	seal: () => "sealed",
	reachable: () => true,
};
