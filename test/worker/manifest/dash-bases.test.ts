import { describe, expect, it } from "vitest";
import { CDN, change, dashContextOf, dashInPlace, mpd, rewritten, sealedAt } from "./dash-fixtures.ts";
import { ORIGIN } from "./fixtures.ts";

describe("BaseURL", () => {
	it("is resolved against the levels above", () => {
		const text = mpd(
			"<BaseURL>https://cdn.example/v/</BaseURL><Period><BaseURL>a/</BaseURL><AdaptationSet><BaseURL>/b/</BaseURL><Representation><BaseURL>../c.mp4</BaseURL></Representation></AdaptationSet></Period><Period><BaseURL>../d/</BaseURL></Period>",
		);
		expect(rewritten(text, dashInPlace())).toBe(
			mpd(
				`<BaseURL><base>${CDN}</BaseURL><Period><BaseURL>a/</BaseURL><AdaptationSet><BaseURL><base>${sealedAt("https://cdn.example/b/")}</BaseURL><Representation><BaseURL><base>${sealedAt("https://cdn.example/")}c.mp4</BaseURL></Representation></AdaptationSet></Period><Period><BaseURL><base>${sealedAt("https://cdn.example/d/")}</BaseURL></Period>`,
			),
		);
	});

	it("keeps alternatives apart", () => {
		const text = mpd(
			'<BaseURL serviceLocation="a">https://a.example/v/</BaseURL><BaseURL serviceLocation="b" byteRange="$base$?r=$first$-$last$">https://b.example/v/</BaseURL>',
		);
		expect(rewritten(text, dashContextOf())).toBe(
			text.replaceAll(
				/https:\/\/(.)\.example\/v\//g,
				(_, host: string) => `<base>${sealedAt(`https://${host}.example/v/`)}`,
			),
		);
	});

	it.each([
		["a comment", "https://cdn.example<!-- -->/v/"],
		["CDATA", "<![CDATA[https://cdn.example]]>/v/"],
		["an instruction", "https:<?x?>//cdn.example/v/"],
		["an element", "https:<x xlink:href='https://evil.example/'>//cdn</x>.example/v/"],
	])("reads on past %s in its text", (_, content) => {
		expect(change((url) => mpd(`<BaseURL>${url}</BaseURL>`), content)).toBe(`<base>${CDN}`);
	});

	it.each([
		["data", "data:<!-- -->x", "data:x"],
		["an unreachable host", "http://cdn.example/<!-- -->:x", "http://cdn.example/:x"],
		["a plain name", "a<!-- -->/", "<base>s/dash/a/"],
	])("reads the same to all players when it is %s in pieces", (_, content, expected) => {
		expect(change((url) => mpd(`<BaseURL>${url}</BaseURL>`), content)).toBe(expected);
	});
});

describe("a document at the token's path", () => {
	const period = '<Period><SegmentTemplate media="a/$Time$.m4s"/></Period>';
	it("gets one BaseURL, and all else stays", () => {
		const text = `<?xml version="1.0"?>\r\n<MPD type='static' >\r\n  ${period}</MPD>\n`;
		expect(rewritten(text, dashContextOf())).toBe(text.replace(" >", " ><BaseURL><base>s/</BaseURL>"));
	});

	it.each([
		["with the MPD's prefix", `<m:MPD>${period}</m:MPD>`, "<m:MPD>", "<m:BaseURL><base>s/</m:BaseURL>", {}],
		[
			"after the program information",
			mpd(`<ProgramInformation><Title/></ProgramInformation>${period}`),
			"</ProgramInformation>",
			"<BaseURL><base>s/</BaseURL>",
			{},
		],
		[
			"of its own directory",
			mpd(period),
			"<MPD>",
			"<BaseURL><base>s/x/y/</BaseURL>",
			{ url: `${ORIGIN}/clip/x/y/m.mpd?a/b` },
		],
		[
			"sealed when that is not the source's",
			mpd(period),
			"<MPD>",
			`<BaseURL><base>${CDN}</BaseURL>`,
			{ url: "https://cdn.example/v/m.mpd" },
		],
		[
			"from a bucket",
			mpd(period),
			"<MPD>",
			"<BaseURL><base>s/</BaseURL>",
			{ url: "r2://MEDIA/c/m.mpd", sourceRoot: "r2://MEDIA/c/" },
		],
	])("gets it %s", (_, text, after, inserted, overrides) => {
		expect(rewritten(text, dashContextOf(overrides))).toBe(text.replace(after, after + inserted));
	});

	it.each([
		["relative", "v/", "<base>s/v/"],
		["this directory", "./", "<base>s/"],
		["absolute", "https://cdn.example/v/", `<base>${CDN}`],
		["of an unreachable host", "http://cdn.example/v/", "http://cdn.example/v/"],
	])("needs no other when it has one that is %s", (_, url, expected) => {
		expect(rewritten(mpd(`<BaseURL> ${url} </BaseURL>${period}`), dashContextOf())).toBe(
			mpd(`<BaseURL> ${expected} </BaseURL>${period}`),
		);
	});

	it.each([
		["Location", "<Location>next.mpd</Location>"],
		["PatchLocation", '<PatchLocation ttl="60">next.mpd</PatchLocation>'],
		["ContentSteering", '<ContentSteering queryBeforeStart="true">next.mpd</ContentSteering>'],
		["an xlink", '<Period xlink:href="next.mpd"/>'],
		["an imported MPD", '<Period><ImportedMPD uri="next.mpd"/></Period>'],
	])("starts %s at the gate", (_, content) => {
		const text = mpd(`<BaseURL>./</BaseURL>${content}`);
		expect(rewritten(text, dashContextOf())).toBe(
			mpd(`<BaseURL><base>s/</BaseURL>${content.replace("next", "<base>s/next")}`),
		);
		const elsewhere = text.replace("next", "https://cdn.example/v/next");
		expect(rewritten(elsewhere, dashContextOf())).toContain(`<base>${CDN}next.mpd`);
		expect(rewritten(mpd(content), dashInPlace())).toBe(mpd(content));
	});
});

describe("segments straight from the source", () => {
	const direct = { segments: "direct" } as const;
	it.each([
		["a BaseURL to the source is added", mpd("<Period/>"), mpd(`<BaseURL>${ORIGIN}/clip/</BaseURL><Period/>`)],
		[
			"a relative one is made absolute",
			mpd("<BaseURL>a?b&amp;c</BaseURL>"),
			mpd(`<BaseURL>${ORIGIN}/clip/a?b&amp;c</BaseURL>`),
		],
		[
			"an absolute one stays",
			mpd("<BaseURL>https://cdn.example/v/</BaseURL>"),
			mpd("<BaseURL>https://cdn.example/v/</BaseURL>"),
		],
		[
			"those below stay",
			mpd(
				"<BaseURL>//cdn.example</BaseURL><Period><BaseURL>../x/</BaseURL><SegmentTemplate media='/y/$Time$'/></Period>",
			),
			mpd(
				"<BaseURL>https://cdn.example/</BaseURL><Period><BaseURL>../x/</BaseURL><SegmentTemplate media='/y/$Time$'/></Period>",
			),
		],
		[
			"documents stay behind the gate",
			mpd("<BaseURL>https://cdn.example/v/</BaseURL><Location>m.mpd</Location><Period xlink:href='p.xml'/>"),
			mpd(
				`<BaseURL>https://cdn.example/v/</BaseURL><Location><base>s/m.mpd</Location><Period xlink:href='<base>${CDN}p.xml'/>`,
			),
		],
		[
			"steering is asked there",
			mpd("<BaseURL>https://cdn.example/v/</BaseURL><ContentSteering>steer</ContentSteering>"),
			mpd(`<BaseURL>https://cdn.example/v/</BaseURL><ContentSteering>${ORIGIN}/clip/steer</ContentSteering>`),
		],
		["remote periods stay", "<Period><BaseURL>../x/</BaseURL></Period>", "<Period><BaseURL>../x/</BaseURL></Period>"],
	])("%s", (_, text, expected) => {
		expect(rewritten(text, dashContextOf(direct))).toBe(expected);
	});

	it("come from the gate when the source is a bucket", () => {
		const context = dashContextOf({ ...direct, url: "r2://MEDIA/c/m.mpd", sourceRoot: "r2://MEDIA/c/" });
		expect(rewritten(mpd("<Period/>"), context)).toBe(mpd("<BaseURL><base>s/</BaseURL><Period/>"));
	});
});
