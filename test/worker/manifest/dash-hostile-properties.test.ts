import fc from "fast-check";
import { expect, it } from "vitest";
import { compileDash } from "../../../worker/manifest/dash.ts";
import { GATE, GRANT_BASE } from "./dash-fixtures.ts";
import { PLACES, joined, within } from "./dash-generators.ts";
import { askedByPlayer, properReading, quickReading } from "./dash-player.ts";

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
