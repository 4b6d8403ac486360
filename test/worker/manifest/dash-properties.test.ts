import fc from "fast-check";
import { expect, it } from "vitest";
import { type DashContext, compileDash } from "../../../worker/manifest/dash.ts";
import { dashContextOf, dashInPlace, GATE, GRANT_BASE, rewritten } from "./dash-fixtures.ts";
import { askedByPlayer, properReading, quickReading } from "./dash-player.ts";

const PLACES: readonly { at: string; context: DashContext; loadedFrom: string; source: string }[] = [
	{
		at: "the token's path",
		context: dashContextOf(),
		loadedFrom: `${GATE}/playback/v1/accounts/a/videos/v/manifest.mpd`,
		source: "https://origin.example/clip/manifest.mpd",
	},
	{
		at: "its own place",
		context: dashInPlace(),
		loadedFrom: `${GRANT_BASE}s/dash/live.mpd`,
		source: "https://origin.example/clip/dash/live.mpd",
	},
];

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
const joined = (...parts: readonly fc.Arbitrary<string>[]) => fc.tuple(...parts).map((texts) => texts.join(""));
const within = (name: string, ...parts: readonly fc.Arbitrary<string>[]) =>
	joined(fc.constant(`<${name}>`), ...parts, fc.constant(`</${name}>`));

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
					expect(found.startsWith(GRANT_BASE), `${what}: ${url} became ${found}`).toBe(isGated);
					expect(atSource(withoutFragment(found), context.sourceRoot), what).toBe(withoutFragment(url));
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

/** What an origin would say that wants the player past the gate. */
const HOSTILE = [
	"/",
	"//",
	"\\",
	"\n",
	"\t",
	" ",
	"&#9;",
	"&#xA;",
	"&#x2F;",
	"&#92;",
	"&amp;",
	"&colon;",
	"../",
	"%2e%2e/",
	"?",
	"#",
	":",
	"@",
	"$",
	"$$",
	"$RepresentationID$",
	"$Bandwidth$",
	"$Number$",
	"$Time$",
	"evil.example",
	"https:",
	"https:/",
	"https://",
	"https://evil.example",
	"https://evil.example/",
	"//evil.example/",
	"http",
	"s://evil.example/",
	"http:/\\/evil.example/",
	"https://u:p@evil.example/",
	"https://[",
	":99999",
	"data:",
	"javascript:",
	"r2://MEDIA/",
	"urn:x:",
	"\u00a0",
	"\ufeff",
	"a",
	"a/",
	"<!-- -->",
	"<?x?>",
	"<![CDATA[//evil.example/]]>",
	"<x>",
	"</x>",
	"<BaseURL>",
	"</BaseURL>",
	'"',
	"'",
];
const hostile = fc.array(fc.constantFrom(...HOSTILE), { maxLength: 6 }).map((pieces) => pieces.join(""));
const inAttribute = hostile.map((text) => text.replaceAll(/[<"]/g, ""));
const option = (text: fc.Arbitrary<string>) => fc.option(text, { nil: "" });
const hostileBase = option(within("BaseURL", hostile));
const hostileAttribute = (name: string) => joined(fc.constant(` ${name}="`), inAttribute, fc.constant('"'));
const hostileInformation = fc.oneof(
	joined(
		fc.constant("<SegmentTemplate"),
		hostileAttribute("media"),
		option(hostileAttribute("startNumber")),
		fc.constant("><SegmentTimeline><S"),
		option(hostileAttribute("t")),
		fc.constant("/></SegmentTimeline></SegmentTemplate>"),
	),
	joined(fc.constant("<SegmentList><SegmentURL"), hostileAttribute("media"), fc.constant("/></SegmentList>")),
	fc.constant("<SegmentBase/>"),
);
const hostileDocument = within(
	"MPD",
	option(hostileInformation),
	hostileBase,
	option(within("Location", hostile)),
	joined(fc.constant("<Period"), option(hostileAttribute("xlink:href")), fc.constant(">")),
	option(hostileInformation),
	hostileBase,
	hostileBase,
	fc.constant("<AdaptationSet>"),
	hostileBase,
	joined(
		fc.constant("<Representation"),
		hostileAttribute("id"),
		option(hostileAttribute("bandwidth")),
		fc.constant(">"),
	),
	hostileBase,
	hostileInformation,
	fc.constant("</Representation></AdaptationSet></Period>"),
);

const READINGS = [
	{ player: "a proper player", reading: properReading },
	{ player: "a quick player", reading: quickReading },
];

it.each(PLACES.flatMap((place) => READINGS.map((reading) => ({ ...place, ...reading }))))(
	"sends $player nowhere past the gate, whatever the document at $at says",
	({ context, loadedFrom, reading }) => {
		fc.assert(
			fc.property(hostileDocument, (text) => {
				const result = compileDash(text, context);
				if (!result.ok) return; // no player gets it
				const output = result.template.parts.join(GRANT_BASE);
				for (const { what, url } of askedByPlayer(output, loadedFrom, reading)) {
					const isElsewhere = url?.startsWith("https:") && URL.parse(url)?.origin !== GATE;
					expect(isElsewhere, `${what} ${JSON.stringify(url)} in ${JSON.stringify(output)}`).toBeFalsy();
				}
			}),
			{ numRuns: 4000 },
		);
	},
);
