import { describe, expect, it } from "vitest";
import { compileDash } from "../../../worker/manifest/dash.ts";
import { CDN, dashInPlace, mpd, rewritten, sealedAt, templateOf } from "./dash-fixtures.ts";
import { ORIGIN } from "./fixtures.ts";

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

	const laurl = (path: string) =>
		`<dashif:Laurl xmlns:dashif="https://dashif.org/CPS"><base>${path}</dashif:Laurl></ContentProtection>`;
	it.each([
		["an element", "<cenc:pssh>AAAA</cenc:pssh></ContentProtection>", "<cenc:pssh>AAAA</cenc:pssh>"],
		["an element without content", "</ContentProtection>", ""],
		["a single tag", "/>", ""],
	])("are added to %s that names no server of a system that the gate serves", (_, rest, kept) => {
		const start = `<ContentProtection schemeIdUri="${WIDEVINE}"`;
		const text = mpd(start + (rest === "/>" ? rest : `>${rest}`));
		expect(rewritten(text, dashInPlace())).toBe(mpd(`${start}>${kept}${laurl("licenses/cenc/widevine")}`));
		expect(rewritten(text, dashInPlace({ licenses: new Set(["playready"]) }))).toBe(text);
	});

	it("of Clear Key are added where a document says no more than that the media is encrypted", () => {
		const common = (tag: string) => `<${tag} schemeIdUri="urn:mpeg:dash:mp4protection:2011" value="cenc"/>`;
		const added = (tag: string) =>
			`<${tag} schemeIdUri="urn:uuid:e2719d58-a985-b3c9-781a-b030af78d30e" value="ClearKey1.0">${laurl("licenses/clearkey").replace("</ContentProtection>", `</${tag}>`)}`;
		const set = (tag: string) => `<AdaptationSet>${common(tag)}</AdaptationSet>`;
		const [one, other] = ["ContentProtection", "m:ContentProtection"];
		const text = mpd(set(one) + set(other));
		expect(rewritten(text, dashInPlace())).toBe(
			text.replace(common(one), common(one) + added(one)).replace(common(other), common(other) + added(other)),
		);
		expect(rewritten(text, dashInPlace({ licenses: new Set(["widevine"]) }))).toBe(text);
		const named = text.replace("</AdaptationSet>", `<ContentProtection schemeIdUri="${WIDEVINE}"/></AdaptationSet>`);
		expect(rewritten(named, dashInPlace({ licenses: new Set(["clearkey"]) }))).toBe(named);
	});

	it("are added to each element by itself", () => {
		const playready = `<ContentProtection schemeIdUri="urn:uuid:9a04f079-9840-4286-ab92-e65be0885f95"`;
		const named = `<ContentProtection schemeIdUri="${WIDEVINE}"><dashif:Laurl>`;
		const text = mpd(`${named}https://drm.example/</dashif:Laurl></ContentProtection>${playready}/>`);
		expect(rewritten(text, dashInPlace())).toBe(
			mpd(
				`${named}<base>licenses/cenc/widevine</dashif:Laurl></ContentProtection>${playready}>${laurl("licenses/cenc/playready")}`,
			),
		);
	});

	it.each([
		["that is described elsewhere", `<ContentProtection ref="1" schemeIdUri="${WIDEVINE}"/>`],
		["that is the content of an event", `<EventStream><ContentProtection schemeIdUri="${WIDEVINE}"/></EventStream>`],
	])("are not added to an element %s", (_, content) => {
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
	["another root", "<html/>", "1:7: the root element is no MPD, Patch or part of an MPD"],
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
