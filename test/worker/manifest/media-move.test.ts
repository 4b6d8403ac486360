import { describe, expect, it } from "vitest";
import { compileHls } from "../../../worker/manifest/hls.ts";
import { dashContextOf, rewritten } from "./dash-fixtures.ts";
import { ORIGIN, filled, servedInPlace } from "./fixtures.ts";

const mediaMove = { from: `${ORIGIN}/`, to: "https://cdn.example/" };

describe("media that players fetch at another host", () => {
	const PLAYLIST = `#EXTM3U
#EXT-X-TARGETDURATION:4
#EXT-X-KEY:METHOD=AES-128,URI="k1.key"
#EXT-X-MAP:URI="init.mp4"
#EXT-X-DATERANGE:ID="ad",X-ASSET-LIST="${ORIGIN}/ads.json"
#EXTINF:4,
seg0.m4s?a=1
#EXTINF:4,
${ORIGIN}/other/seg1.m4s
#EXTINF:4,
https://elsewhere.example/seg2.m4s
#EXTINF:4,
https://origin.example.evil.example/seg3.m4s
#EXT-X-ENDLIST
`;

	it("in a playlist: what lies at the source's own, and nothing else", () => {
		const text = filled(compileHls(PLAYLIST, servedInPlace({ segments: "direct", mediaMove })));
		expect(text.match(/https:[^"\n]*/g)).toEqual([
			"https://cdn.example/clip/720/init.mp4",
			`${ORIGIN}/ads.json`,
			"https://cdn.example/clip/720/seg0.m4s?a=1",
			"https://cdn.example/other/seg1.m4s",
			"https://elsewhere.example/seg2.m4s",
			"https://origin.example.evil.example/seg3.m4s",
		]);
		expect(text).toContain('URI="/g/GRANT/licenses/aes128/k1.key"');
	});

	it("stays where the gate itself fetches it", () => {
		const context = servedInPlace();
		expect(filled(compileHls(PLAYLIST, { ...context, mediaMove }))).toBe(filled(compileHls(PLAYLIST, context)));
	});

	const mpd = (base: string, media = "$Number$.m4s", below = ""): string =>
		`<MPD>${base}<Period><AdaptationSet>${below}<SegmentTemplate media="${media}"/></AdaptationSet></Period></MPD>`;

	it.each([
		["no BaseURL", mpd(""), mpd("<BaseURL>https://cdn.example/clip/</BaseURL>")],
		["a relative one", mpd("<BaseURL>v/</BaseURL>"), mpd("<BaseURL>https://cdn.example/clip/v/</BaseURL>")],
		[
			"absolute ones",
			mpd(`<BaseURL>${ORIGIN}/a/</BaseURL><BaseURL>https://elsewhere.example/a/</BaseURL>`),
			mpd("<BaseURL>https://cdn.example/a/</BaseURL><BaseURL>https://elsewhere.example/a/</BaseURL>"),
		],
		[
			"one further below",
			mpd("", "$Number$.m4s", `<BaseURL>${ORIGIN}/b/</BaseURL>`),
			mpd("<BaseURL>https://cdn.example/clip/</BaseURL>", "$Number$.m4s", "<BaseURL>https://cdn.example/b/</BaseURL>"),
		],
		[
			"an absolute template",
			mpd("<BaseURL>https://elsewhere.example/</BaseURL>", `${ORIGIN}/t/$Number$.m4s`),
			mpd("<BaseURL>https://elsewhere.example/</BaseURL>", "https://cdn.example/t/$Number$.m4s"),
		],
	])("in an MPD with %s", (_what, text, expected) => {
		expect(rewritten(text, dashContextOf({ segments: "direct", mediaMove }))).toBe(expected);
	});
});
