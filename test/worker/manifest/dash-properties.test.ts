import fc from "fast-check";
import { expect, it } from "vitest";
import { GRANT_BASE, rewritten } from "./dash-fixtures.ts";
import { PLACES, joined, within } from "./dash-generators.ts";
import { askedByPlayer } from "./dash-player.ts";

const REFERENCES = [
	"a.mp4",
	"b/",
	"b/c/",
	"b/c.mp4?x=1&y='2'",
	"./d/e",
	"../f",
	"../../g/h",
	"../../../../i/j/",
	"/j/k",
	"//cdn.example/l/m",
	"https://cdn.example/n/o?p=q&r",
	"https://cdn.example/n/o/",
	"https://origin.example/clip/s",
	"http://plain.example/t/u",
	"data:,x",
	"%2e%2e/v/",
	"w%20x<y>.mp4",
	"\u00e9/\u00fc.mp4",
	"?z=1",
	"./#fragment",
];
const ESCAPES: Readonly<Record<string, string>> = {
	"&": "&amp;",
	"<": "&lt;",
	"'": "&#39;",
	">": "&#x3E;",
	'"': "&quot;",
};
const escaped = (text: string): string => text.replaceAll(/[&<>'"]/g, (char) => ESCAPES[char] ?? char);
const reference = fc.constantFrom(...REFERENCES).map(escaped);
const attribute = (name: string) =>
	fc.option(
		reference.map((url) => ` ${name}="${url}"`),
		{ nil: "" },
	);
const baseReference = reference.filter((url) => !url.startsWith("http:") && !url.startsWith("data:"));
const givenBase = fc
	.tuple(baseReference, fc.constantFrom(" ", "\n\t", ""))
	.map(([url, space]) => `<BaseURL dvb:weight="1">${space}${url}${space}</BaseURL>`);
const base = fc.option(givenBase, { nil: "" });
const TEMPLATES = ["$RepresentationID$/$Number%05d$.m4s", "$Time$.m4s?b=$Bandwidth$", "x$$/$Number$"];
const template = fc
	.tuple(
		fc.constantFrom("", "a/", "../", "../../../", "/b/", "https://cdn.example/v/", "//cdn.example/"),
		fc.constantFrom(...TEMPLATES),
	)
	.map((parts) => ` media="${parts.join("")}"`);
const segmentTemplate = joined(
	fc.constant("<SegmentTemplate"),
	template,
	attribute("initialization"),
	attribute("index"),
	fc.constant("/>"),
);
const segmentList = within(
	"SegmentList",
	joined(fc.constant("<Initialization"), attribute("sourceURL"), fc.constant("/>")),
	joined(fc.constant("<SegmentURL"), attribute("media"), attribute("index"), fc.constant("/>")),
);
const segmentBase = within(
	"SegmentBase",
	joined(fc.constant("<RepresentationIndex"), attribute("sourceURL"), fc.constant("/>")),
);
const information = fc.oneof(segmentTemplate, segmentList);
const representation = (...content: readonly fc.Arbitrary<string>[]) =>
	joined(fc.constant('<Representation id="v/1" bandwidth="100">'), ...content, fc.constant("</Representation>"));
const adaptationSet = fc.oneof(
	within("AdaptationSet", base, representation(base, information)),
	within("AdaptationSet", base, representation(givenBase, segmentBase)),
	within("AdaptationSet", base, information, representation(), representation()),
);
const period = within("Period", base, adaptationSet, adaptationSet);
const head = fc.option(within("Location", reference), { nil: "" });
const document = within("MPD", head, base, period, period);

/** Which URL at the source a URL at the gate stands for. */
function atSource(url: string, sourceRoot: string): string {
	const [place = "", sealed = "", ...rest] = url.startsWith(GRANT_BASE) ? url.slice(GRANT_BASE.length).split("/") : [];
	if (place === "s") return sourceRoot + [sealed, ...rest].join("/");
	const bytes =
		sealed
			.slice(1, -1)
			.match(/../g)
			?.map((byte) => Number.parseInt(byte, 16)) ?? [];
	return place === "r" ? new TextDecoder().decode(Uint8Array.from(bytes)) + rest.join("/") : url;
}

const withoutFragment = (url: string): string => url.split("#", 1)[0] ?? "";

it.each(PLACES)(
	"each URL of a document at $at leads to the gate's place of what it led to",
	({ context, loadedFrom, source }) => {
		fc.assert(
			fc.property(document, (text) => {
				const before = askedByPlayer(text, source);
				const after = askedByPlayer(rewritten(text, context, GRANT_BASE), loadedFrom);
				expect(after.length).toBe(before.length);
				for (const [index, { what, url }] of before.entries()) {
					const found = after[index]?.url;
					if (url === null || !found) continue; // no URL, before or after
					const isGated = url.startsWith("https:");
					expect({ what, url, isGated: found.startsWith(GRANT_BASE) }).toEqual({ what, url, isGated });
					const source = atSource(withoutFragment(found), context.sourceRoot);
					expect({ what, source }).toEqual({ what, source: withoutFragment(url) });
				}
			}),
			{ numRuns: 1500 },
		);
	},
);

/** A query of the document itself asks for no media. */
const mediaDocument = document.map((text) => text.replaceAll(/(?<=[">\s])\?z=1/g, "z"));

it.each(PLACES)(
	"straight from the source, players of a document at $at ask for the same media",
	({ context, loadedFrom, source }) => {
		fc.assert(
			fc.property(mediaDocument, (text) => {
				const media = (output: string, from: string) =>
					askedByPlayer(output, from).filter(({ what }) => what !== "Location");
				const output = rewritten(text, { ...context, segments: "direct" }, GRANT_BASE);
				expect(media(output, loadedFrom)).toEqual(media(text, source));
			}),
			{ numRuns: 1000 },
		);
	},
);
