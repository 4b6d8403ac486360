import { describe, expect, it } from "vitest";
import { type DashContext, compileDash, isDash } from "../../../worker/manifest/dash.ts";
import { dashContextOf, dashInPlace, rewritten, sealedAt, templateOf } from "./dash-fixtures.ts";
import { ORIGIN } from "./fixtures.ts";

const CDN = sealedAt("https://cdn.example/v/");
const mpd = (content: string): string => `<MPD>${content}</MPD>`;
const inRepresentation = (content: string, before = ""): string =>
	mpd(
		`<Period>${before}<AdaptationSet><Representation id="1" bandwidth="1">${content}</Representation></AdaptationSet></Period>`,
	);
/** What the rewriting makes of the one URL in a document that is served in place. */
function change(wrap: (url: string) => string, url: string, overrides: Partial<DashContext> = {}): string {
	const mark = "\u2603";
	const [before = "", after = ""] = wrap(mark).split(mark);
	const output = rewritten(wrap(url), dashInPlace(overrides));
	expect(output.startsWith(before) && output.endsWith(after)).toBe(true);
	return output.slice(before.length, output.length - after.length);
}

describe("isDash", () => {
	it.each([
		["an MPD", "<MPD>", true],
		["an MPD with a prefix", '<dash:MPD xmlns:dash="urn:mpeg:dash:schema:mpd:2011">', true],
		["an MPD behind what may stand in front", '\uFEFF <?xml version="1.0"?>\n<!-- > -->\n<!-- -->\n<MPD/>', true],
		["a patch", "<Patch mpdId='1'>", true],
		["a remote period", "<Period>", true],
		["an MPD with a document type, so that it is refused as one", "<!DOCTYPE MPD [", true],
		["another element", "<MPDs>", false],
		["a VMAP document", "<vmap:VMAP>", false],
		["a playlist", "#EXTM3U\n", false],
		["an endless comment", "<!-- <MPD>", false],
		["nothing", "", false],
	])("knows %s", (_, text, expected) => {
		expect(isDash(text)).toBe(expected);
	});
});

describe("a document at its own place", () => {
	it("does not change when all its URLs stay below what the gate serves", () => {
		const text = inRepresentation(
			'<BaseURL>\n\t../video/./a/ </BaseURL>\r\n<SegmentTemplate media="$RepresentationID$/$Time$.m4s?a=1&amp;b=2" initialization="../i.mp4"/>',
			"<BaseURL serviceLocation='a' byteRange='$base$?$query$'>p1/</BaseURL><!-- https://cdn.example/ -->",
		);
		expect(templateOf(text, dashInPlace()).parts).toEqual([text]);
	});

	it.each([
		["is absolute", "https://cdn.example/v/a.mp4", `<base>${CDN}a.mp4`],
		["is absolute and below the source", `${ORIGIN}/clip/a.mp4`, "<base>s/a.mp4"],
		["names another host only", "//cdn.example/v/a.mp4", `<base>${CDN}a.mp4`],
		["starts at the root", "/x/a.mp4", `<base>${sealedAt(`${ORIGIN}/x/`)}a.mp4`],
		["climbs out of the source", "../../x/a.mp4", `<base>${sealedAt(`${ORIGIN}/x/`)}a.mp4`],
		["climbs within it", "../x/a.mp4", "../x/a.mp4"],
		["climbs within it by encoded dots", "%2e%2e/x/a.mp4", "<base>s/x/a.mp4"],
		["has a query", "https://cdn.example/v/a.mp4?t=1&amp;u=%27", `<base>${CDN}a.mp4?t=1&amp;u=%27`],
		["has entities", "https&#58;&#x2F;/cdn.example/v/&lt;a&apos;.mp4", `<base>${CDN}%3Ca&apos;.mp4`],
		["has white space around it", " https://cdn.example/v/a.mp4 ", `<base>${CDN}a.mp4`],
		["is data", "data:video/mp4;base64,AAAA", "data:video/mp4;base64,AAAA"],
		["is of a host that the gate does not fetch from", "http://cdn.example/v/a.mp4", "http://cdn.example/v/a.mp4"],
		["is none", "https://", "<base>s/"],
		["is empty", "", ""],
	])("leads to the gate with a URL that %s", (_, url, expected) => {
		expect(
			change((text) => inRepresentation(`<SegmentBase><Initialization sourceURL="${text}"/></SegmentBase>`), url),
		).toBe(expected);
	});

	it.each([
		["SegmentTemplate@media", (url: string) => `<SegmentTemplate media="${url}"/>`],
		["SegmentTemplate@initialization", (url: string) => `<SegmentTemplate initialization='${url}'/>`],
		["SegmentTemplate@index", (url: string) => `<SegmentTemplate index="${url}"/>`],
		["SegmentTemplate@bitstreamSwitching", (url: string) => `<SegmentTemplate bitstreamSwitching="${url}"/>`],
		["SegmentURL@media", (url: string) => `<SegmentList><SegmentURL mediaRange="0-9" media="${url}"/></SegmentList>`],
		["SegmentURL@index", (url: string) => `<SegmentList><SegmentURL index = "${url}"/></SegmentList>`],
		["Initialization@sourceURL", (url: string) => `<SegmentList><Initialization sourceURL="${url}"/></SegmentList>`],
		["RepresentationIndex@sourceURL", (url: string) => `<RepresentationIndex sourceURL="${url}" range="0-9"/>`],
		["BitstreamSwitching@sourceURL", (url: string) => `<BitstreamSwitching sourceURL="${url}"/>`],
		["xlink:href", (url: string) => `<SegmentList xlink:actuate="onLoad" xlink:href="${url}"/>`],
		["a prefix of its own", (url: string) => `<d:SegmentTemplate media="${url}"></d:SegmentTemplate>`],
		["BaseURL", (url: string) => `<BaseURL dvb:priority="1">${url}</BaseURL>`],
		["BaseURL on a line of its own", (url: string) => `<BaseURL>\n${url}\n</BaseURL>`],
	])("leads to the gate from %s", (_, element) => {
		const wrap = (url: string) => inRepresentation(element(url));
		expect(change(wrap, "https://cdn.example/v/a/")).toBe(`<base>${sealedAt("https://cdn.example/v/a/")}`);
		expect(change(wrap, "v/a/")).toBe("v/a/");
	});

	it.each([
		[
			"EventStream contents",
			'<EventStream><Event messageData="https://cdn.example/">https://cdn.example/<BaseURL>https://cdn.example/</BaseURL></Event></EventStream>',
		],
		["UTCTiming", '<UTCTiming schemeIdUri="urn:mpeg:dash:utc:http-iso:2014" value="https://time.example/"/>'],
		[
			"descriptors",
			'<SupplementalProperty schemeIdUri="urn:mpeg:dash:chaining:2016" value="https://cdn.example/next.mpd"/>',
		],
		[
			"program information",
			'<ProgramInformation moreInformationURL="https://cdn.example/"><Title>https://cdn.example/</Title></ProgramInformation>',
		],
		[
			"xlinks that resolve to nothing",
			'<Period xlink:href="urn:mpeg:dash:resolve-to-zero:2013" xlink:actuate="onLoad"/>',
		],
		["Boolean bitstream switching", '<Period bitstreamSwitching="true"/>'],
		[
			"comments and instructions",
			"<!-- <BaseURL>https://cdn.example/</BaseURL> --><?x <BaseURL>https://cdn.example/</BaseURL>?>",
		],
		[
			"authorisation servers",
			"<ContentProtection><dashif:Authzurl>https://auth.example/</dashif:Authzurl></ContentProtection>",
		],
	])("leaves %s alone", (_, content) => {
		expect(rewritten(mpd(content), dashInPlace())).toBe(mpd(content));
	});
});

describe("templates", () => {
	const wrap = (url: string) => inRepresentation(`<SegmentTemplate media="${url}"/>`);
	it.each([
		[
			"its fixed directory is sealed",
			"https://cdn.example/v/$RepresentationID$/s-$Number%05d$.m4s",
			`<base>${CDN}$RepresentationID$/s-$Number%05d$.m4s`,
		],
		[
			"an escaped dollar sign counts as an identifier",
			"https://cdn.example/v/a$$b/$Time$.m4s",
			`<base>${CDN}a$$b/$Time$.m4s`,
		],
		[
			"identifiers in the query stay there",
			"https://cdn.example/v/s.m4s?b=$Bandwidth$/",
			`<base>${CDN}s.m4s?b=$Bandwidth$/`,
		],
		["a host that is to be filled in is nowhere", "https://$RepresentationID$.example/a", "<base>s/"],
		["a port that is to be filled in is nowhere", "https://cdn.example:$Bandwidth$/a", "<base>s/"],
		[
			"a scheme that is to be filled in is a path",
			"$RepresentationID$://cdn.example/a",
			"<base>s/dash/$RepresentationID$://cdn.example/a",
		],
	])("%s", (_, url, expected) => {
		expect(change(wrap, url)).toBe(expected);
	});

	it("resolves against the representation that takes it over", () => {
		const text = mpd(
			'<Period><SegmentTemplate media="../../$Number$.m4s" initialization="../i.mp4"/><AdaptationSet><Representation id="1"><BaseURL>https://cdn.example/v/w/x/</BaseURL></Representation></AdaptationSet></Period>',
		);
		const output = rewritten(text, dashInPlace());
		expect(output).toContain(`media="<base>${CDN}$Number$.m4s"`);
		expect(output).toContain(`initialization="<base>${sealedAt("https://cdn.example/v/w/")}i.mp4"`);
	});

	it("does not take dollar signs of a BaseURL for identifiers", () => {
		const text = inRepresentation(
			'<SegmentTemplate media="../../../../$Time$"/>',
			"<BaseURL>https://cdn.example/a$b/c/d/e/f/</BaseURL>",
		);
		expect(rewritten(text, dashInPlace())).toContain(`media="<base>${sealedAt("https://cdn.example/a%24b/")}$Time$"`);
	});

	it.each([
		["a representation id with a host", 'Representation id="//cdn.example/" bandwidth="1"'],
		["a representation id with a scheme", 'Representation id="https://cdn.example" bandwidth="1"'],
		["an empty representation id", 'Representation id="" bandwidth="1"'],
		["a bandwidth that is no number", 'Representation id="1" bandwidth="//cdn.example/"'],
	])("is kept a path, whatever %s makes of it", (_, representation) => {
		const text = mpd(
			`<Period><SegmentTemplate media="$RepresentationID$$Bandwidth$/a" index="b/$RepresentationID$"/><${representation}/></Period>`,
		);
		expect(rewritten(text, dashInPlace())).toBe(text.replace('media="', 'media="./'));
	});
});

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

describe("licence URLs", () => {
	const WIDEVINE = "urn:uuid:EDEF8BA9-79D6-4ACE-A3C8-27DCD51D21ED";
	it.each([
		["widevine", WIDEVINE, "licenses/cenc/widevine"],
		["playready", "urn:uuid:9a04f079-9840-4286-ab92-e65be0885f95", "licenses/cenc/playready"],
		["clearkey", "urn:uuid:e2719d58-a985-b3c9-781a-b030af78d30e", "licenses/clearkey"],
		["clearkey", "urn:uuid:1077efec-c0b2-4d02-ace3-3c1e52e2fb4b", "licenses/clearkey"],
		["fairplay", "urn:uuid:94ce86fb-07ff-4f43-adb8-93d2fa968ca2", "licenses/fairplay"],
	] as const)("of %s lead to the gate when it serves them", (system, scheme, path) => {
		const url = "https://drm.example/l?a=1&amp;b=2";
		const text = mpd(
			`<ContentProtection bc:licenseAcquisitionUrl="${url}" schemeIdUri="${scheme}"><dashif:Laurl licenseType="EME-1.0"> ${url} </dashif:Laurl><ms:laurl licenseUrl="${url}"/><cenc:pssh>AAAA</cenc:pssh></ContentProtection>`,
		);
		expect(rewritten(text, dashInPlace({ licenses: new Set([system]) }))).toBe(text.replaceAll(url, `<base>${path}`));
		expect(rewritten(text, dashInPlace({ licenses: new Set() }))).toBe(text);
	});

	it.each([
		[
			"a system that nobody knows",
			`<ContentProtection schemeIdUri="urn:uuid:0"><dashif:Laurl>https://drm.example/</dashif:Laurl></ContentProtection>`,
		],
		[
			"an empty element",
			`<ContentProtection schemeIdUri="${WIDEVINE}"><dashif:Laurl> </dashif:Laurl><dashif:laurl/></ContentProtection>`,
		],
		["an element out of place", "<dashif:Laurl>https://drm.example/</dashif:Laurl>"],
	])("stay in %s", (_, content) => {
		expect(rewritten(mpd(content), dashInPlace())).toBe(mpd(content));
	});

	it("come with certificates through the gate", () => {
		const text = mpd(
			"<ContentProtection><dashif:Certurl>https://cdn.example/v/c.der</dashif:Certurl></ContentProtection>",
		);
		expect(rewritten(text, dashInPlace())).toContain(`<dashif:Certurl><base>${CDN}c.der<`);
	});
});

it("turns off what would make the player tell its own URL, token included", () => {
	const text = mpd(
		'<Metrics metrics="x"><Reporting schemeIdUri="urn:dvb:dash:reporting:2014" dvb:reportingUrl="https://evil.example/"/></Metrics><EssentialProperty><up:UrlQueryInfo queryTemplate="$querypart$" useMPDUrlQuery="true"/></EssentialProperty>',
	);
	for (const segments of ["gate", "direct"] as const) {
		const output = rewritten(text, dashInPlace({ segments }));
		expect(output).toContain('dvb:reportingUrl=""');
		expect(output).toContain('useMPDUrlQuery="false"');
	}
});

describe("patches", () => {
	it.each([
		[
			"a replaced attribute",
			'<replace sel="/MPD/Period[1]/SegmentTemplate/@media">',
			"https://cdn.example/v/$Time$",
			`<base>${CDN}$Time$`,
		],
		[
			"an added attribute",
			`<add sel="/MPD/Period[@id='a/b']/SegmentTemplate[1]" type="@media">`,
			"https://cdn.example/v/$Time$",
			`<base>${CDN}$Time$`,
		],
		["a replaced text", '<replace sel="/MPD/BaseURL[1]/text()">', "https://cdn.example/v/", `<base>${CDN}`],
		["a relative URL", '<replace sel="/MPD/BaseURL/text()">', "a/", "a/"],
		["another attribute", '<replace sel="/MPD/@publishTime">', "https://cdn.example/", "https://cdn.example/"],
		[
			"elements",
			'<add sel="/MPD/Period[2]">',
			"<SegmentTemplate media='/x'/><BaseURL>//cdn.example/v/</BaseURL>",
			`<SegmentTemplate media='<base>${sealedAt(`${ORIGIN}/`)}x'/><BaseURL><base>${CDN}</BaseURL>`,
		],
	])("lead to the gate with %s", (_, operation, content, expected) => {
		const name = operation.slice(1).split(" ", 1)[0] ?? "";
		const text = (inner: string): string =>
			`<Patch xmlns="urn:mpeg:dash:schema:mpd-patch:2020">${operation}${inner}</${name}></Patch>`;
		expect(rewritten(text(content), dashInPlace())).toBe(text(expected));
	});
});

describe("facts", () => {
	it.each([
		[
			"a static MPD",
			'<MPD mediaPresentationDuration="PT1H"/>',
			{ kind: "mpd", live: false, minimumUpdateSeconds: null },
		],
		[
			"a live MPD",
			'<MPD type="dynamic" minimumUpdatePeriod="PT2.5S"/>',
			{ kind: "mpd", live: true, minimumUpdateSeconds: 2.5 },
		],
		[
			"a duration in full",
			'<MPD type="dynamic" minimumUpdatePeriod="P0Y0M1DT1H1M1.000S"/>',
			{ kind: "mpd", live: true, minimumUpdateSeconds: 90_061 },
		],
		[
			"an update at events only",
			'<MPD type="dynamic" minimumUpdatePeriod="PT0S"/>',
			{ kind: "mpd", live: true, minimumUpdateSeconds: 0 },
		],
		[
			"no duration",
			'<MPD type="dynamic" minimumUpdatePeriod="PT"/>',
			{ kind: "mpd", live: true, minimumUpdateSeconds: null },
		],
		["a patch", "<Patch/>", { kind: "patch", live: true, minimumUpdateSeconds: null }],
		["a remote period", "<Period/>", { kind: "element", live: false, minimumUpdateSeconds: null }],
	])("tell %s", (_, text, expected) => {
		expect(templateOf(text, dashInPlace())).toEqual({ ...expected, parts: [text] });
	});
});

it.each([
	[
		"an entity that is declared",
		'<!DOCTYPE MPD [<!ENTITY a "b">]><MPD>&a;</MPD>',
		"1:32: a document type declaration is not allowed",
	],
	[
		"an entity that nobody knows",
		"<MPD>\n<BaseURL>&a;</BaseURL></MPD>",
		"it is not well-formed XML: 2:12: undefined entity.",
	],
	["a tag that is not closed", "<MPD><Period></MPD>", "it is not well-formed XML: 1:19: unexpected close tag."],
	[
		"an attribute without quotes",
		"<MPD><SegmentTemplate media=a/></MPD>",
		"it is not well-formed XML: 1:29: unquoted attribute value.",
	],
	["an attribute twice", "<MPD a='1' a='2'/>", "it is not well-formed XML: 1:18: duplicate attribute: a."],
	["two roots", "<MPD/><MPD/>", "it is not well-formed XML: 1:11: documents may contain only one root."],
	["another root", "<html/>", "1:6: the root element is no MPD, Patch or part of an MPD"],
	["nothing", "", "it is not well-formed XML: 1:0: document must contain a root element."],
	["too deep nesting", "<MPD>".repeat(257), "1:1285: elements are nested deeper than 256"],
	[
		"a base that is too long",
		`<MPD><BaseURL>${"a".repeat(5000)}/</BaseURL></MPD>`,
		"a URL that others are resolved against is too long",
	],
])("names the problem of %s", (_, text, problem) => {
	expect(compileDash(text, dashInPlace())).toEqual({ ok: false, problem });
});
