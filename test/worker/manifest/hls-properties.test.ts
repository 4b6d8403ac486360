import fc from "fast-check";
import { expect, it } from "vitest";
import { compileHls, createHlsStream, type HlsContext } from "../../../worker/manifest/hls.ts";
import { contextOf, filled, GRANT, sealOf, servedInPlace } from "./fixtures.ts";
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
			{ numRuns: Number(process.env["RUNS"] ?? 1500) },
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
			{ numRuns: Number(process.env["RUNS"] ?? 1500) },
		);
	},
);
