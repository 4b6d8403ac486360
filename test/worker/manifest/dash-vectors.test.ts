import { expect, it } from "vitest";
import type { DashContext } from "../../../worker/manifest/dash.ts";
import brightcove from "../../vectors/dash/brightcove-widevine.mpd?raw";
import ffmpeg from "../../vectors/dash/ffmpeg-live.mpd?raw";
import mediaPackage from "../../vectors/dash/mediapackage-live-ads.mpd?raw";
import segmentList from "../../vectors/dash/segment-list.mpd?raw";
import shaka from "../../vectors/dash/shaka-packager-clearkey.mpd?raw";
import { dashContextOf, dashInPlace, GATE, GRANT_BASE, rewritten, sealedAt, templateOf } from "./dash-fixtures.ts";
import { askedByPlayer, licensesOf } from "./dash-player.ts";
import { ORIGIN } from "./fixtures.ts";

const PLAYBACK = `${GATE}/playback/v1/accounts/a/videos/v/manifest.mpd`;
const IN_PLACE = `${GRANT_BASE}s/dash/live.mpd`;
const media = sealedAt("https://media.example/v1/seg/1234/abcd/");
const live = sealedAt("https://egress.example/out/v1/live/");
const ads = sealedAt("https://ads.example/");

interface Vector {
	readonly name: string;
	readonly text: string;
	readonly context: DashContext;
	readonly loadedFrom: string;
	/** What the player asks for, after the grant. */
	readonly asked: readonly string[];
}

const VECTORS: readonly Vector[] = [
	{
		name: "Shaka Packager's on-demand MPD",
		text: shaka,
		context: dashContextOf(),
		loadedFrom: PLAYBACK,
		asked: ["s/h264_720p_video.mp4", "s/h264_360p_video.mp4", "s/text/en.vtt"],
	},
	{
		name: "ffmpeg's live MPD",
		text: ffmpeg,
		context: dashContextOf(),
		loadedFrom: PLAYBACK,
		asked: ["s/chunk-stream0-00001.m4s", "s/init-stream0.m4s", "s/chunk-stream1-00001.m4s", "s/init-stream1.m4s"],
	},
	{
		name: "a live MPD with ads, alternatives and steering",
		text: mediaPackage,
		context: dashContextOf(),
		loadedFrom: PLAYBACK,
		asked: [
			`${live}index.mpd?aws.sessionId=0a1b&x=%20`,
			`${live}patch.mpp?aws.sessionId=0a1b`,
			`${sealedAt("https://steering.example/")}dash.dcsm?session=1`,
			...["seg_1.m4s", "init.mp4"].map((name) => `${sealedAt("https://ads.example/creative/")}ad/1/${name}`),
			...["alpha", "beta"].flatMap((host) =>
				["175032", "init"].map(
					(part) => `${sealedAt(`https://${host}.example/out/v1/live/`)}index_video_1_0_${part}.mp4?m=1526510463`,
				),
			),
			`${ads}next?break=10&n=2`,
		],
	},
	{
		name: "Brightcove's MPD",
		text: brightcove,
		context: dashContextOf(),
		loadedFrom: PLAYBACK,
		asked: ["720", "360"].flatMap((id) =>
			["segment0", "init"].map((name) => `${media}${id}/${name}.m4f?fastly_token=NjE2XzQ%3D&a=1`),
		),
	},
	{
		name: "segment lists under a prefix",
		text: segmentList,
		context: dashInPlace(),
		loadedFrom: IN_PLACE,
		asked: [
			"s/dash/media/audio/init.mp4",
			`${sealedAt(`${ORIGIN}/index/`)}a.sidx`,
			"s/dash/media/audio/1.m4s",
			"s/dash/media/audio/1.sidx",
			"s/shared/2.m4s",
			`${sealedAt("https://cdn.example/v/")}3.m4s`,
		],
	},
];

it.each(VECTORS)("$name: each URL leads where the gate serves it", ({ text, context, loadedFrom, asked }) => {
	const urls = askedByPlayer(rewritten(text, context, GRANT_BASE), loadedFrom).map(({ url }) => url);
	const expected = new Set(asked.map((path) => GRANT_BASE + path));
	expect(new Set(urls)).toEqual(expected);
});

it.each(VECTORS.filter(({ name }) => name !== "segment lists under a prefix"))(
	"$name: what is no URL stays as it is",
	({ text, context }) => {
		const template = templateOf(text, context);
		const withoutUrls = (document: string): string =>
			document
				.replace("<BaseURL><base>s/</BaseURL>", "")
				.replace(/<dashif:Laurl [^>]*><base>licenses\/clearkey<\/dashif:Laurl>/, "")
				.replaceAll(/(?:https:\/\/|<base>|\.\.\/)[^"<]*/g, "URL");
		expect(withoutUrls(template.parts.join("<base>"))).toBe(withoutUrls(text));
	},
);

it.each([
	["Shaka Packager's", shaka],
	["ffmpeg's", ffmpeg],
])("%s MPD does not change at its own place", (_, text) => {
	expect(templateOf(text, dashInPlace({ licenses: new Set() })).parts).toEqual([text]);
});

it("Brightcove's licence URLs lead to the licence routes of the gate", () => {
	expect(licensesOf(rewritten(brightcove, dashContextOf(), GRANT_BASE))).toEqual([
		`${GRANT_BASE}licenses/cenc/widevine`,
		`${GRANT_BASE}licenses/cenc/playready`,
	]);
});

it("Shaka Packager's MPD, which names no licence server, gets the gate's", () => {
	expect(licensesOf(rewritten(shaka, dashContextOf(), GRANT_BASE))).toEqual([`${GRANT_BASE}licenses/clearkey`]);
});

it.each([
	["ffmpeg's", ffmpeg, true, 500],
	["the live one with ads", mediaPackage, true, 2],
	["Brightcove's", brightcove, false, null],
])("tells how often %s changes", (_, text, isLive, seconds) => {
	expect(templateOf(text, dashContextOf())).toMatchObject({ live: isLive, minimumUpdateSeconds: seconds });
});
