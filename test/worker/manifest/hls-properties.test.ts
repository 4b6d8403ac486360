import fc from "fast-check";
import { expect, it } from "vitest";
import { compileHls, createHlsStream, type HlsContext } from "../../../worker/manifest/hls.ts";
import { contextOf, filled, GRANT, servedInPlace } from "./fixtures.ts";
import { joinedLinesPlayer, strictPlayer, tagsAnywherePlayer } from "./players.ts";

const GATE = "https://gate.example";
/** A host that the player's own URL names is its own affair. */
const PLAYERS_HOST = "players.example";
const JWT = "eyJhbGciOi.eyJzdWIi.c2ln";

/** What an origin would say that wants the player's token, or the player past the gate. */
const HOSTILE = [
	"\n",
	"\n",
	"\r\n",
	"\r",
	"\u2028",
	" ",
	"\t",
	"\0",
	"\u00a0",
	"\ufeff",
	",",
	",",
	'"',
	'"',
	"'",
	"=",
	":",
	"#",
	"\\",
	"/",
	"//",
	"../",
	"%2e%2e/",
	"?a=b",
	"%00",
	"#EXTM3U\n",
	"#EXTINF:6",
	"#EXTINF:6,\n",
	",title",
	"#EXT",
	"-X-",
	"#EXT-X-STREAM-INF:BANDWIDTH=1\n",
	"#EXT-X-MEDIA:TYPE=AUDIO,",
	"#EXT-X-MAP:",
	"#EXT-X-KEY:METHOD=AES-128,",
	"#EXT-X-KEY:METHOD=NONE,",
	"#EXT-X-FOO:",
	"#EXT-X-DATERANGE:ID=1,",
	"X-ASSET-LIST=",
	"#EXT-X-CONTENT-STEERING:SERVER-URI=",
	"URI=",
	"URI=",
	'URI="',
	'NAME="',
	'KEYFORMAT="identity"',
	'KEYFORMAT="x"',
	"seg.ts",
	"720/v.m3u8",
	"k1.key",
	"https://evil.example/k",
	"https://evil.example/k1.key",
	"//evil.example/x",
	"\\\\evil.example\\x",
	"http:/\\/evil.example/x",
	"https:evil.example",
	"https:/",
	"ht",
	"tps://evil.example/y",
	"https://u:p@evil.example/",
	"https://origin.example@evil.example/",
	"https://origin.example/clip/a.ts",
	"r2://MEDIA/clip/b.ts",
	"r2://OTHER/c.ts",
	"data:text/plain,x",
	"skd://k",
	"javascript:1",
	"https://xn--bcher-kva.example/ü",
	"#EXT-X-DEFINE:",
	'#EXT-X-DEFINE:NAME="v",VALUE="https://evil.example/"\n',
	'#EXT-X-DEFINE:NAME="w",VALUE="{$bcov_auth}"\n',
	'#EXT-X-DEFINE:QUERYPARAM="bcov_auth"\n',
	'#EXT-X-DEFINE:QUERYPARAM="q"\n',
	"QUERYPARAM=",
	"bcov_",
	"auth",
	"bcov_auth",
	"{$v}",
	"{$w}",
	"{$q}",
	"{$u}",
	"{$bcov_auth}",
	"https://evil.example/{$bcov_auth}/",
	"https://{$u}.evil.example/",
	"{$u}//evil.example/",
];
const hostileText = fc.array(fc.constantFrom(...HOSTILE), { maxLength: 40 }).map((pieces) => pieces.join(""));

const PLACES: readonly { at: string; context: HlsContext; documentUrl: string; base: string }[] = [
	{
		at: "the token's path",
		context: contextOf(),
		documentUrl: `${GATE}/playback/v1/master.m3u8?q=players.example&bcov_auth=${JWT}`,
		base: GRANT,
	},
	{
		at: "its own place",
		context: servedInPlace(),
		documentUrl: `${GATE}/g/GRANT/s/720/video.m3u8?q=players.example&bcov_auth=${JWT}`,
		base: "../../",
	},
	{
		at: "the token's path, from a bucket",
		context: contextOf({ url: "r2://MEDIA/clip/master.m3u8", sourceRoot: "r2://MEDIA/clip/" }),
		documentUrl: `${GATE}/playback/v1/master.m3u8?q=players.example&bcov_auth=${JWT}`,
		base: GRANT,
	},
];
const PLAYERS = [strictPlayer, tagsAnywherePlayer, joinedLinesPlayer];

const cases = PLACES.flatMap((place) => PLAYERS.map((read) => ({ ...place, player: read.name, read })));

it.each(cases)(
	"sends no $player past the gate, whatever the playlist at $at says",
	({ context, documentUrl, base, read }) => {
		fc.assert(
			fc.property(hostileText, (text) => {
				const output = filled(compileHls(text, context), base);
				for (const uri of read(output, documentUrl)) {
					const url = URL.parse(uri, documentUrl);
					const isHost = url?.protocol === "https:" && /^[a-z0-9.-]+$/.test(url.host);
					const isElsewhere = isHost && url.origin !== GATE && !url.host.includes(PLAYERS_HOST);
					expect(isElsewhere, `${JSON.stringify(uri)} in ${JSON.stringify(output)}`).toBe(false);
				}
			}),
			{ numRuns: 1500 },
		);
	},
);

it.each(cases)(
	"lets no $player copy the token into a URL, whatever the playlist at $at says",
	({ context, documentUrl, base, read }) => {
		fc.assert(
			fc.property(hostileText, (text) => {
				const output = filled(compileHls(text, context), base);
				for (const uri of read(output, documentUrl)) expect(uri).not.toContain(JWT);
			}),
			{ numRuns: 1500 },
		);
	},
);

it.each(PLACES)("streams what it compiles, however the document at $at is cut", ({ context, base }) => {
	fc.assert(
		fc.property(hostileText, fc.array(fc.nat(12)), (text, cuts) => {
			const stream = createHlsStream(context, base);
			let streamed = "";
			let at = 0;
			for (const cut of cuts) {
				streamed += stream.push(text.slice(at, at + cut));
				at += cut;
			}
			streamed += stream.push(text.slice(at)) + stream.end();
			expect(streamed).toBe(filled(compileHls(text, context), base));
		}),
		{ numRuns: 1000 },
	);
});

const attributeText = fc.string({ unit: "grapheme" }).map((text) => text.replaceAll(/["\s]/gu, ""));
const uri = fc.constantFrom(
	"a.ts",
	"../b/c.m4s?x=1",
	"https://cdn.example/v/d.ts",
	"//cdn.example/e",
	"https://origin.example/clip/f#g",
);
interface Line {
	readonly before: string;
	readonly uri?: string;
	readonly after?: string;
}
const line: fc.Arbitrary<Line> = fc.oneof(
	fc.record({ before: attributeText.map((text) => `# ${text}`) }),
	fc.record({ before: attributeText.map((text) => `#EXTINF:6.006,${text}`) }),
	fc.record({
		before: attributeText.map((text) => `#EXT-X-MEDIA:NAME="${text}",URI="`),
		uri,
		after: attributeText.map((text) => `",GROUP-ID="${text}"`),
	}),
	fc.record({ before: fc.constant('#EXT-X-MAP:BYTERANGE="1@0",URI="'), uri, after: fc.constant('"') }),
	fc.record({ before: fc.constantFrom("", " ", "\t"), uri, after: fc.constantFrom("", "  ") }),
);

it.each(PLACES)("leaves every byte alone that is no URI, at $at", ({ context, base }) => {
	fc.assert(
		fc.property(fc.array(fc.tuple(line, fc.constantFrom("\n", "\r\n", "\n\n"))), (lines) => {
			const text = lines.map(([{ before, uri = "", after = "" }, end]) => before + uri + after + end).join("");
			let rest = filled(compileHls(text, context), base);
			for (const [{ before, uri, after = "" }, end] of lines) {
				expect(rest.startsWith(before)).toBe(true);
				rest = rest.slice(before.length);
				if (uri !== undefined) rest = rest.slice(/^[^"\s]*/.exec(rest)?.[0].length);
				expect(rest.startsWith(after + end)).toBe(true);
				rest = rest.slice(after.length + end.length);
			}
			expect(rest).toBe("");
		}),
		{ numRuns: 1000 },
	);
});
