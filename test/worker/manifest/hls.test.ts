import { describe, expect, it } from "vitest";
import { compileHls, type HlsContext, isHls } from "../../../worker/manifest/hls.ts";
import { contextOf, filled, GRANT, ORIGIN, sealOf, servedInPlace } from "./fixtures.ts";

const CDN = `r/${sealOf("https://cdn.example/v/")}`;

/** The playlist of one line and what becomes of it, `#EXTM3U` left out on both sides. */
function rewrite(line: string, context: HlsContext = contextOf()): string {
	return filled(compileHls(`#EXTM3U\n${line}`, context), "<base>").slice("#EXTM3U\n".length);
}

describe("each tag with a URI", () => {
	it.each([
		[
			"EXT-X-MEDIA",
			'#EXT-X-MEDIA:TYPE=AUDIO,URI="a.m3u8",NAME="x"',
			'#EXT-X-MEDIA:TYPE=AUDIO,URI="<base>s/a.m3u8",NAME="x"',
		],
		[
			"EXT-X-STREAM-INF",
			"#EXT-X-STREAM-INF:BANDWIDTH=1\n\n# so\nv.m3u8",
			"#EXT-X-STREAM-INF:BANDWIDTH=1\n\n# so\n<base>s/v.m3u8",
		],
		[
			"EXT-X-I-FRAME-STREAM-INF",
			'#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=1,URI="i.m3u8"',
			'#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=1,URI="<base>s/i.m3u8"',
		],
		["EXT-X-IMAGE-STREAM-INF", '#EXT-X-IMAGE-STREAM-INF:URI="i.m3u8"', '#EXT-X-IMAGE-STREAM-INF:URI="<base>s/i.m3u8"'],
		[
			"EXT-X-RENDITION-REPORT",
			'#EXT-X-RENDITION-REPORT:URI="../1M/x.m3u8"',
			`#EXT-X-RENDITION-REPORT:URI="<base>r/${sealOf(`${ORIGIN}/1M/`)}/x.m3u8"`,
		],
		["EXT-X-MAP", '#EXT-X-MAP:URI="i.mp4",BYTERANGE="8@0"', '#EXT-X-MAP:URI="<base>s/i.mp4",BYTERANGE="8@0"'],
		["EXT-X-PART", '#EXT-X-PART:DURATION=1,URI="p.mp4"', '#EXT-X-PART:DURATION=1,URI="<base>s/p.mp4"'],
		[
			"EXT-X-PRELOAD-HINT",
			'#EXT-X-PRELOAD-HINT:TYPE=PART,URI="p.mp4"',
			'#EXT-X-PRELOAD-HINT:TYPE=PART,URI="<base>s/p.mp4"',
		],
		[
			"EXT-X-SESSION-DATA",
			'#EXT-X-SESSION-DATA:DATA-ID="d",URI="d.json"',
			'#EXT-X-SESSION-DATA:DATA-ID="d",URI="<base>s/d.json"',
		],
		[
			"EXT-X-CONTENT-STEERING",
			'#EXT-X-CONTENT-STEERING:SERVER-URI="s.json"',
			'#EXT-X-CONTENT-STEERING:SERVER-URI="<base>s/s.json"',
		],
		[
			"EXT-X-DATERANGE asset",
			'#EXT-X-DATERANGE:ID="a",X-ASSET-URI="a.m3u8"',
			'#EXT-X-DATERANGE:ID="a",X-ASSET-URI="<base>s/a.m3u8"',
		],
		[
			"EXT-X-DATERANGE list",
			'#EXT-X-DATERANGE:ID="a",X-ASSET-LIST="a.json"',
			'#EXT-X-DATERANGE:ID="a",X-ASSET-LIST="<base>s/a.json"',
		],
		["a tag of someone's own", '#EXT-X-THUMBNAILS:URI="t.jpg"', '#EXT-X-THUMBNAILS:URI="<base>s/t.jpg"'],
		["EXTINF and its segment", '#EXTINF:6,URI="x"\nseg.ts', '#EXTINF:6,URI="x"\n<base>s/seg.ts'],
	])("%s", (_, line, expected) => {
		expect(rewrite(line)).toBe(expected);
	});

	it.each([
		[
			"a key that the gate holds",
			'METHOD=AES-128,URI="https://any.example/d/k1.key?x=1"',
			"<base>licenses/aes128/k1.key",
		],
		["a key that the gate holds, spelled otherwise", 'METHOD=AES-128,URI="%6B1.key"', "<base>licenses/aes128/k1.key"],
		[
			"another key",
			'METHOD=AES-128,URI="d/k2.key?x=1"',
			`<base>licenses/aes128/~${sealOf(`${ORIGIN}/clip/d/k2.key?x=1`)}`,
		],
		["an identity key", 'URI="k1.key",METHOD=SAMPLE-AES,KEYFORMAT="identity"', "<base>licenses/aes128/k1.key"],
		[
			"a key of a DRM system",
			'METHOD=SAMPLE-AES,URI="https://any.example/k1.key",KEYFORMAT="com.example"',
			"https://any.example/k1.key",
		],
		["FairPlay", 'METHOD=SAMPLE-AES,URI="skd://k1.key",KEYFORMAT="com.apple.streamingkeydelivery"', "skd://k1.key"],
		["a key within the playlist", 'METHOD=AES-128,URI="data:text/plain;base64,AA=="', "data:text/plain;base64,AA=="],
		["no key", 'METHOD=NONE,URI="k1.key"', "k1.key"],
	])("EXT-X-KEY and EXT-X-SESSION-KEY: %s", (_, attributes, expected) => {
		for (const tag of ["#EXT-X-KEY", "#EXT-X-SESSION-KEY"]) {
			expect(
				/URI="([^"]*)"/.exec(rewrite(`${tag}:${attributes}`, servedInPlace({ url: `${ORIGIN}/clip/m.m3u8` })))?.[1],
			).toBe(expected);
		}
	});
});

describe("each shape of a URI", () => {
	it.each([
		["relative", "a/b.ts?x=1", "<base>s/a/b.ts?x=1", "a/b.ts?x=1"],
		["a colon after a slash", "a/1:2.ts", "<base>s/a/1:2.ts", "a/1:2.ts"],
		["dots that are no dot segment", ".a/..b/%2ec", "<base>s/.a/..b/%2ec", ".a/..b/%2ec"],
		["a dot segment", "./b.ts", "<base>s/b.ts", "<base>s/b.ts"],
		["an encoded dot segment", "a/.%2E/b.ts", "<base>s/b.ts", "<base>s/b.ts"],
		[
			"leaving the directory",
			"../x/b.ts",
			`<base>r/${sealOf(`${ORIGIN}/x/`)}/b.ts`,
			`<base>r/${sealOf(`${ORIGIN}/x/`)}/b.ts`,
		],
		[
			"leaving more than there is",
			"../../../b.ts",
			`<base>r/${sealOf(`${ORIGIN}/`)}/b.ts`,
			`<base>r/${sealOf(`${ORIGIN}/`)}/b.ts`,
		],
		["root-relative, below", "/clip/b.ts", "<base>s/b.ts", "<base>s/b.ts"],
		["absolute, below", `${ORIGIN}/clip/a/b.ts?x`, "<base>s/a/b.ts?x", "<base>s/a/b.ts?x"],
		[
			"absolute, elsewhere",
			"https://cdn.example/v/b.ts?x=/../y",
			`<base>${CDN}/b.ts?x=/../y`,
			`<base>${CDN}/b.ts?x=/../y`,
		],
		["an empty last segment", "https://cdn.example/v/?x", `<base>${CDN}/?x`, `<base>${CDN}/?x`],
		[
			"no path",
			"https://cdn.example",
			`<base>r/${sealOf("https://cdn.example/")}/`,
			`<base>r/${sealOf("https://cdn.example/")}/`,
		],
		["scheme-relative", "//cdn.example/v/b.ts", `<base>${CDN}/b.ts`, `<base>${CDN}/b.ts`],
		["backslashes", "\\\\cdn.example\\v\\b.ts", `<base>${CDN}/b.ts`, `<base>${CDN}/b.ts`],
		["odd slashes", "https:/\\/cdn.example/v/b.ts", `<base>${CDN}/b.ts`, `<base>${CDN}/b.ts`],
		["a scheme and a relative path", "https:b.ts", "<base>s/b.ts", "<base>s/b.ts"],
		["upper case", "HTTPS://CDN.EXAMPLE/v/b.ts", `<base>${CDN}/b.ts`, `<base>${CDN}/b.ts`],
		["a tab in the scheme", "htt\tps://cdn.example/v/b.ts", `<base>${CDN}/b.ts`, `<base>${CDN}/b.ts`],
		[
			"user and password",
			"https://u:p@cdn.example/v/b.ts",
			`<base>r/${sealOf("https://u:p@cdn.example/v/")}/b.ts`,
			`<base>r/${sealOf("https://u:p@cdn.example/v/")}/b.ts`,
		],
		[
			"an international host",
			"https://bücher.example/b.ts",
			`<base>r/${sealOf("https://xn--bcher-kva.example/")}/b.ts`,
			`<base>r/${sealOf("https://xn--bcher-kva.example/")}/b.ts`,
		],
		["a fragment", "b.ts#t=1", "<base>s/b.ts", "<base>s/b.ts"],
		["what a URL has to encode", "ä b.ts", "<base>s/%C3%A4%20b.ts", "<base>s/%C3%A4%20b.ts"],
		["an encoded NUL", "a%00b.ts", "<base>s/a%00b.ts", "a%00b.ts"],
		["a NUL", "a\0b.ts", "<base>s/a%00b.ts", "<base>s/a%00b.ts"],
		[
			"a bucket of the gate",
			"r2://MEDIA/v/b.ts",
			`<base>r/${sealOf("r2://MEDIA/v/")}/b.ts`,
			`<base>r/${sealOf("r2://MEDIA/v/")}/b.ts`,
		],
		["another bucket", "r2://OTHER/b.ts", "r2://OTHER/b.ts", "r2://OTHER/b.ts"],
		[
			"a host that the gate does not fetch",
			"http://cdn.example/b.ts",
			"http://cdn.example/b.ts",
			"http://cdn.example/b.ts",
		],
		["data", "data:video/mp2t,x", "data:video/mp2t,x", "data:video/mp2t,x"],
		["a script", "javascript:alert(1)", "javascript:alert(1)", "javascript:alert(1)"],
		["no URL at all", "https://[", "https://[", "https://["],
	])("%s: %j", (_, uri, elsewhere, inPlace) => {
		expect(rewrite(`#EXTINF:6,\n  ${uri} \r\n`)).toBe(`#EXTINF:6,\n  ${elsewhere} \r\n`);
		const context = servedInPlace({ url: `${ORIGIN}/clip/v.m3u8` });
		expect(rewrite(`#EXT-X-MAP:URI="${uri}"`, context)).toBe(`#EXT-X-MAP:URI="${inPlace}"`);
	});

	it("reads references of a playlist in a bucket as the player does", () => {
		const context = contextOf({ url: "r2://MEDIA/my clip/m.m3u8", sourceRoot: "r2://MEDIA/my clip/" });
		expect(rewrite("a.ts\n/my clip/b.ts\n../c.ts\n//cdn.example/v/d.ts\n\\\\cdn.example\\v\\e.ts", context)).toBe(
			`<base>s/a.ts\n<base>s/b.ts\n<base>r/${sealOf("r2://MEDIA/")}/c.ts\n<base>${CDN}/d.ts\n<base>${CDN}/e.ts`,
		);
	});

	it("reads references of a playlist on loopback as a player on https does", () => {
		const context = contextOf({ url: "http://127.0.0.1:9/clip/m.m3u8", sourceRoot: "http://127.0.0.1:9/clip/" });
		expect(rewrite("a.ts\n/clip/b.ts\n//cdn.example/v/d.ts", context)).toBe(
			`<base>s/a.ts\n<base>s/b.ts\n<base>${CDN}/d.ts`,
		);
	});

	it("keeps relative URIs in a sealed directory, and leaves it by another seal", () => {
		const context = contextOf({ url: "https://cdn.example/v/m.m3u8", servedBelow: { dir: "https://cdn.example/v/" } });
		expect(rewrite("a/b.ts\n../c.ts", context)).toBe(`a/b.ts\n<base>r/${sealOf("https://cdn.example/")}/c.ts`);
	});

	it("seals each value once", () => {
		const sealed: string[] = [];
		const seal = (value: string): string => `${sealed.push(value)}`;
		compileHls(
			'https://cdn.example/v/a\nhttps://cdn.example/v/b\n#EXT-X-KEY:METHOD=AES-128,URI="k"\n#EXT-X-KEY:METHOD=AES-128,URI="k"',
			contextOf({ seal }),
		);
		expect(sealed).toEqual(["https://cdn.example/v/", `${ORIGIN}/clip/k`]);
	});
});

describe("segments straight from the source", () => {
	it.each([
		["segment", "a.ts#x", `${ORIGIN}/clip/a.ts`],
		["part", '#EXT-X-PART:URI="../p.mp4"', `#EXT-X-PART:URI="${ORIGIN}/p.mp4"`],
		["session data", '#EXT-X-SESSION-DATA:URI="d.json"', `#EXT-X-SESSION-DATA:URI="${ORIGIN}/clip/d.json"`],
		[
			"with a variable of the player",
			'#EXT-X-DEFINE:QUERYPARAM="q"\na/{$q}.ts',
			`#EXT-X-DEFINE:QUERYPARAM="q"\n${ORIGIN}/clip/a/{$q}.ts`,
		],
		["playlist", "#EXT-X-STREAM-INF:BANDWIDTH=1\nv.m3u8", "#EXT-X-STREAM-INF:BANDWIDTH=1\nv.m3u8"],
		["key", '#EXT-X-KEY:METHOD=AES-128,URI="k1.key"', '#EXT-X-KEY:METHOD=AES-128,URI="<base>licenses/aes128/k1.key"'],
		["bucket", "r2://MEDIA/v/b.ts", `<base>r/${sealOf("r2://MEDIA/v/")}/b.ts`],
	])("%s", (_, line, expected) => {
		expect(rewrite(line, servedInPlace({ url: `${ORIGIN}/clip/m.m3u8`, segments: "direct" }))).toBe(expected);
	});
});

describe("EXT-X-DEFINE", () => {
	it.each([
		[
			"a value",
			'#EXT-X-DEFINE:NAME="d",VALUE="https://cdn.example/v"\n{$d}/{$d}',
			`<base>r/${sealOf("https://cdn.example/v/https://cdn.example/")}/v`,
		],
		[
			"a value of values",
			'#EXT-X-DEFINE:NAME="h",VALUE="cdn"\n#EXT-X-DEFINE:NAME="d",VALUE="//{$h}.example/v/"\n{$d}a.ts',
			`<base>${CDN}/a.ts`,
		],
		["the first of two", '#EXT-X-DEFINE:NAME="d",VALUE="a"\n#EXT-X-DEFINE:NAME="d",VALUE="b"\n{$d}.ts', "<base>s/a.ts"],
		["an import", '#EXT-X-DEFINE:IMPORT="i"\n{$i}.ts', "<base>s/imported.ts"],
		["an import that is the player's", '#EXT-X-DEFINE:IMPORT="j"\na{$j}.ts', "<base>s/a{$j}.ts"],
		["the player's, in a file name", '#EXT-X-DEFINE:QUERYPARAM="q"\n{$q}.ts?{$q}', "<base>s/{$q}.ts?{$q}"],
		[
			"the player's, in a directory",
			'#EXT-X-DEFINE:QUERYPARAM="q"\nhttps://cdn.example/v/{$q}/a.ts',
			`<base>${CDN}/{$q}/a.ts`,
		],
		["the player's, as a host", '#EXT-X-DEFINE:QUERYPARAM="q"\nhttps://{$q}/a.ts', "https://{$q}/a.ts"],
		["nobody's, as a host", "https://{$u}.example/a.ts", "<base>s/https://{$u}.example/a.ts"],
		["no variable", "{$}/{$ü}.ts", "<base>s/%7B$%7D/%7B$%C3%BC%7D.ts"],
	])("%s", (_, text, expected) => {
		const output = rewrite(text, contextOf({ imports: new Map([["i", "imported"]]) }));
		expect(output.slice(output.lastIndexOf("\n") + 1)).toBe(expected);
	});

	it.each([
		['#EXT-X-DEFINE:QUERYPARAM="bcov_auth"', "bcov_auth"],
		['#EXT-X-DEFINE:QUERYPARAM="bcov-auth"', "bcov-auth"],
		["#EXT-X-DEFINE:QUERYPARAM=bcov_auth", "bcov_auth"],
		['#EXT-X-DEFINE: QUERYPARAM ="bcov_auth"', "bcov_auth"],
		['#EXT-X-DEFINE:NAME="x",QUERYPARAM="bcov_auth",VALUE="y"', "bcov_auth"],
		['#EXT-X-DEFINE:NAME="x"QUERYPARAM="bcov_auth"', "bcov_auth"],
		['#EXT-X-DEFINE:QUERYPARAM="BCOV%5fauth"', "BCOV%5fauth"],
		['#EXT-X-DEFINE:QUERYPARAM="{$any}"', "{$any}"],
	])("never takes the token from the player's URL: %s", (line, name) => {
		const template = compileHls(`${line}\nhttps://cdn.example/v/a.ts?t={$bcov_auth}{$bcov-auth}`, contextOf());
		expect(filled(template, "<base>")).toBe(`#EXT-X-DEFINE:NAME="${name}",VALUE=""\n<base>${CDN}/a.ts?t=`);
	});

	it("hands the values on that it knows", () => {
		const text =
			'#EXT-X-DEFINE:NAME="a",VALUE="1"\n#EXT-X-DEFINE:IMPORT="i"\n#EXT-X-DEFINE:QUERYPARAM="q"\n#EXT-X-DEFINE:NAME="b",VALUE="{$q}"\n#EXT-X-DEFINE:QUERYPARAM="bcov_auth"';
		expect(Object.fromEntries(compileHls(text, contextOf({ imports: new Map([["i", "2"]]) })).variables)).toEqual({
			a: "1",
			i: "2",
			b: "{$q}",
			bcov_auth: "",
		});
	});
});

describe("what is no URI", () => {
	it.each([
		["comments", '# URI="https://cdn.example/v/a"\n#https://cdn.example/v/a'],
		["a URI in a quoted string", '#EXT-X-MEDIA:NAME="x,URI=https://cdn.example/v/a",TYPE=AUDIO'],
		["an empty URI", '#EXT-X-MEDIA:TYPE=AUDIO,URI=""'],
		["attribute names in lower case", '#EXT-X-MAP:uri="https://cdn.example/v/a"'],
		["an unterminated string", '#EXT-X-MAP:URI="a.mp4'],
		["a relative URI after a mistake", '#EXT-X-MAP:NAME="a"b,URI="a.mp4"'],
		["titles", "#EXTINF:6,https://cdn.example/v/a URI=//x"],
		["a date", "#EXT-X-PROGRAM-DATE-TIME:2026-01-02T21:55:40.000Z"],
		["line ends", "\r\n\n \t\n#EXTINF:6,\r\n\r\n"],
	])("stays: %s", (_, text) => {
		for (const end of ["", "\n", "\r\n"]) expect(rewrite(text + end)).toBe(text + end);
	});

	it.each([
		[
			"behind an unterminated string",
			'#EXT-X-MAP:NAME="a,URI=https://cdn.example/v/a',
			`#EXT-X-MAP:NAME="a,URI=<base>${CDN}/a`,
		],
		[
			"behind a stray word",
			'#EXT-X-MAP:NAME="a"b,URI="https://cdn.example/v/a"',
			`#EXT-X-MAP:NAME="a"b,URI="<base>${CDN}/a"`,
		],
		["in the wrong quotes", "#EXT-X-MAP:URI='https://cdn.example/v/a'", `#EXT-X-MAP:URI='<base>${CDN}/a'`],
		["without quotes", "#EXT-X-MAP:URI=https://cdn.example/v/a,X=1", `#EXT-X-MAP:URI=<base>${CDN}/a,X=1`],
		["behind a duration without a comma", "#EXTINF:6 https://cdn.example/v/a", `#EXTINF:6 <base>${CDN}/a`],
		["in a tag within a comment", '##EXT-X-MAP:URI="https://cdn.example/v/a"', `##EXT-X-MAP:URI="<base>${CDN}/a"`],
		["after a lone carriage return", "# so\rhttps://cdn.example/v/a", `# so\r<base>${CDN}/a`],
		["across a lone carriage return", "ht\rtps://cdn.example/v/a", "<base>s/ht\r<base>s/tps://cdn.example/v/a"],
	])("but a URI that a lenient player would follow is brought to the gate: %s", (_, text, expected) => {
		expect(rewrite(text)).toBe(expected);
	});
});

describe("the template", () => {
	it.each([
		[
			"a multivariant playlist",
			"#EXT-X-STREAM-INF:BANDWIDTH=1\nv.m3u8",
			{ kind: "multivariant", live: false, targetDurationSeconds: null },
		],
		[
			"a playlist on demand",
			"#EXT-X-TARGETDURATION:6\n#EXTINF:6,\na.ts\n#EXT-X-ENDLIST",
			{ kind: "media", live: false, targetDurationSeconds: 6 },
		],
		[
			"one that says so",
			"#EXT-X-TARGETDURATION:6.5\n#EXT-X-PLAYLIST-TYPE:VOD\r\n",
			{ kind: "media", live: false, targetDurationSeconds: 6.5 },
		],
		[
			"an event",
			"#EXT-X-TARGETDURATION:6\n#EXT-X-PLAYLIST-TYPE:EVENT",
			{ kind: "media", live: true, targetDurationSeconds: 6 },
		],
		["a live playlist", "#EXTINF:6,\na.ts", { kind: "media", live: true, targetDurationSeconds: null }],
		[
			"one of both kinds, as players see it",
			"#EXT-X-STREAM-INF:BANDWIDTH=1\nv.m3u8\n#EXTINF:6,\na.ts",
			{ kind: "media", live: true },
		],
		["nonsense for a duration", "#EXT-X-TARGETDURATION:1e999", { kind: "media", targetDurationSeconds: null }],
	])("knows %s", (_, text, expected) => {
		expect(compileHls(`#EXTM3U\n${text}`, contextOf())).toMatchObject(expected);
	});

	it("is one part, the source itself, when nothing depends on the viewer", () => {
		const text = "#EXTM3U\n#EXT-X-TARGETDURATION:6\n#EXTINF:6,\na.ts\n#EXTINF:6,\nb/c.ts?d\n";
		expect(compileHls(text, servedInPlace()).parts).toEqual([text]);
	});

	it("takes any base", () => {
		const template = compileHls('#EXT-X-KEY:METHOD=AES-128,URI="k1.key"', servedInPlace());
		expect(filled(template, "../../")).toBe('#EXT-X-KEY:METHOD=AES-128,URI="../../licenses/aes128/k1.key"');
		expect(filled(template, GRANT)).toBe(`#EXT-X-KEY:METHOD=AES-128,URI="${GRANT}licenses/aes128/k1.key"`);
	});
});

it.each([
	["#EXTM3U\n", true],
	["\ufeff#EXTM3U\n", true],
	["\r\n #EXTM3U", true],
	["", false],
	["#EXTINF:6,\n", false],
	["<MPD/>", false],
])("takes %j for a playlist: %s", (text, expected) => {
	expect(isHls(text)).toBe(expected);
});
