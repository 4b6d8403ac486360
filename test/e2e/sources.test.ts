import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { CONTENT_KEY, HLS, publishClip, segmentBytes } from "../support/clip.ts";
import type { Store } from "../support/clip.ts";
import { breakOff, chunked, compressed, hangUp, paused, startOrigin, status } from "../support/origin.ts";
import type { Origin } from "../support/origin.ts";
import type { Answerer } from "../support/server.ts";
import { ask, askRaw, openPlayback, outcomeOf, refusalOf, urisOf } from "../support/player.ts";
import type { Playback } from "../support/player.ts";
import { startTestGate } from "../support/running-gate.ts";
import type { TestAccount, TestGate } from "../support/running-gate.ts";

let gate: TestGate;
let elsewhere: Origin;
let account: TestAccount;
beforeAll(async () => {
	[gate, elsewhere] = await Promise.all([startTestGate(), startOrigin()]);
});
beforeEach(async () => {
	account = await gate.openAccount({ touch_seconds: 0 });
});
afterAll(() => Promise.all([gate.stop(), elsewhere.close()]));

const bytesOf = async (url: string): Promise<Buffer> => Buffer.from(await (await ask(url)).arrayBuffer());
const playlistType = { "Content-Type": "application/vnd.apple.mpegurl" };

describe("an origin", () => {
	it("may compress what it sends", async () => {
		const root = await publishClip(gate, account);
		const dir = new URL(root).pathname;
		const words = "WEBVTT\n\n".concat("00:00.000 --> 00:01.000\nwords\n\n".repeat(200));
		gate.origin.answer(`${dir}words.vtt`, compressed(words, { "Content-Type": "text/vtt" }));
		gate.origin.answer(
			`${dir}high/index.m3u8`,
			compressed("#EXTM3U\n#EXTINF:4,\nseg0.ts\n#EXT-X-ENDLIST\n", playlistType),
		);
		const playback = await openPlayback(account.masterUrl("clip", await account.sign()));
		expect(await (await ask(`${playback.base}s/words.vtt`)).text()).toBe(words);
		const uncompressed = await ask(`${playback.base}s/words.vtt`, { headers: { "Accept-Encoding": "identity" } });
		expect([await uncompressed.text(), uncompressed.headers.get("Content-Encoding")]).toEqual([words, null]);
		expect(await (await ask(playback.renditions[1] ?? "")).text()).toContain("#EXTINF:4,\nseg0.ts\n");
	});

	it("may leave out the length of a segment", async () => {
		const root = await publishClip(gate, account);
		gate.origin.answer(`${new URL(root).pathname}low/seg0.ts`, chunked(segmentBytes("low/seg0.ts")));
		const { segment } = await openPlayback(account.masterUrl("clip", await account.sign()));
		expect(await bytesOf(segment)).toEqual(segmentBytes("low/seg0.ts"));
	});

	it.each(["slow.ts", "slow"])(
		"may be slow: what it has sent of %s is passed on before it has sent the rest",
		async (name) => {
			const root = await publishClip(gate, account);
			const bytes = segmentBytes("low/seg0.ts");
			const { answerer, goOn } = paused(bytes.subarray(0, 1000), bytes.subarray(1000));
			gate.origin.answer(`${new URL(root).pathname}${name}`, answerer);
			const { base } = await openPlayback(account.masterUrl("clip", await account.sign()));
			const answer = await ask(`${base}s/${name}`);
			const reader = (answer.body as ReadableStream<Uint8Array>).getReader();
			const parts: Uint8Array[] = [];
			for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read()) {
				parts.push(chunk.value);
				goOn();
			}
			expect(Buffer.concat(parts)).toEqual(bytes);
			expect(parts[0]?.byteLength).toBeLessThanOrEqual(1000);
		},
	);

	it("keeps its cookies and its own CORS to itself", async () => {
		const root = await publishClip(gate, account);
		const headers = {
			"Set-Cookie": "origin=1",
			"Access-Control-Allow-Origin": "https://origin.example",
			"X-Cache": "HIT",
			"Cache-Control": "public",
		};
		gate.origin.put(`${new URL(root).pathname}low/seg0.ts`, "bytes", headers);
		const { segment } = await openPlayback(account.masterUrl("clip", await account.sign()));
		const answer = await ask(segment);
		expect(await answer.text()).toBe("bytes");
		const names = ["Set-Cookie", "X-Cache", "Access-Control-Allow-Origin", "Cache-Control"];
		expect(names.map((name) => answer.headers.get(name))).toEqual([null, null, "*", "no-store"]);
	});

	it("may have playlists of several MiB", async () => {
		const root = await publishClip(gate, account);
		const count = 40_000;
		const lines = Array.from(
			{ length: count },
			(_, n) => `#EXTINF:4.000000,\n/${account.id}/clip/far/segment-${n}.ts?part=${n}\n`,
		);
		const head =
			'#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXT-X-PLAYLIST-TYPE:VOD\n#EXT-X-KEY:METHOD=AES-128,URI="../k1.key"\n';
		const text = `${head}${lines.join("")}#EXT-X-ENDLIST\n`;
		expect(text.length).toBeGreaterThan(2 ** 20);
		gate.origin.put(`${new URL(root).pathname}low/index.m3u8`, text, playlistType);
		const playback = await openPlayback(account.masterUrl("clip", await account.sign()));
		expect(playback.segments).toHaveLength(count);
		expect(new Set(playback.segments.map((url) => new URL(url).host))).toEqual(new Set([new URL(gate.url).host]));
		expect(playback.segments.at(-1)).toBe(`${playback.base}s/far/segment-${count - 1}.ts?part=${count - 1}`);
		expect(playback.playlist.endsWith("#EXT-X-ENDLIST\n")).toBe(true);
		expect(await bytesOf(playback.key)).toEqual(CONTENT_KEY);
	});

	it("may redirect within its host", async () => {
		const root = await publishClip(gate, account);
		const dir = new URL(root).pathname;
		gate.origin.answer(`${dir}master.m3u8`, status(302, { Location: "moved.m3u8" }));
		gate.origin.put(`${dir}moved.m3u8`, "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nlow/index.m3u8\n");
		gate.origin.answer(`${dir}low/seg0.ts`, status(307, { Location: `${dir}high/seg0.ts` }));
		const { segment } = await openPlayback(account.masterUrl("clip", await account.sign()));
		expect(await bytesOf(segment)).toEqual(segmentBytes("high/seg0.ts"));
	});

	it.each([
		{ to: "a host that the record allows", isAllowed: true, outcome: 200 },
		{ to: "any other host", isAllowed: false, outcome: "source-unavailable" },
	])("that redirects to $to: $outcome", async ({ isAllowed, outcome }) => {
		const root = await publishClip(gate, account, {
			record: { ...clipOf(""), allowed_hosts: isAllowed ? [elsewhere.host] : [] },
		});
		const path = new URL(root).pathname;
		elsewhere.put(`${path}low/seg0.ts`, segmentBytes("low/seg0.ts"));
		gate.origin.answer(`${path}low/seg0.ts`, status(302, { Location: `${elsewhere.url}${path}low/seg0.ts` }));
		const { segment } = await openPlayback(account.masterUrl("clip", await account.sign()));
		expect(await outcomeOf(ask(segment))).toBe(outcome);
		expect(elsewhere.seen(path)).toHaveLength(isAllowed ? 1 : 0);
	});

	it("that redirects for ever is given up", async () => {
		const root = await publishClip(gate, account);
		gate.origin.answer(new URL(root).pathname + "low/seg0.ts", status(302, { Location: "seg0.ts" }));
		const { segment } = await openPlayback(account.masterUrl("clip", await account.sign()));
		expect(await outcomeOf(ask(segment))).toBe("source-unavailable");
	});

	const failures: readonly { failure: string; answerer: Answerer; status: number; subcode: string; reason: string }[] =
		[
			{
				failure: "answers 404",
				answerer: status(404),
				status: 404,
				subcode: "RESOURCE_NOT_FOUND",
				reason: "resource-not-found",
			},
			{
				failure: "answers 410",
				answerer: status(410),
				status: 404,
				subcode: "RESOURCE_NOT_FOUND",
				reason: "resource-not-found",
			},
			{
				failure: "answers 403",
				answerer: status(403),
				status: 502,
				subcode: "VIDEO_URLS_RETRIEVE_FAILURE",
				reason: "source-unavailable",
			},
			{
				failure: "answers 500",
				answerer: status(500),
				status: 502,
				subcode: "VIDEO_URLS_RETRIEVE_FAILURE",
				reason: "source-unavailable",
			},
			{
				failure: "hangs up",
				answerer: hangUp,
				status: 502,
				subcode: "VIDEO_URLS_RETRIEVE_FAILURE",
				reason: "source-unavailable",
			},
			{
				failure: "breaks off",
				answerer: breakOff("#EXTM3U\n"),
				status: 502,
				subcode: "VIDEO_URLS_RETRIEVE_FAILURE",
				reason: "source-unavailable",
			},
			{
				failure: "sends a page instead of a playlist",
				answerer: status(200),
				status: 502,
				subcode: "VIDEO_URLS_RETRIEVE_FAILURE",
				reason: "source-unavailable",
			},
		];

	it.each(failures)("that $failure for the playlist: $status $reason, and nothing is spent", async (row) => {
		const root = await publishClip(gate, account, { record: clipOf("") });
		const master = `${new URL(root).pathname}master.m3u8`;
		gate.origin.answer(master, row.answerer);
		const token = await account.sign({ uid: "ann", maxu: 1, maxip: 1, climit: 1, cbeh: "BLOCK_NEW", dlimit: 1 });
		const url = account.masterUrl("clip", token);
		const refusal = await refusalOf(await ask(url, { ip: "198.51.100.1" }));
		expect(refusal).toMatchObject({ status: row.status, error_subcode: row.subcode, reason: row.reason });
		expect(refusal.message).not.toContain(gate.origin.host);
		gate.origin.put(master, "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nlow/index.m3u8\n");
		expect(await outcomeOf(ask(url, { ip: "198.51.100.2" }))).toBe(200);
	});

	it.each(failures)("that $failure for the key: $status $reason, and nothing is spent", async (row) => {
		const root = await publishClip(gate, account, { record: clipOf("aes128") });
		const key = `${new URL(root).pathname}low/k1.key`;
		gate.origin.answer(key, row.answerer);
		const playback = await openPlayback(account.masterUrl("clip", await account.sign({ maxu: 1 })));
		expect(await refusalOf(await ask(playback.key))).toMatchObject({ status: row.status, reason: row.reason });
		gate.origin.put(key, CONTENT_KEY);
		expect(await bytesOf(playback.key)).toEqual(CONTENT_KEY);
		expect(await outcomeOf(ask(playback.key))).toBe("use-limit");
	});

	it.each(failures.filter(({ failure }) => !/breaks off|sends a page/.test(failure)))(
		"that $failure for a segment: $status $reason",
		async (row) => {
			const root = await publishClip(gate, account);
			gate.origin.answer(`${new URL(root).pathname}low/seg0.ts`, row.answerer);
			const { segment } = await openPlayback(account.masterUrl("clip", await account.sign()));
			expect(await refusalOf(await ask(segment))).toMatchObject({
				status: row.status,
				error_subcode: row.subcode,
				reason: row.reason,
			});
		},
	);

	/** The clip at the origin, without keys in its record. */
	const clipOf = (protection: string): Readonly<Record<string, unknown>> => ({
		sources: [{ type: HLS, protection, src: `${gate.origin.url}/${account.id}/clip/master.m3u8` }],
	});
});

describe.each<Store>(["origin", "r2"])("below a grant for a clip in %s", (store) => {
	const SECRET = "not for this grant";
	let playback: Playback;
	let folder: string;

	beforeEach(async () => {
		folder = `${account.id}/clip/`;
		await publishClip(gate, account, { store });
		for (const path of [`${account.id}/secret.ts`, `${account.id}/other/secret.ts`, "secret.ts"])
			await keep(path, SECRET);
		playback = await openPlayback(account.masterUrl("clip", await account.sign()));
	});

	async function keep(path: string, body: string | Uint8Array): Promise<void> {
		if (store === "origin") gate.origin.put(`/${path}`, body);
		else await (await gate.running.miniflare.getR2Bucket("MEDIA")).put(path, body);
	}

	it.each([
		"../secret.ts",
		"..%2fsecret.ts",
		"..%2Fsecret.ts",
		"%2e%2e/secret.ts",
		"%2e%2e%2fsecret.ts",
		".%2e/secret.ts",
		"..\\secret.ts",
		"..%5csecret.ts",
		"%2e%2e%5csecret.ts",
		"low/../../secret.ts",
		"low/..%2f..%2fsecret.ts",
		"low%2f..%2f..%2fsecret.ts",
		"..%252fsecret.ts",
		"%252e%252e/secret.ts",
		"%252e%252e%252fsecret.ts",
		"..;/secret.ts",
		"../other/secret.ts",
		"../../secret.ts",
		"/secret.ts",
		"//secret.ts",
		"%2fsecret.ts",
		"..%00/secret.ts",
		"..%c0%afsecret.ts",
		"%ff",
		"http://127.0.0.1/secret.ts",
		"r2://MEDIA/secret.ts",
		"?/../../secret.ts",
	])("nothing outside the source's folder is reached by s/%s", async (trick) => {
		const before = gate.origin.seen("").length;
		const answer = await askRaw(gate.url, `${new URL(playback.base).pathname}s/${trick}`);
		expect(answer.body).not.toContain(SECRET);
		expect(answer.status).toBeGreaterThanOrEqual(400);
		const paths = gate.origin
			.seen("")
			.slice(before)
			.map(({ url }) => decodeOnce(url.split("?", 1)[0] ?? ""));
		expect(paths.filter((path) => !path.startsWith(`/${folder}`) || /[/\\]\.\.([/\\]|$)/.test(path))).toEqual([]);
	});

	const decodeOnce = (url: string): string => {
		try {
			return decodeURIComponent(url);
		} catch {
			return url;
		}
	};

	it.each([
		"",
		"s",
		"r",
		"r/",
		"r/x/seg0.ts",
		"x/low/seg0.ts",
		"licenses/aes128/",
		"licenses/aes128/k2.key",
		"licenses/aes128/~x",
		"master.mpd",
	])("there is nothing at '%s'", async (path) => {
		expect(await outcomeOf(ask(playback.base + path))).toBe("resource-not-found");
	});

	it("sealed parts of one video's URLs do not open under another's grant", async () => {
		await keep(`${account.id}/keys/k9.key`, CONTENT_KEY);
		await keep(`${account.id}/far/seg0.ts`, "far away");
		const playlist =
			'#EXTM3U\n#EXT-X-KEY:METHOD=AES-128,URI="../../keys/k9.key"\n#EXTINF:4,\n../../far/seg0.ts\n#EXT-X-ENDLIST\n';
		await keep(`${folder}low/index.m3u8`, playlist);
		const source = store === "r2" ? `r2://MEDIA/${folder}master.m3u8` : `${gate.origin.url}/${folder}master.m3u8`;
		await account.putVideo("sealed", { sources: [{ type: HLS, protection: "aes128", src: source }] });
		await account.putVideo("other", { sources: [{ type: HLS, protection: "aes128", src: source }] });
		const sealed = await openPlayback(account.masterUrl("sealed", await account.sign({ conid: "sealed" })));
		expect(await bytesOf(sealed.key)).toEqual(CONTENT_KEY);
		expect(await (await ask(sealed.segment)).text()).toBe("far away");
		const other = await openPlayback(account.masterUrl("other", await account.sign({ conid: "other" })));
		for (const url of [sealed.key, sealed.segment]) {
			expect(await outcomeOf(ask(url.replace(sealed.base, other.base)))).toBe("resource-not-found");
		}
	});

	it("a grant that was changed opens nothing", async () => {
		const [, body = "", mac = ""] = /\/g\/([^.]+)\.([^/]+)\//.exec(playback.base) ?? [];
		const claims = JSON.parse(Buffer.from(body, "base64url").toString()) as Readonly<Record<string, unknown>>;
		const other = Buffer.from(JSON.stringify({ ...claims, i: "other" })).toString("base64url");
		const grants = [
			`${other}.${mac}`,
			body,
			`${body}.`,
			`${body}.${mac}x`,
			`${body}.${mac.slice(1)}`,
			`${body}.${"é".repeat(16)}`,
			".",
			"%00",
		];
		for (const grant of grants) {
			expect([
				grant,
				(await askRaw(gate.url, `/g/${encodeURI(grant)}/s/low/seg0.ts`)).headers["playgate-reason"],
			]).toEqual([grant, "grant-invalid"]);
		}
	});

	it.each(["k2.key", "k2", "k2.bin"])("a key beside the media (%s) is not served as a segment", async (name) => {
		await keep(`${folder}low/${name}`, CONTENT_KEY);
		const url = `${playback.base}s/low/${name}`;
		const clients = ["", "bytes=0-15", "bytes=0-7", "bytes=8-", "bytes=-16", "bytes=0-0"].map((Range) => ({
			headers: Range === "" ? {} : { Range },
		}));
		for (const client of clients)
			expect([client, await outcomeOf(ask(url, client))]).toEqual([client, "resource-not-found"]);
		expect(await outcomeOf(ask(url, { method: "HEAD" }))).toBe("resource-not-found");
	});
});

describe("a key at an origin that", () => {
	const partly: Answerer = (request, response) => {
		if (request.headers.range === undefined) return chunked(CONTENT_KEY)(request, response);
		return void response.writeHead(206, { "Content-Range": "bytes 0-15/*" }).end(CONTENT_KEY);
	};
	const inParts: Answerer = (_request, response) => {
		const part = (text: string, range: string): string => `--x\r\nContent-Range: bytes ${range}/16\r\n\r\n${text}\r\n`;
		const body =
			part(CONTENT_KEY.toString("latin1", 0, 8), "0-7") + part(CONTENT_KEY.toString("latin1", 8), "8-15") + "--x--\r\n";
		response.writeHead(206, { "Content-Type": "multipart/byteranges; boundary=x" }).end(body, "latin1");
	};
	it.each([
		{ behaviour: "names no length", answerer: chunked(CONTENT_KEY), range: "" },
		{ behaviour: "compresses it", answerer: compressed(CONTENT_KEY, {}), range: "" },
		{ behaviour: "names no length of the whole", answerer: partly, range: "bytes=0-15" },
		{ behaviour: "answers several ranges", answerer: inParts, range: "bytes=0-7,8-15" },
	])("$behaviour is not served as a segment", async ({ answerer, range }) => {
		const root = await publishClip(gate, account);
		gate.origin.answer(`${new URL(root).pathname}low/k2.key`, answerer);
		const { base } = await openPlayback(account.masterUrl("clip", await account.sign()));
		const answer = await ask(`${base}s/low/k2.key`, { headers: range === "" ? {} : { Range: range } });
		const body = Buffer.from(await answer.arrayBuffer());
		expect(body.includes(CONTENT_KEY.subarray(0, 8))).toBe(false);
		expect(answer.status).toBeGreaterThanOrEqual(400);
	});
});

describe("URIs of a playlist", () => {
	it("that lead to another host go through the gate, and the token with them to nobody", async () => {
		const root = await publishClip(gate, account);
		const path = `/${account.id}/ads/ad.ts`;
		elsewhere.put(path, "an ad");
		const dir = new URL(root).pathname;
		gate.origin.put(
			`${dir}low/index.m3u8`,
			`#EXTM3U\n#EXTINF:4,\n${elsewhere.url}${path}\n#EXT-X-ENDLIST\n`,
			playlistType,
		);
		const token = await account.sign();
		const playback = await openPlayback(account.masterUrl("clip", token));
		expect(playback.segment).toMatch(new RegExp(`^${gate.url}/g/`));
		expect(await (await ask(`${playback.segment}?bcov_auth=${token}`)).text()).toBe("an ad");
		expect(elsewhere.seen(path).map(({ url }) => url)).toEqual([path]);
		expect(urisOf(playback.playlist, playback.rendition).attributes).toEqual([]);
	});
});
