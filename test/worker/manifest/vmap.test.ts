import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type VmapValue, rewriteVmap } from "../../../worker/manifest/vmap.ts";

const CONTENT = "https://origin.example/clip/master.m3u8?a=1&b=2";
const WRITTEN = CONTENT.replace("&", "&amp;");
const LINK = "https://gate.example/g/x/master.m3u8";
const replace = ({ text }: VmapValue): string | null => (text === CONTENT ? LINK : null);
const vmap = (content: string): string => `<vmap:VMAP xmlns:vmap="http://www.iab.net/vmap-1.0">${content}</vmap:VMAP>`;

describe("a VMAP document", () => {
	it.each([
		["an attribute", `<uo:once contentlength="60" contenturi="@"/>`],
		["an attribute in single quotes", `<uo:once contenturi='@' other='"'/>`],
		["the text of an element", "<x>@</x>"],
		["text with white space around it", "<x>\r\n\t @ \n</x>"],
		["several of them", `<x a="@" b="1" c="@">no URL</x><y>@</y>`],
		["an element deep in an ad", "<VAST><Ad><InLine><MediaFile>@</MediaFile></InLine></Ad></VAST>"],
		["no place at all", ""],
	])("has its content replaced in %s, and nothing else", (_where, content) => {
		const text = vmap(
			`<?pi @?><!-- @ --><t:Tracking event="start">https://ads.example/b?x=1&amp;y=%20</t:Tracking>${content}`,
		);
		const rewritten = rewriteVmap(
			text.replaceAll("@", (at, index: number) => (isData(text, index) ? WRITTEN : at)),
			replace,
		);
		expect(rewritten).toEqual({
			ok: true,
			text: text.replaceAll("@", (at, i: number) => (isData(text, i) ? LINK : at)),
		});
	});

	/** Whether a place holds a value: not within a comment or a processing instruction. */
	const isData = (text: string, index: number): boolean => !["<?pi ", "<!-- "].includes(text.slice(index - 5, index));

	it("has a CDATA section replaced whole", () => {
		const content = `<x> <![CDATA[${CONTENT}]]> </x><t><![CDATA[https://ads.example/?a=1&b=2]]></t>`;
		const text = vmap(content.replace(`<![CDATA[${CONTENT}]]>`, LINK));
		expect(rewriteVmap(vmap(content), replace)).toEqual({ ok: true, text });
	});

	it("tells where a value stands", () => {
		const seen: VmapValue[] = [];
		const look = (value: VmapValue): null => (seen.push(value), null);
		rewriteVmap(vmap(`<uo:o contenturi="u"/><a:VAST v="2"><A>x</A></a:VAST><Tracking>y</Tracking>`), look);
		expect(seen.slice(1).map(({ text, name, ofAd }) => `${name} ${text} ${ofAd}`)).toEqual([
			"contenturi u false",
			"v 2 true",
			"A x true",
			"Tracking y false",
		]);
	});

	it.each([
		[
			"a byte order mark and a declaration",
			`\uFEFF<?xml version="1.0" encoding="UTF-8"?>\r\n${vmap(`<x>${WRITTEN}</x>`)}`,
		],
		["astral characters in front", vmap(`<t>𝒳 😀 é</t><x a="😀" b="${WRITTEN}">y</x>`)],
	])("may have %s", (_what, text) => {
		expect(rewriteVmap(text, replace)).toEqual({ ok: true, text: text.replace(WRITTEN, LINK) });
	});

	it.each([
		["nothing", "", /./],
		["text", "no XML at all", /well-formed/],
		["JSON", '{"a":1}', /well-formed/],
		["a page", "<html><body>secret</body></html>", /the root element is no VMAP/],
		["a document type", `<!DOCTYPE x SYSTEM "file:///etc/passwd">${vmap("")}`, /document type declaration/],
		[
			"an entity that grows",
			`<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>${vmap("<x>&b;</x>")}`,
			/document type declaration/,
		],
		["an entity that nobody declared", vmap("<x>&secret;</x>"), /entity/],
		["an element that does not end", vmap("<x>"), /well-formed/],
		["an attribute twice", vmap('<x a="1" a="2"/>'), /well-formed/],
		["two roots", vmap("") + vmap(""), /well-formed/],
		["elements without end", vmap("<x>".repeat(300) + "</x>".repeat(300)), /nested deeper/],
		["control characters", vmap("\u0001"), /well-formed/],
	])("is refused when it is %s", (_what, text, problem) => {
		const result = rewriteVmap(text, replace);
		expect(result.ok ? "" : result.problem).toMatch(problem);
		expect(JSON.stringify(result).length).toBeLessThan(300);
	});

	it("stays as it is where nothing is replaced, and is read again after one that was refused", () => {
		const text = fc.string().map((value) => value.replaceAll(/[^ -~]|[<>&"]/g, ""));
		const element = fc.tuple(text, text).map(([a, b]) => `<x a="${a}" b='1'>${b}</x>`);
		fc.assert(
			fc.property(fc.array(element), (elements) => {
				const document = vmap(elements.join("\n"));
				expect(rewriteVmap(`${document}<`, () => null).ok).toBe(false);
				expect(rewriteVmap(document, () => null)).toEqual({ ok: true, text: document });
			}),
		);
	});
});
