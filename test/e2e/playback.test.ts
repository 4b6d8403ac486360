import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CONTENT_KEY, HLS, publishClip, segmentBytes } from "../support/clip.ts";
import type { Store } from "../support/clip.ts";
import { serveLive } from "../support/live-playlist.ts";
import { ask, openPlayback, outcomeOf, refusalOf, urisOf } from "../support/player.ts";
import type { Client } from "../support/player.ts";
import { nowSeconds, startTestGate } from "../support/running-gate.ts";
import type { TestGate } from "../support/running-gate.ts";
import { eventually, inTime } from "../support/patience.ts";

let gate: TestGate;
beforeAll(async () => {
	gate = await startTestGate();
});
afterAll(() => gate.stop());

const bytesOf = async (url: string, client: Client = {}): Promise<Buffer> =>
	Buffer.from(await (await ask(url, client)).arrayBuffer());
const textOf = async (url: string, client: Client = {}): Promise<string> => (await ask(url, client)).text();

describe.each<Store>(["origin", "r2"])("a clip in %s", (store) => {
	it("plays: multivariant playlist, media playlist, key and segments, all through the gate", async () => {
		const account = await gate.openAccount();
		await publishClip(gate, account, { store });
		const master = await ask(account.masterUrl("clip", await account.sign({ uid: "ann", climit: 1 })));
		expect(master.status).toBe(200);
		expect(master.headers.get("Content-Type")).toBe("application/vnd.apple.mpegurl");
		expect(master.headers.get("Cache-Control")).toBe("no-store");
		expect(master.headers.get("Playgate-Decision")).toMatch(/^[0-9a-f-]{36}$/);
		const { lines: renditions } = urisOf(await master.text(), gate.url);
		expect(renditions.map((url) => url.replace(/\/g\/[^/]+\//, "/g/*/"))).toEqual([
			`${gate.url}/g/*/s/low/index.m3u8`,
			`${gate.url}/g/*/s/high/index.m3u8`,
		]);
		for (const [index, name] of ["low", "high"].entries()) {
			const rendition = renditions[index] ?? "";
			const { lines, attributes } = urisOf(await textOf(rendition), rendition);
			expect(attributes).toHaveLength(1);
			expect(await bytesOf(attributes[0] ?? "")).toEqual(CONTENT_KEY);
			expect(await bytesOf(lines[0] ?? "")).toEqual(segmentBytes(`${name}/seg0.ts`));
			expect(await bytesOf(lines[1] ?? "")).toEqual(segmentBytes(`${name}/seg1.ts`));
		}
	});

	it.each([
		{ range: "bytes=0-9", status: 206, contentRange: "bytes 0-9/4096", part: [0, 10] },
		{ range: "bytes=4000-", status: 206, contentRange: "bytes 4000-4095/4096", part: [4000, 4096] },
		{ range: "bytes=-5", status: 206, contentRange: "bytes 4091-4095/4096", part: [4091, 4096] },
		{ range: "bytes=100-99999", status: 206, contentRange: "bytes 100-4095/4096", part: [100, 4096] },
	])("serves $range of a segment", async ({ range, status, contentRange, part }) => {
		const account = await gate.openAccount();
		await publishClip(gate, account, { store });
		const { segment } = await openPlayback(account.masterUrl("clip", await account.sign()));
		const answer = await ask(segment, { headers: { Range: range } });
		expect([answer.status, answer.headers.get("Content-Range")]).toEqual([status, contentRange]);
		expect(answer.headers.get("Access-Control-Expose-Headers")).toContain("Content-Range");
		expect(Buffer.from(await answer.arrayBuffer())).toEqual(segmentBytes("low/seg0.ts").subarray(part[0], part[1]));
	});

	it("answers 416 to a range that the segment does not have", async () => {
		const account = await gate.openAccount();
		await publishClip(gate, account, { store });
		const { segment } = await openPlayback(account.masterUrl("clip", await account.sign()));
		expect(await outcomeOf(ask(segment, { headers: { Range: "bytes=9000-9001" } }))).toBe(416);
	});

	it("answers HEAD with the headers of GET and no body, and spends nothing", async () => {
		const account = await gate.openAccount();
		await publishClip(gate, account, { store, protection: "" });
		const url = account.masterUrl("clip", await account.sign({ maxu: 1, maxip: 1 }));
		for (const ip of ["198.51.100.1", "198.51.100.2"]) {
			const head = await ask(url, { method: "HEAD", ip });
			expect([head.status, await head.text()]).toEqual([200, ""]);
			expect(head.headers.get("Content-Type")).toBe("application/vnd.apple.mpegurl");
		}
		const playback = await openPlayback(url);
		for (const target of [playback.rendition, playback.segment]) {
			const [head, get] = [await ask(target, { method: "HEAD" }), await ask(target)];
			expect([head.status, await head.text(), get.status]).toEqual([200, "", 200]);
			const size = (await get.arrayBuffer()).byteLength;
			for (const name of ["Content-Type", "ETag", "Accept-Ranges", "Access-Control-Allow-Origin"]) {
				expect([name, head.headers.get(name)]).toEqual([name, get.headers.get(name)]);
			}
			expect([null, String(size)]).toContain(head.headers.get("Content-Length"));
		}
		expect(await outcomeOf(ask(url))).toBe("use-limit");
	});

	it("answers 304 to whoever has the current media playlist or segment", async () => {
		const account = await gate.openAccount();
		await publishClip(gate, account, { store });
		const { rendition, segment } = await openPlayback(account.masterUrl("clip", await account.sign()));
		for (const url of [rendition, segment]) {
			const first = await ask(url);
			await first.arrayBuffer();
			const etag = first.headers.get("ETag") ?? "";
			expect(etag).not.toBe("");
			const again = await ask(url, { headers: { "If-None-Match": etag } });
			expect([again.status, await again.text(), again.headers.get("ETag")]).toEqual([304, "", etag]);
			expect(await outcomeOf(ask(url, { headers: { "If-None-Match": '"another"' } }))).toBe(200);
		}
	});
});

describe("the token", () => {
	it.each([
		{ carrier: "?bcov_auth=", query: (token: string) => `?bcov_auth=${token}` },
		{ carrier: "?bcov-auth=", query: (token: string) => `?bcov-auth=${token}` },
		{ carrier: "Authorization: Bearer", headers: (token: string) => ({ Authorization: `Bearer ${token}` }) },
		{ carrier: "BCOV-Auth", headers: (token: string) => ({ "BCOV-Auth": token }) },
		{ carrier: "cookie bcov-auth", headers: (token: string) => ({ Cookie: `theme=dark; bcov-auth=${token}` }) },
	])("may come as $carrier", async ({ query, headers }) => {
		const account = await gate.openAccount();
		await publishClip(gate, account);
		const token = await account.sign();
		const url = account.masterUrl("clip") + (query?.(token) ?? "");
		const playback = await openPlayback(url, { headers: headers?.(token) ?? {} });
		expect(await bytesOf(playback.key)).toEqual(CONTENT_KEY);
	});

	it.each(["RS256", "ES256"] as const)("may be signed with %s", async (alg) => {
		const account = await gate.openAccount();
		await publishClip(gate, account);
		expect(await outcomeOf(ask(account.masterUrl("clip", await account.sign({}, { alg }))))).toBe(200);
	});

	it("is in no URL that a player gets, and nothing of the viewer's reaches the origin", async () => {
		const account = await gate.openAccount();
		await publishClip(gate, account);
		const token = await account.sign({ uid: "ann" });
		const headers = {
			Authorization: `Bearer ${token}`,
			"BCOV-Auth": token,
			Cookie: `bcov-auth=${token}`,
			Referer: "https://a.example/?u=1",
		};
		const playback = await openPlayback(account.masterUrl("clip", token), { headers });
		const [, payload = "", signature = ""] = token.split(".");
		for (const text of [playback.master, playback.playlist]) {
			expect(text).not.toContain(payload);
			expect(text).not.toContain(signature);
		}
		// Players that add the token to whatever they ask for.
		const segment = await ask(`${playback.segment}?bcov_auth=${token}&part=1&bcov-auth=${token}&CMCD=sid%3D%22x%22`, {
			headers,
		});
		expect(segment.status).toBe(200);
		await segment.arrayBuffer();
		const seen = gate.origin.seen(`/${account.id}/`);
		expect(seen.map(({ url }) => url)).toEqual([
			`/${account.id}/clip/master.m3u8`,
			`/${account.id}/clip/low/index.m3u8`,
			`/${account.id}/clip/low/seg0.ts?part=1`,
		]);
		const names = seen.flatMap((request) => Object.keys(request.headers));
		expect(names).not.toContain("cookie");
		expect(names).not.toContain("authorization");
		expect(names).not.toContain("referer");
		expect(JSON.stringify(seen)).not.toMatch(/bcov|cmcd|203\.0\.113\.7|Player\/1\.0/i);
		expect(JSON.stringify(seen)).not.toContain(signature);
	});
});

describe("the video", () => {
	it("is described for a Bearer token, with links that play and without its origin", async () => {
		const account = await gate.openAccount();
		await publishClip(gate, account);
		const token = await account.sign({ maxu: 1 });
		const answer = await ask(account.videoUrl("clip"), { headers: { Authorization: `Bearer ${token}` } });
		expect([answer.status, answer.headers.get("Content-Type")]).toEqual([200, "application/json; charset=utf-8"]);
		const text = await answer.text();
		expect(text).not.toContain(gate.origin.host);
		expect(text).not.toContain(CONTENT_KEY.toString("base64"));
		expect(text).not.toContain(token.split(".")[2]);
		const video = JSON.parse(text) as {
			id: string;
			name: string;
			account_id: string;
			sources: { src: string; type: string }[];
		};
		expect(video).toMatchObject({ id: "clip", name: "Clip", account_id: account.id });
		const playback = await openPlayback(video.sources[0]?.src ?? "");
		expect(await bytesOf(playback.key)).toEqual(CONTENT_KEY);
		expect(await outcomeOf(ask(playback.key))).toBe("use-limit");
	});

	it.each(["ref:clip-1", "ref%3Aclip-1"])("is found by its reference id, written %s", async (name) => {
		const account = await gate.openAccount();
		await publishClip(gate, account, { record: { reference_id: "clip-1", sources: clipSource(account.id) } });
		const token = await account.sign({ conid: "clip" });
		const playback = await openPlayback(account.masterUrl(name, token));
		expect(await bytesOf(playback.segment)).toEqual(segmentBytes("low/seg0.ts"));
		expect(await outcomeOf(ask(account.videoUrl(name), { headers: { "BCOV-Auth": token } }))).toBe(200);
	});

	it("sends players to the origin for segments, and for nothing else, when segments is direct", async () => {
		const account = await gate.openAccount();
		const root = await publishClip(gate, account);
		await account.putVideo("direct", {
			segments: "direct",
			sources: [
				{
					type: HLS,
					protection: "aes128",
					src: `${root}master.m3u8`,
					keys: { "k1.key": CONTENT_KEY.toString("base64") },
				},
			],
		});
		const playback = await openPlayback(account.masterUrl("direct", await account.sign()));
		expect(playback.segments).toEqual([`${root}low/seg0.ts`, `${root}low/seg1.ts`]);
		expect([playback.rendition, playback.key].map((url) => new URL(url).origin)).toEqual([gate.url, gate.url]);
		expect(await bytesOf(playback.key)).toEqual(CONTENT_KEY);
		expect(await bytesOf(playback.segment)).toEqual(segmentBytes("low/seg0.ts"));
	});

	const clipSource = (account: string): unknown => [
		{ type: HLS, protection: "", src: `${gate.origin.url}/${account}/clip/master.m3u8` },
	];
});

describe("a live stream", () => {
	/** A live video behind a multivariant playlist; the answer is the URL of its media playlist under a grant. */
	async function openLive(claims: Readonly<Record<string, unknown>> = {}) {
		const account = await gate.openAccount({ touch_seconds: 0 });
		const dir = `/${account.id}/live`;
		const playlist = serveLive(gate.origin, dir);
		gate.origin.put(`${dir}/master.m3u8`, "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1000\nlive.m3u8\n");
		await account.putVideo("live", { sources: [{ type: HLS, src: `${gate.origin.url}${dir}/master.m3u8` }] });
		const token = await account.sign(claims);
		const playback = await openPlayback(account.masterUrl("live", token));
		return { account, token, playlist, playback, dir };
	}

	it("slides: each reload shows the newest segments and its media sequence", async () => {
		const { playlist, playback } = await openLive();
		for (const sequence of [1, 2, 3]) {
			playlist.advance();
			const text = await textOf(playback.rendition);
			expect(text).toContain(`#EXT-X-MEDIA-SEQUENCE:${sequence}\n`);
			const newest = urisOf(text, playback.rendition).lines.at(-1) ?? "";
			expect(newest).toMatch(new RegExp(`^${gate.url}/g/.*/s/live-${sequence + 2}\\.ts$`));
			expect(await textOf(newest)).toBe(`live segment ${sequence + 2}`);
		}
	});

	it("waits at the origin for the segment that _HLS_msn names", async () => {
		const { account, playlist, playback } = await openLive();
		const reload = textOf(`${playback.rendition}?_HLS_msn=3`);
		await playlist.whenBlocked();
		playlist.advance();
		expect(await reload).toContain("live-3.ts");
		expect(gate.origin.seen(`/${account.id}/live/live.m3u8`).map(({ url }) => url)).toContain(
			`/${account.id}/live/live.m3u8?_HLS_msn=3`,
		);
	});

	it("is gated at each reload", async () => {
		const { account, token, playback } = await openLive({ uid: "ann", climit: 1 });
		expect(await outcomeOf(ask(playback.rendition))).toBe(200);
		expect(await outcomeOf(ask(account.masterUrl("live", token), { ip: "198.51.100.9" }))).toBe(200);
		expect(await outcomeOf(ask(playback.rendition))).toBe("stream-limit-renew");
		expect(await outcomeOf(ask(`${playback.rendition}?_HLS_msn=0`))).toBe("stream-limit-renew");
	});

	it("plays from a media playlist alone, reloaded with the token or under the grant", async () => {
		const account = await gate.openAccount();
		const dir = `/${account.id}/live`;
		const playlist = serveLive(gate.origin, dir);
		await account.putVideo("live", { sources: [{ type: HLS, src: `${gate.origin.url}${dir}/live.m3u8` }] });
		const url = account.masterUrl("live", await account.sign({ uid: "ann", climit: 1 }));
		const { lines } = urisOf(await textOf(url), url);
		expect(await textOf(lines[0] ?? "")).toBe("live segment 0");
		playlist.advance();
		expect(await textOf(`${url}&_HLS_msn=3`)).toContain("live-3.ts");
		const grant = /\/g\/[^/]+\//.exec(lines[0] ?? "")?.[0] ?? "";
		expect(await textOf(`${gate.url}${grant}s/live.m3u8`)).toContain("live-3.ts");
		expect(gate.origin.seen(dir).map((request) => request.url)).toContain(`${dir}/live.m3u8?_HLS_msn=3`);
	});

	describe("of a media playlist alone, reloaded with the token,", () => {
		async function openPlain(claims: Readonly<Record<string, unknown>>): Promise<string> {
			const account = await gate.openAccount({ touch_seconds: 0 });
			serveLive(gate.origin, `/${account.id}/live`);
			await account.putVideo("live", {
				sources: [{ type: HLS, src: `${gate.origin.url}/${account.id}/live/live.m3u8` }],
			});
			return account.masterUrl("live", await account.sign(claims));
		}

		it("does not take the place back that a newer viewer has taken", async () => {
			const url = await openPlain({ uid: "ann", climit: 1 });
			const [first, second] = [{ ip: "198.51.100.1" }, { ip: "198.51.100.2" }];
			for (const client of [first, first, second]) expect(await outcomeOf(ask(url, client))).toBe(200);
			for (const _reload of [1, 2, 3]) {
				expect(await outcomeOf(ask(url, first))).toBe("stream-limit-renew");
				expect(await outcomeOf(ask(url, second))).toBe(200);
			}
		});

		it("is one use of maxu, however often it is reloaded", async () => {
			const url = await openPlain({ uid: "ann", maxu: 1 });
			for (const _reload of [1, 2, 3]) expect(await outcomeOf(ask(url))).toBe(200);
			expect(await outcomeOf(ask(url, { ip: "198.51.100.2" }))).toBe("use-limit");
		});
	});

	it("is shown anew within seconds when its origin says nothing about caching", async () => {
		const account = await gate.openAccount();
		const path = `/${account.id}/plain/live.m3u8`;
		const publish = (sequence: number) =>
			gate.origin.put(
				path,
				`#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXT-X-MEDIA-SEQUENCE:${sequence}\n#EXTINF:1,\nseg${sequence}.ts\n`,
			);
		publish(1);
		await account.putVideo("live", { sources: [{ type: HLS, src: gate.origin.url + path }] });
		const url = account.masterUrl("live", await account.sign());
		expect(await textOf(url)).toContain("seg1.ts");
		publish(2);
		await eventually(async () => expect(await textOf(url)).toContain("seg2.ts"), 200);
	});
});

describe("a grant", () => {
	it("ends when its token ends", async () => {
		const account = await gate.openAccount({ clock_skew_seconds: 0 });
		await publishClip(gate, account);
		const { token, segment, key } = await inTime(async (seconds) => {
			const token = await account.sign({ exp: nowSeconds() + seconds });
			return { token, ...(await openPlayback(account.masterUrl("clip", token))) };
		});
		const isExpired = async () => expect(await outcomeOf(ask(segment))).toBe("token-expired");
		await eventually(isExpired, 200);
		for (const url of [key, account.masterUrl("clip", token)]) expect(await outcomeOf(ask(url))).toBe("token-expired");
	});

	it("of a revoked token is refused at the door, whatever it asks for", async () => {
		const account = await gate.openAccount();
		await publishClip(gate, account);
		const token = await account.sign({ uid: "ann" });
		const playback = await openPlayback(account.masterUrl("clip", token));
		expect((await gate.manage("PUT", `${account.apiUrl}/blacklist/tokens/${token}`)).status).toBe(204);
		for (const url of [playback.rendition, playback.key, playback.segment, `${playback.base}master.m3u8`]) {
			expect(await refusalOf(await ask(url))).toMatchObject({
				status: 403,
				error_subcode: "TOKEN_REVOKED",
				reason: "token-revoked",
			});
		}
	});
});
