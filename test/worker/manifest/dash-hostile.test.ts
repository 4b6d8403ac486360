import { describe, expect, it } from "vitest";
import { compileDash } from "../../../worker/manifest/dash.ts";
import { dashContextOf, dashInPlace, GATE, GRANT_BASE, rewritten, sealedAt } from "./dash-fixtures.ts";
import { askedByPlayer, properReading, quickReading } from "./dash-player.ts";

const MEBI = 1024 * 1024;
const IN_PLACE = `${GRANT_BASE}s/dash/live.mpd`;
const wrapped = (content: string): string => `<MPD><Period>${content}</Period></MPD>`;
const doubling = "<BaseURL>a/</BaseURL><AdaptationSet>";

// Each would take minutes if any step looked at the rest of the document for each element, attribute or entity.
const LARGE: readonly (readonly [name: string, text: string, ok: boolean])[] = [
	["one attribute", wrapped(`<SegmentURL media="${"a".repeat(MEBI)}"/>`), true],
	["one attribute of slashes", wrapped(`<SegmentURL media="${"/".repeat(MEBI)}"/>`), true],
	["one attribute of dot segments", wrapped(`<SegmentURL media="${"../".repeat(MEBI / 3)}"/>`), true],
	["one attribute of dollar signs", wrapped(`<SegmentTemplate media="//h/${"$".repeat(MEBI)}"/>`), true],
	["one attribute of entities", wrapped(`<SegmentURL media="${"&amp;".repeat(MEBI / 5)}"/>`), true],
	["one attribute of white space", wrapped(`<SegmentURL media="${" \n".repeat(MEBI / 2)}"/>`), true],
	["one patch selector", `<Patch><replace sel="${"/a[".repeat(MEBI / 3)}">x</replace></Patch>`, true],
	["one text of white space", wrapped(`<BaseURL>a${" ".repeat(MEBI)}b</BaseURL>`), false],
	["one text of comments", wrapped(`<Location>${"<!---->".repeat(MEBI / 7)}</Location>`), true],
	["one text of CDATA", wrapped(`<Location>${"<![CDATA[/]]>".repeat(MEBI / 13)}</Location>`), true],
	["one text of elements", wrapped(`<Location>${"<BaseURL>//a</BaseURL>".repeat(MEBI / 22)}</Location>`), true],
	["many elements", wrapped('<SegmentURL media="a.m4s"/>'.repeat(100_000)), true],
	["many elements elsewhere", wrapped('<SegmentURL media="//cdn.example/a"/>'.repeat(50_000)), true],
	["many templates", wrapped('<SegmentTemplate media="$Number$"/>'.repeat(50_000)), true],
	["many bases", wrapped("<BaseURL>../a/</BaseURL>".repeat(50_000)), true],
	["many levels", wrapped("<AdaptationSet><BaseURL>/a/</BaseURL></AdaptationSet>".repeat(20_000)), true],
	[
		"many long references",
		wrapped(`<BaseURL>${"a/".repeat(2000)}</BaseURL>${'<S/><SegmentURL media="/a"/>'.repeat(5000)}`),
		true,
	],
	[
		"a base as long as the document",
		wrapped(`<BaseURL>${"a/".repeat(MEBI / 2)}</BaseURL><SegmentURL media="/a"/>`),
		false,
	],
	["bases in bases", wrapped(`${doubling.repeat(200)}${"</AdaptationSet>".repeat(200)}`), true],
	["deep nesting", `<MPD>${"<a>".repeat(MEBI / 3)}`, false],
	["one open tag", `<MPD ${"a".repeat(MEBI)}`, false],
	["one open attribute", `<MPD a="${"x".repeat(MEBI)}`, false],
	["one open comment", `<MPD><!--${"-".repeat(MEBI)}`, false],
	["one open CDATA section", `<MPD><![CDATA[${"]".repeat(MEBI)}`, false],
	["one open entity", `<MPD>&${"a".repeat(MEBI)}`, false],
	["one document type", `<!DOCTYPE MPD [${"<!ENTITY a '&a;'>".repeat(MEBI / 17)}]><MPD/>`, false],
	["many attributes", `<MPD ${Array.from({ length: 50_000 }, (_, i) => `a${i}="" `).join("")}/>`, true],
	["one name", `<MPD><${"a:".repeat(MEBI / 2)}/></MPD>`, true],
	["no markup", "x".repeat(MEBI), false],
];

it.each(LARGE)("%s is compiled, or refused with a short message", (_, text, ok) => {
	const result = compileDash(text, dashContextOf());
	expect(result.ok).toBe(ok);
	expect(result.ok ? 0 : result.problem.length).toBeLessThan(250);
});

it("refuses entities that grow", () => {
	const entities = Array.from({ length: 30 }, (_, i) => `<!ENTITY e${i + 1} "&e${i};&e${i};">`).join("");
	const result = compileDash(`<!DOCTYPE MPD [<!ENTITY e0 "x">${entities}]><MPD>&e30;</MPD>`, dashContextOf());
	expect(result).toEqual({ ok: false, problem: expect.stringContaining("document type declaration is not allowed") });
});

const cdn = GRANT_BASE + sealedAt("https://cdn.example/");

describe.each([
	["a host behind slashes", "//cdn.example/a", `${cdn}a`],
	["a host behind backslashes", "\\\\cdn.example/a", `${cdn}a`],
	["a host behind both", "/\\cdn.example/a", `${cdn}a`],
	["a host behind many", "/////cdn.example/a", `${cdn}a`],
	["a host behind entities", "&#x2f;&#47;cdn.example&#x2f;a", `${cdn}a`],
	["a host behind a tab that is kept", "/&#9;/cdn.example/a", `${cdn}a`],
	["a host behind control characters that are allowed", "&#10;&#13;//cdn.example/a", `${cdn}a`],
	["a scheme in capitals", "HTTPS://CDN.example/a", `${cdn}a`],
	["a scheme without slashes", "https:cdn.example/a", `${GRANT_BASE}s/dash/cdn.example/a`],
	[
		"a host with a user",
		"https://origin.example@cdn.example/a",
		`${GRANT_BASE}${sealedAt("https://origin.example@cdn.example/")}a`,
	],
	[
		"a host that begins as the origin's",
		"https://origin.example.cdn.example/a",
		`${GRANT_BASE}${sealedAt("https://origin.example.cdn.example/")}a`,
	],
	["a host that is none", "https://[cdn.example/a", `${GRANT_BASE}s/`],
	["a port that is none", "//cdn.example:99999/a", `${GRANT_BASE}s/`],
])("%s", (_, url, expected) => {
	it.each([
		[
			"a segment",
			(written: string) =>
				wrapped(
					`<AdaptationSet><Representation><SegmentList><SegmentURL media="${written}"/></SegmentList></Representation></AdaptationSet>`,
				),
		],
		[
			"a base",
			(written: string) => wrapped(`<BaseURL>${written}</BaseURL><AdaptationSet><Representation/></AdaptationSet>`),
		],
		["a remote element", (written: string) => `<MPD><Period xlink:href="${written}"/></MPD>`],
	])("leads to the gate in %s", (__, document) => {
		const output = rewritten(document(url), dashInPlace(), GRANT_BASE);
		for (const reading of [properReading, quickReading]) {
			for (const { url: asked } of askedByPlayer(output, IN_PLACE, reading)) expect(asked).toBe(expected);
		}
	});
});

it.each(["javascript:alert(1)", "data:text/html,x", "blob:https://evil.example/1", "file:///etc/passwd", "urn:x"])(
	"leaves %s to the player, which makes no request of it",
	(url) => {
		const text = wrapped(`<BaseURL>${url}</BaseURL><SegmentURL media="${url}"/>`);
		expect(rewritten(text, dashInPlace())).toBe(text);
	},
);

it("takes no part of another attribute's name or value for an attribute", () => {
	const text = wrapped(
		`<SegmentURL media\r\n=\t'https://cdn.example/a' a\uFEFFmedia="b" x=" media='c' " index = "https://cdn.example/d"/>`,
	);
	expect(rewritten(text, dashInPlace(), GRANT_BASE)).toBe(text.replaceAll("https://cdn.example/", cdn));
});

it("writes what it left to the player so that another base does not change it", () => {
	const text = wrapped(
		"<BaseURL>http://cdn.example/</BaseURL><BaseURL>a/</BaseURL><AdaptationSet><BaseURL>/v/</BaseURL></AdaptationSet>",
	);
	expect(rewritten(text, dashInPlace())).toBe(text.replace("/v/", "http://cdn.example/v/"));
});

const CHARACTERS = [
	[0, 0x2100],
	[0xd7f0, 0xd810],
	[0xfe00, 0x10000],
] as const;

it.each(CHARACTERS)("throws nothing for a document of the characters from %i to %i", (from, to) => {
	for (let code = from; code < to; code += 1) {
		const char = String.fromCharCode(code);
		const text = `<MPD><BaseURL>${char}</BaseURL><Period xlink:href="${char}${char}a"/></MPD>`;
		const result = compileDash(text, dashContextOf());
		const output = result.ok ? result.template.parts.join(GRANT_BASE) : "<MPD/>";
		for (const { url } of askedByPlayer(output, `${GATE}/m.mpd`))
			expect(url === null || url.startsWith(GATE)).toBe(true);
	}
});
