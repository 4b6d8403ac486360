import { describe, expect, it } from "vitest";
import { filterHls } from "../../../worker/manifest/hls.ts";
import type { RenditionRules } from "../../../worker/manifest/renditions/rules.ts";
import bipbop from "../../vectors/hls/bipbop-multivariant.m3u8?raw";

const URL_AT_SOURCE = "https://origin.example/clip/master.m3u8";
const KBIT = 1000;

/** A ladder, the best rendition first, as many packagers write it. */
const LADDER = `#EXTM3U
#EXT-X-VERSION:6
# a comment
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="aac",NAME="English",LANGUAGE="en",URI="en.m3u8"
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="aac",NAME="Français",LANGUAGE="fr",AUTOSELECT=YES,URI="fr.m3u8"
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="aac",NAME="日本語",LANGUAGE="ja",DEFAULT=YES,AUTOSELECT=YES,URI="ja.m3u8"
#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="subs",NAME="English",LANGUAGE="en",URI="subs.m3u8"
#EXT-X-STREAM-INF:BANDWIDTH=5000000,RESOLUTION=1920x1080,CODECS="avc1.640028,mp4a.40.2",AUDIO="aac",SUBTITLES="subs"
1080.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=2500000,RESOLUTION=1280x720,CODECS="avc1.4d401f,mp4a.40.2",AUDIO="aac",SUBTITLES="subs"
720.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=1200000,RESOLUTION=960x540,CODECS="avc1.4d401f,mp4a.40.2",AUDIO="aac",SUBTITLES="subs"
540.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=600000,RESOLUTION=640x360,CODECS="avc1.4d401e,mp4a.40.2",AUDIO="aac",SUBTITLES="subs"
360.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=64000,CODECS="mp4a.40.2",AUDIO="aac"
audio.m3u8
#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=800000,RESOLUTION=1920x1080,CODECS="avc1.640028",URI="i1080.m3u8"
#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=100000,RESOLUTION=640x360,CODECS="avc1.4d401e",URI="i360.m3u8"
`;

/** URIs of the variants, in their order. */
const variantsOf = (text: string): string[] =>
	text
		.replace("\uFEFF", "")
		.split(/\r?\n/)
		.filter((line) => line !== "" && !line.startsWith("#"));
const filtered = (rules: RenditionRules, text = LADDER): string => filterHls(text, URL_AT_SOURCE, rules);
const left = (rules: RenditionRules, text = LADDER): string =>
	variantsOf(filtered(rules, text))
		.map((uri) => uri.replace(".m3u8", ""))
		.join(" ");

describe("the variants of a playlist", () => {
	it.each<[string, RenditionRules, string]>([
		["no rule", {}, "1080 720 540 360 audio"],
		["a greatest bitrate", { maxBitrate: 1200 * KBIT }, "540 360 audio"],
		["a least bitrate", { minBitrate: 1201 * KBIT }, "1080 720 audio"],
		["a range of bitrates", { minBitrate: 600 * KBIT, maxBitrate: 2500 * KBIT }, "720 540 360 audio"],
		["a greatest bitrate below all", { maxBitrate: 100 * KBIT }, "360 audio"],
		["a least bitrate above all", { minBitrate: 9000 * KBIT }, "1080 audio"],
		["a range between two", { minBitrate: 1300 * KBIT, maxBitrate: 1400 * KBIT }, "540 audio"],
		[
			"a least bitrate above the greatest",
			{ minBitrate: 5000 * KBIT, maxBitrate: 600 * KBIT },
			"1080 720 540 360 audio",
		],
		["a greatest resolution", { maxResolution: { width: 960, height: 540 } }, "540 360 audio"],
		["a greatest resolution that is upright", { maxResolution: { width: 540, height: 960 } }, "540 360 audio"],
		["a greatest resolution below all", { maxResolution: { width: 320, height: 180 } }, "360 audio"],
		["a least resolution", { minResolution: { width: 1280, height: 720 } }, "1080 720 audio"],
		["a least resolution above all", { minResolution: { width: 3840, height: 2160 } }, "1080 audio"],
		[
			"bitrate and resolution that nothing meets together",
			{ maxBitrate: 700 * KBIT, minResolution: { width: 1280, height: 720 } },
			"360 audio",
		],
		["as many as there are", { maxVideo: 4 }, "1080 720 540 360 audio"],
		["three: the ends and one between", { maxVideo: 3 }, "1080 720 360 audio"],
		["two: the ends", { maxVideo: 2 }, "1080 360 audio"],
		["one: the middle", { maxVideo: 1 }, "540 audio"],
		["one, and a first bitrate", { maxVideo: 1, firstBitrate: 4000 * KBIT }, "1080 audio"],
		["a count of those that fit", { maxVideo: 2, maxBitrate: 2500 * KBIT }, "720 360 audio"],
		["a first bitrate", { firstBitrate: 1300 * KBIT }, "540 1080 720 360 audio"],
		["a first bitrate halfway", { firstBitrate: 900 * KBIT }, "360 1080 720 540 audio"],
		["a first bitrate among those that fit", { firstBitrate: 5000 * KBIT, maxBitrate: 1200 * KBIT }, "540 360 audio"],
		["a codec of all", { videoCodecs: ["avc1"] }, "1080 720 540 360 audio"],
		["the name of its family, in capitals", { videoCodecs: ["H264"] }, "1080 720 540 360 audio"],
		["one profile", { videoCodecs: ["avc1.4d401f"] }, "720 540 audio"],
		["codecs that nothing has", { videoCodecs: ["hevc", "av1"] }, "1080 720 540 360 audio"],
		["an audio codec of all", { audioCodecs: ["mp4a.40"] }, "1080 720 540 360 audio"],
		["an audio codec that nothing has", { audioCodecs: ["ec-3"] }, "1080 720 540 360"],
	])("%s", (_what, rules, expected) => {
		expect(left(rules)).toBe(expected);
	});

	it("without a bitrate or resolution stay, whatever the bounds are", () => {
		const text = "#EXTM3U\n#EXT-X-STREAM-INF:PROGRAM-ID=1\na.m3u8\n#EXT-X-STREAM-INF:BANDWIDTH=900000\nb.m3u8\n";
		expect(left({ maxBitrate: 1, maxResolution: { width: 1, height: 1 } }, text)).toBe("a");
		expect(left({ minResolution: { width: 1280, height: 720 } }, text)).toBe("a b");
	});

	it("of wide pictures are as high a resolution as the box that they were scaled into", () => {
		const text =
			"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=2,RESOLUTION=1280x536\na.m3u8\n#EXT-X-STREAM-INF:BANDWIDTH=1,RESOLUTION=960x402\nb.m3u8\n";
		expect(left({ minResolution: { width: 1280, height: 720 } }, text)).toBe("a");
	});

	it("of upright pictures are judged as if they lay", () => {
		const text =
			"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=2,RESOLUTION=1080x1920\na.m3u8\n#EXT-X-STREAM-INF:BANDWIDTH=1,RESOLUTION=720x1280\nb.m3u8\n";
		expect(left({ maxResolution: { width: 1280, height: 720 } }, text)).toBe("b");
	});
});

describe("what belongs to variants", () => {
	const TWO_GROUPS = `#EXTM3U
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="aac",NAME="a",URI="aac.m3u8"
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="dolby",NAME="a",URI="dolby.m3u8"
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="unused",NAME="a",URI="unused.m3u8"
#EXT-X-STREAM-INF:BANDWIDTH=1000000,CODECS="avc1.4d401f,mp4a.40.2",AUDIO="aac"
v.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=1300000,CODECS="avc1.4d401f,ec-3",AUDIO="dolby"
v.m3u8
`;

	it("goes with the last of them: an audio group that no variant is left to name", () => {
		const text = filtered({ audioCodecs: ["aac"] }, TWO_GROUPS);
		expect(text).not.toContain("dolby");
		expect(text).toContain("unused.m3u8");
		expect(filtered({ maxBitrate: 2000 * KBIT }, TWO_GROUPS)).toBe(TWO_GROUPS);
	});

	it("counts one picture with several kinds of audio as one rendition", () => {
		expect(filtered({ maxVideo: 1 }, TWO_GROUPS)).toBe(TWO_GROUPS);
	});

	it.each([
		[1, ["ja"]],
		[2, ["fr", "ja"]],
		[3, ["en", "fr", "ja"]],
		[9, ["en", "fr", "ja"]],
	])("keeps %i of an audio group, what players start with first", (maxAudio, names) => {
		const text = filtered({ maxAudio });
		expect([...text.matchAll(/TYPE=AUDIO.*URI="(\w+)\.m3u8"/g)].map(([, name]) => name)).toEqual(names);
		expect(text).toContain("subs.m3u8");
	});

	it("is dropped with them: I-frame playlists beyond the greatest bitrate, resolution or the codecs", () => {
		const seeking = (rules: RenditionRules) => [...filtered(rules).matchAll(/"(i\d+)\.m3u8"/g)].map(([, name]) => name);
		expect(seeking({ maxBitrate: 700 * KBIT })).toEqual(["i360"]);
		expect(seeking({ maxResolution: { width: 1280, height: 720 } })).toEqual(["i360"]);
		expect(seeking({ videoCodecs: ["avc1.640028"] })).toEqual(["i1080"]);
		expect(seeking({ videoCodecs: ["vp9"] })).toEqual(["i1080", "i360"]); // no variant has it, so it limits nothing
		expect(seeking({ minBitrate: 900 * KBIT, minResolution: { width: 1280, height: 720 } })).toEqual(["i1080", "i360"]);
	});
});

describe("a mix of codecs", () => {
	const MIXED = ["avc1.640028", "hvc1.2.4.L120.B0"]
		.flatMap((codec) =>
			[1, 2, 3, 4].map(
				(step) =>
					`#EXT-X-STREAM-INF:BANDWIDTH=${step}000000,CODECS="${codec},mp4a.40.2"\n${codec.slice(0, 4)}-${step}.m3u8\n`,
			),
		)
		.join("");

	it.each<[string, RenditionRules, string]>([
		["is cut to one", { videoCodecs: ["hevc"] }, "hvc1-1 hvc1-2 hvc1-3 hvc1-4"],
		["shares a count, so that each device has something", { maxVideo: 4 }, "avc1-1 avc1-4 hvc1-1 hvc1-4"],
		["gives the odd one to the first", { maxVideo: 3 }, "avc1-1 avc1-4 hvc1-2"],
		["has the most common one where only one is left", { maxVideo: 1 }, "avc1-2"],
	])("%s", (_what, rules, expected) => {
		expect(left(rules, `#EXTM3U\n${MIXED}`)).toBe(expected);
	});
});

describe("several places of the same renditions", () => {
	const stream = (host: string, step: number) =>
		`#EXT-X-STREAM-INF:BANDWIDTH=${step}000000,RESOLUTION=${step}00x100\nhttps://${host}/v${step}.m3u8\n`;
	const PLACES = `#EXTM3U\n${[1, 2].map((step) => stream("one.example", step)).join("")}${[1, 2].map((step) => stream("eu.two.example", step)).join("")}`;

	it.each<[string, RenditionRules, string[]]>([
		["the domain", { host: { domain: "eu.two.example" } }, ["eu.two 1", "eu.two 2", "one 1", "one 2"]],
		["a domain above it", { host: { domain: "two.example" } }, ["eu.two 1", "eu.two 2", "one 1", "one 2"]],
		[
			"part of a name that is no domain",
			{ host: { domain: "wo.example" } },
			["one 1", "one 2", "eu.two 1", "eu.two 2"],
		],
		["a provider", { host: { part: "two" } }, ["eu.two 1", "eu.two 2", "one 1", "one 2"]],
		["another", { host: { part: "akamai" } }, ["one 1", "one 2", "eu.two 1", "eu.two 2"]],
		[
			"the domain and a first bitrate",
			{ host: { domain: "two.example" }, firstBitrate: 2000 * KBIT },
			["eu.two 2", "one 2", "eu.two 1", "one 1"],
		],
		["a count, which counts renditions and not places", { maxVideo: 1 }, ["one 1", "eu.two 1"]],
	])("come in the order that %s says", (_what, rules, expected) => {
		const order = variantsOf(filtered(rules, PLACES)).map((uri) =>
			uri.replace(/https:\/\/(.*)\.example\/v(\d)\.m3u8/, "$1 $2"),
		);
		expect(order).toEqual(expected);
	});

	it("are steered to the preferred one first", () => {
		const pathway = (host: string, id: string) =>
			`#EXT-X-STREAM-INF:BANDWIDTH=1000,PATHWAY-ID="${id}"\nhttps://${host}/v.m3u8\n`;
		const text = `#EXTM3U\n#EXT-X-CONTENT-STEERING:SERVER-URI="/steer",PATHWAY-ID="A"\n${pathway("one.example", "A")}${pathway("two.example", "B")}`;
		const result = filtered({ host: { domain: "two.example" } }, text);
		expect(result).toContain('#EXT-X-CONTENT-STEERING:SERVER-URI="/steer",PATHWAY-ID="B"\n');
		expect(variantsOf(result)).toEqual(["https://two.example/v.m3u8", "https://one.example/v.m3u8"]);
	});
});

describe("the rest of the text", () => {
	it("stays byte for byte", () => {
		const text = filtered({ maxBitrate: 1200 * KBIT, maxResolution: { width: 960, height: 540 } });
		const gone = LADDER.split("\n").filter((line) => !text.split("\n").includes(line));
		expect(gone).toHaveLength(5);
		expect(gone.every((line) => /STREAM-INF|1080\.m3u8|720\.m3u8/.test(line))).toBe(true);
		expect(text).toBe(
			LADDER.split("\n")
				.filter((line) => !gone.includes(line))
				.join("\n"),
		);
	});

	it.each([
		["carriage returns", LADDER.replaceAll("\n", "\r\n")],
		["no line feed at the end", LADDER.replace(/\n#EXT-X-I-FRAME[\s\S]*$/, "")],
		["comments and blank lines between tag and URI", LADDER.replaceAll("\n1080", "\n\n# hm\n1080")],
		["a byte order mark", `\uFEFF${LADDER}`],
	])("may have %s", (_what, text) => {
		expect(left({ maxBitrate: 1200 * KBIT, firstBitrate: 600 * KBIT }, text)).toBe("360 540 audio");
		expect(left({ firstBitrate: 64 * KBIT }, text)).toBe("360 1080 720 540 audio");
	});

	it.each([
		["a media playlist", "#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\na.ts\n#EXT-X-ENDLIST\n"],
		["both kinds in one", `${LADDER}#EXTINF:4,\na.ts\n`],
		["a tag without its URI", "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=9000000\n"],
		["an empty file", "#EXTM3U\n"],
	])("of %s is not touched", (_what, text) => {
		expect(filtered({ maxBitrate: 1, maxVideo: 1, firstBitrate: 1 }, text)).toBe(text);
	});

	it("of Apple's example keeps its renditions in all their groups", () => {
		const text = filtered({ maxResolution: { width: 960, height: 540 }, firstBitrate: 1000 * KBIT }, bipbop);
		const widths = [...text.matchAll(/RESOLUTION=(\d+)x/g)].map(([, width]) => Number(width));
		expect(Math.max(...widths)).toBeLessThanOrEqual(960);
		expect(new Set(variantsOf(text)).size).toBeGreaterThan(0);
	});
});
