import { describe, expect, it } from "vitest";
import { compileDash, filterDash } from "../../../worker/manifest/dash.ts";
import type { RenditionRules } from "../../../worker/manifest/renditions/rules.ts";
import brightcove from "../../vectors/dash/brightcove-widevine.mpd?raw";
import mediaPackage from "../../vectors/dash/mediapackage-live-ads.mpd?raw";

const KBIT = 1000;

const MPD = `<?xml version="1.0"?>
<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="dynamic" minimumUpdatePeriod="PT2S">
	<PatchLocation ttl="60">patch.mpp</PatchLocation>
	<BaseURL>https://one.example/clip/</BaseURL>
	<BaseURL>https://two.example/clip/</BaseURL>
	<Period id="1">
		<EventStream schemeIdUri="x"><Event><Representation id="no rendition" bandwidth="9000000"/></Event></EventStream>
		<AdaptationSet contentType="video" mimeType="video/mp4" codecs="avc1.4d401f">
			<SegmentTemplate media="$RepresentationID$/$Number$.m4s"/>
			<Representation id="1080" bandwidth="5000000" width="1920" height="1080" codecs="avc1.640028"><BaseURL>hd/</BaseURL></Representation>
			<Representation id="720" bandwidth="2500000" width="1280" height="720"/>
			<Representation id="540" bandwidth="1200000" width="960" height="540"/>
			<Representation id="360" bandwidth="600000" width="640" height="360"/>
		</AdaptationSet>
		<AdaptationSet mimeType="video/mp4" codecs="hvc1.2.4.L120.B0">
			<Representation id="h1080" bandwidth="3000000" width="1920" height="1080"/>
			<Representation id="h540" bandwidth="800000" width="960" height="540"/>
		</AdaptationSet>
		<AdaptationSet contentType="video" mimeType="video/mp4" codecs="avc1.4d401f">
			<EssentialProperty schemeIdUri="http://dashif.org/guidelines/trickmode" value="1"/>
			<Representation id="t1080" bandwidth="700000" width="1920" height="1080"/>
			<Representation id="t360" bandwidth="50000" width="640" height="360"/>
		</AdaptationSet>
		<AdaptationSet contentType="audio" lang="en"><Representation id="en64" bandwidth="64000" mimeType="audio/mp4" codecs="mp4a.40.2"/><Representation id="en128" bandwidth="128000" mimeType="audio/mp4" codecs="mp4a.40.2"/></AdaptationSet>
		<AdaptationSet contentType="audio" lang="ja">
			<Role schemeIdUri="urn:mpeg:dash:role:2011" value="main"/>
			<Representation id="ja64" bandwidth="64000" codecs="mp4a.40.2"/>
			<Representation id="ja384" bandwidth="384000" codecs="ec-3"/>
		</AdaptationSet>
		<AdaptationSet contentType="text" mimeType="text/vtt"><Representation id="subs" bandwidth="1"/></AdaptationSet>
		<AdaptationSet contentType="image" mimeType="image/jpeg"><Representation id="thumbs" bandwidth="90000000" width="9000" height="9000"/></AdaptationSet>
	</Period>
</MPD>
`;

const idsOf = (text: string): string =>
	[...text.matchAll(/<Representation id="([^"]*)"/g)]
		.map(([, id]) => id)
		.filter((id) => id !== "no rendition")
		.join(" ");
const OTHERS = "en64 en128 ja64 ja384 subs thumbs";

describe("the representations of an MPD", () => {
	it.each<[string, RenditionRules, string]>([
		["no rule", {}, `1080 720 540 360 h1080 h540 t1080 t360 ${OTHERS}`],
		["a greatest bitrate", { maxBitrate: 1200 * KBIT }, `540 360 h540 t1080 t360 ${OTHERS}`],
		["a least bitrate", { minBitrate: 1300 * KBIT }, `1080 720 h1080 t1080 t360 ${OTHERS}`],
		["a greatest bitrate below all", { maxBitrate: 100 * KBIT }, `360 t360 ${OTHERS}`],
		["a greatest resolution", { maxResolution: { width: 1280, height: 720 } }, `720 540 360 h540 t360 ${OTHERS}`],
		["a least resolution", { minResolution: { width: 1280, height: 720 } }, `1080 720 h1080 t1080 t360 ${OTHERS}`],
		["a video codec", { videoCodecs: ["hevc"] }, `h1080 h540 ${OTHERS}`],
		["a codec of one representation", { videoCodecs: ["avc1.640028"] }, `1080 ${OTHERS}`],
		["codecs that nothing has", { videoCodecs: ["av1"] }, `1080 720 540 360 h1080 h540 t1080 t360 ${OTHERS}`],
		["an audio codec", { audioCodecs: ["ec-3"] }, "1080 720 540 360 h1080 h540 t1080 t360 ja384 subs thumbs"],
		["three, shared among codecs", { maxVideo: 3 }, `1080 360 h540 t1080 t360 ${OTHERS}`],
		["one", { maxVideo: 1 }, `540 t1080 t360 ${OTHERS}`],
		["one audio: the main one", { maxAudio: 1 }, "1080 720 540 360 h1080 h540 t1080 t360 ja384 subs thumbs"],
		["two audio: one each", { maxAudio: 2 }, "1080 720 540 360 h1080 h540 t1080 t360 en128 ja384 subs thumbs"],
		["three audio", { maxAudio: 3 }, "1080 720 540 360 h1080 h540 t1080 t360 en128 ja64 ja384 subs thumbs"],
		["a first bitrate, in each set", { firstBitrate: 1000 * KBIT }, `540 1080 720 360 h540 h1080 t1080 t360 ${OTHERS}`],
	])("%s", (_what, rules, expected) => {
		expect(idsOf(filterDash(MPD, rules))).toBe(expected);
	});

	it("leave no empty set behind", () => {
		const text = filterDash(MPD, { videoCodecs: ["hevc"], maxAudio: 1 });
		expect(text.match(/<AdaptationSet/g)).toHaveLength(4);
		expect(text).not.toContain('lang="en"');
	});

	it("are judged in each period by itself", () => {
		const periods = [100, 5000].map(
			(kbit) =>
				`<Period><AdaptationSet contentType="video"><Representation id="${kbit}" bandwidth="${kbit * KBIT}"/></AdaptationSet></Period>`,
		);
		expect(idsOf(filterDash(`<MPD>${periods.join("")}</MPD>`, { maxBitrate: 200 * KBIT }))).toBe("100 5000");
	});

	it("keep an AdaptationSet that brings its content in from elsewhere", () => {
		const text = '<MPD><Period><AdaptationSet xlink:href="ad.xml"/></Period></MPD>';
		expect(filterDash(text, { maxBitrate: 1 })).toBe(text);
	});

	it.each(["Period", "AdaptationSet"])("of a %s that is a document of its own are filtered alike", (root) => {
		const set =
			'<AdaptationSet contentType="video"><Representation id="a" bandwidth="1000"/><Representation id="b" bandwidth="2000"/></AdaptationSet>';
		expect(idsOf(filterDash(root === "Period" ? `<Period>${set}</Period>` : set, { maxBitrate: 1000 }))).toBe("a");
	});
});

describe("the rest of the document", () => {
	it("stays byte for byte, but for patches", () => {
		const text = filterDash(MPD, { maxBitrate: 1200 * KBIT });
		const gone = MPD.split("\n").filter((line) => !text.split("\n").includes(line));
		expect(gone.map((line) => /(?:id="(\w+)"|<(PatchLocation))/.exec(line)?.slice(1).join(""))).toEqual([
			"PatchLocation",
			"1080",
			"720",
			"h1080",
		]);
		expect(text).toBe(
			MPD.split("\n")
				.filter((line) => !gone.includes(line))
				.join("\n"),
		);
	});

	it("names the preferred place first, at every level", () => {
		const base = (host: string) => `<BaseURL> https://${host}/ </BaseURL>`;
		const text = `<MPD>${base("one.example")}${base("cdn.two.example")}<Period>${base("a.example")}<AdaptationSet/>${base("two.example")}</Period></MPD>`;
		expect(filterDash(text, { host: { domain: "two.example" } })).toBe(
			`<MPD>${base("cdn.two.example")}${base("one.example")}<Period>${base("two.example")}<AdaptationSet/>${base("a.example")}</Period></MPD>`,
		);
	});

	it("names the preferred place to players that follow content steering", () => {
		const text = (first: string, hosts: readonly string[]) =>
			`<MPD><ContentSteering defaultServiceLocation='${first}' queryBeforeStart="true">https://steer.example/</ContentSteering>${hosts.map((host) => `<BaseURL serviceLocation="${host}&amp;">https://${host}.example/</BaseURL>`).join("")}</MPD>`;
		expect(filterDash(text("alpha&amp;", ["alpha", "beta"]), { host: { domain: "beta.example" } })).toBe(
			text("beta&amp;", ["beta", "alpha"]),
		);
		const other = text("alpha", ["alpha", "beta"]);
		expect(filterDash(other, { host: { domain: "gamma.example" } })).toBe(other);
	});

	it("may change with the order of representations that have places of their own", () => {
		const place = (host: string) => `<BaseURL>https://${host}/</BaseURL>`;
		const representation = (id: string, bases: string) =>
			`<Representation id="${id}" bandwidth="${id}">${bases}</Representation>`;
		const set = (...all: string[]) =>
			`<MPD><Period><AdaptationSet contentType="video">${all.join("")}</AdaptationSet></Period></MPD>`;
		const [before, after] = [place("one.example") + place("two.example"), place("two.example") + place("one.example")];
		expect(
			filterDash(set(representation("1", before), representation("2", before)), {
				host: { domain: "two.example" },
				firstBitrate: 2,
			}),
		).toBe(set(representation("2", after), representation("1", after)));
	});

	it.each([
		["what is not well-formed", MPD.replace("</Period>", "")],
		["a document type", MPD.replace("<MPD", "<!DOCTYPE MPD><MPD")],
		[
			"a patch",
			'<Patch mpdId="1"><add sel="/MPD/Period"><AdaptationSet><Representation id="1" bandwidth="9"/></AdaptationSet></add></Patch>',
		],
	])("of %s is left to the compilation", (_what, text) => {
		const same = filterDash(text, { maxBitrate: 1 });
		expect(same === text || !compileDash(same, contextOf()).ok).toBe(true);
	});

	it.each([
		["Brightcove's", brightcove],
		["MediaPackage's", mediaPackage],
	])("of %s example is read", (_name, text) => {
		expect(filterDash(text, {})).toBe(text.replace(/\n *<PatchLocation.*<\/PatchLocation>/, ""));
		expect(filterDash(text, { maxBitrate: 700 * KBIT }).length).toBeLessThan(text.length);
	});
});

function contextOf() {
	return {
		url: "https://origin.example/clip/manifest.mpd",
		sourceRoot: "https://origin.example/clip/",
		servedBelow: null,
		segments: "gate" as const,
		seal: () => "sealed",
		reachable: () => true,
		licenses: new Set<never>(),
	};
}
