import { expect, it } from "vitest";
import { compileHls, createHlsStream, type HlsContext } from "../../../worker/manifest/hls.ts";
import bipbop from "../../vectors/hls/bipbop-multivariant.m3u8?raw";
import brightcoveMedia from "../../vectors/hls/brightcove-aes128-media.m3u8?raw";
import brightcove from "../../vectors/hls/brightcove-multivariant.m3u8?raw";
import ffmpeg from "../../vectors/hls/ffmpeg-event-media.m3u8?raw";
import interstitial from "../../vectors/hls/interstitial-media.m3u8?raw";
import lowLatency from "../../vectors/hls/low-latency-media.m3u8?raw";
import mediaPackage from "../../vectors/hls/mediapackage-multivariant.m3u8?raw";
import shaka from "../../vectors/hls/shaka-packager-media.m3u8?raw";
import { contextOf, filled, ORIGIN, sealOf, servedInPlace } from "./fixtures.ts";
import { strictPlayer } from "./players.ts";

const at = (dir: string): string => `<base>r/${sealOf(dir)}`;
const renditions = "https://manifest.example/playback/v1/hls/v5/aes128/1234/abcd/";
const media = "https://media.example/v1/segment/1234/abcd/360/";

const VECTORS: readonly { name: string; text: string; context: HlsContext; uris: readonly string[] }[] = [
	{
		name: "Apple's multivariant playlist",
		text: bipbop,
		context: contextOf(),
		uris: ["a1/prog_index", "s1/en/prog_index", "v7/iframe_index", "v5/prog_index", "v9/prog_index"].map(
			(path) => `<base>s/${path}.m3u8`,
		),
	},
	{
		name: "Brightcove's multivariant playlist",
		text: brightcove,
		context: contextOf(),
		uris: ["rendition", "360", "720"].map((name) => `${at(renditions)}/${name}.m3u8?fastly_token=NjE2XzQ%3D`),
	},
	{
		name: "Brightcove's AES-128 playlist",
		text: brightcoveMedia,
		context: contextOf({ url: `${renditions}360.m3u8`, servedBelow: { dir: renditions } }),
		uris: [
			`<base>licenses/aes128/~${sealOf("https://keys.example/playback/v1/accounts/1234/licenses/aes128/abcd?fastly_token=NjE2")}`,
			...[0, 1, 2].map((n) => `${at(media)}/segment${n}.ts?fastly_token=NjE2XzQ%3D&x=%271%27`),
		],
	},
	{
		name: "a low-latency playlist",
		text: lowLatency,
		context: servedInPlace(),
		uris: [
			"init.mp4",
			"fileSequence269.mp4",
			"filePart271.0.mp4",
			"filePart271.1.mp4",
			"<base>s/shared/filePart271.2.mp4",
			"fileSequence271.mp4",
			"filePart272.0.mp4",
			`${at("https://cdn.example/live/")}/init2.mp4`,
			"<base>s/1M/waitForMSN.m3u8",
			"<base>s/4M/waitForMSN.m3u8",
		],
	},
	{
		name: "Shaka Packager's playlist",
		text: shaka,
		context: servedInPlace(),
		uris: ["video_init.mp4", "<base>licenses/aes128/k1.key", "video.mp4", "video.mp4"],
	},
	{
		name: "ffmpeg's event playlist",
		text: ffmpeg,
		context: servedInPlace(),
		uris: ["<base>licenses/aes128/k1.key", "out0.ts", "out1.ts"],
	},
	{
		name: "a multivariant playlist with variables and steering",
		text: mediaPackage,
		context: contextOf({ url: `${ORIGIN}/clip/a/b/c/master.m3u8` }),
		uris: [
			`${at(`${ORIGIN}/`)}/steering?video=00012`,
			"<base>s/a/b/c/lyrics.json",
			`${at("https://egress.example/out/v1/")}/index_1.m3u8?t=`,
			"<base>s/1/index_1_0.m3u8?aws.sessionId={$q}&m=1",
		],
	},
	{
		name: "a playlist with interstitials",
		text: interstitial,
		context: servedInPlace(),
		uris: ["main1.0.ts", `${at("https://ads.example/ad1/")}/master.m3u8`, "ads.json?break=2", "main2.0.ts"],
	},
];

it.each(VECTORS)("$name: each URI leads where the gate serves it", ({ text, context, uris }) => {
	const output = filled(compileHls(text, context), "<base>");
	expect(strictPlayer(output, ORIGIN)).toEqual(uris);
	expect(output.split("\n").length).toBe(text.split("\n").length);
});

it.each(VECTORS)("$name: streamed by chunk, it is the same", ({ text, context }) => {
	const stream = createHlsStream(context, "../../");
	let streamed = "";
	for (let from = 0; from < text.length; from += 7) streamed += stream.push(text.slice(from, from + 7));
	expect(streamed + stream.end()).toBe(filled(compileHls(text, context), "../../"));
});
