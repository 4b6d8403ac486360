import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { demoKeyId, seedDemo } from "../../kv-seed/demo/seed.ts";
import { playerUrl } from "../../kv-seed/local/urls.ts";
import { makeSigningKey } from "../../kv-seed/tokens/key-pair.ts";
import type { SigningKey } from "../../kv-seed/tokens/key-pair.ts";
import { signToken } from "../../kv-seed/tokens/sign.ts";
import { launchBrowser, openPlayerPage } from "../support/browser.ts";
import type { PlayerPage } from "../support/browser.ts";
import { nowSeconds, secrets, startTestGate } from "../support/running-gate.ts";
import type { Json, TestGate } from "../support/running-gate.ts";

let browser: Browser;
let gate: TestGate;
let key: SigningKey;
const pages: PlayerPage[] = [];

beforeAll(async () => {
	const demoLinks = [{ title: "Plays", about: "A token that plays.", href: "/demo/player" }];
	[browser, gate] = await Promise.all([launchBrowser(), startTestGate({ demo: true, demoLinks })]);
	key = await makeSigningKey(join(gate.stateDir, "demo-key.pem"), "ES256");
	const { running, stateDir } = gate;
	const contentSecret = secrets.CONTENT_SECRET;
	await seedDemo({ miniflare: running.miniflare, stateDir, publicValue: key.publicValue, contentSecret });
});
afterEach(async () => {
	await Promise.all(pages.splice(0).map((page) => page.close()));
});
afterAll(async () => {
	await browser?.close();
	await gate?.stop();
});

const sign = (claims: Json): Promise<string> =>
	signToken(key, { accid: "demo", iat: nowSeconds(), exp: nowSeconds() + 3600, ...claims }, demoKeyId);

/** A machine of its own that opens the demo player with a token. */
async function watch(token: string, address = "198.51.100.1"): Promise<PlayerPage> {
	const opened = await openPlayerPage(
		browser,
		playerUrl({ base: gate.url, account: "demo", video: "clip" }, token),
		address,
	);
	pages.push(opened);
	return opened;
}

const isPaused = (viewer: PlayerPage): Promise<boolean> =>
	viewer.page.evaluate<boolean>(`document.querySelector("video").paused`);
const noticeOf = async ({ page }: PlayerPage): Promise<string> => (await page.locator("#notice").textContent()) ?? "";

describe("a browser with hls.js", () => {
	it("plays the encrypted clip past several segments, all through the gate", async () => {
		const token = await sign({ uid: "ann", climit: 1, maxip: 1 });
		const viewer = await watch(token);
		await viewer.playsPast(13);
		expect(viewer.faults).toEqual([]);
		const media = viewer.requested.filter((url) => url.startsWith(gate.url) && !url.startsWith(`${gate.url}/demo/`));
		expect(media.filter((url) => url.includes(token.split(".")[2] ?? ""))).toEqual([media[0]]);
		expect(media.slice(1).every((url) => url.startsWith(`${gate.url}/g/`))).toBe(true);
		expect(new Set(media.filter((url) => url.endsWith(".mpegts"))).size).toBeGreaterThan(4);
		expect(media.some((url) => url.endsWith("/licenses/aes128/k1.key"))).toBe(true);
	});

	it("seeks", async () => {
		const viewer = await watch(await sign({ uid: "ben" }));
		await viewer.playsPast(1);
		await viewer.page.evaluate(`document.querySelector("video").currentTime = 40`);
		await viewer.playsPast(43);
		expect(viewer.requested.some((url) => url.endsWith("p-10.mpegts"))).toBe(true);
	});

	it("changes the rendition", async () => {
		const viewer = await watch(await sign({ uid: "cleo" }));
		await viewer.playsPast(1);
		for (const height of [144, 360]) {
			await viewer.page.locator("#quality").selectOption({ label: `${height}p` });
			await viewer.showsHeight(height);
		}
		const now = await viewer.page.evaluate<number>(`document.querySelector("video").currentTime`);
		await viewer.playsPast(now + 4);
		expect(viewer.faults).toEqual([]);
	});
});

describe("a page whose playback is refused shows why and stops", () => {
	it("when a second viewer starts beyond climit 1", async () => {
		const token = await sign({ uid: "dora", climit: 1 });
		const first = await watch(token, "198.51.100.1");
		await first.playsPast(2);
		const second = await watch(token, "198.51.100.2");
		await second.playsPast(2);
		await first.refusedWith("stream-limit-renew");
		expect(await noticeOf(first)).toContain("started another stream");
		expect(await isPaused(first)).toBe(true);
		await second.playsPast(13);
	});

	it("when BLOCK_NEW protects the viewer who came first", async () => {
		const token = await sign({ uid: "emil", climit: 1, cbeh: "BLOCK_NEW" });
		const first = await watch(token, "198.51.100.1");
		await first.playsPast(2);
		const second = await watch(token, "198.51.100.2");
		await second.refusedWith("stream-limit-create");
		expect(await noticeOf(second)).toContain("climit");
		await first.playsPast(9);
	});

	it("when its token has expired", async () => {
		const viewer = await watch(await sign({ uid: "finn", iat: nowSeconds() - 7200, exp: nowSeconds() - 3600 }));
		await viewer.refusedWith("token-expired");
		expect(await noticeOf(viewer)).toMatch(/expired at .*\sHTTP 401, decision [0-9a-f-]{36}/s);
	});

	it("when its token is revoked in the midst of playing", async () => {
		const token = await sign({ uid: "gina" });
		const viewer = await watch(token);
		await viewer.playsPast(2);
		expect((await gate.manage("PUT", `/v1/accounts/demo/blacklist/tokens/${token}`)).status).toBe(204);
		await viewer.refusedWith("token-revoked");
		expect(await isPaused(viewer)).toBe(true);
	});

	it("when an operator ends its session", async () => {
		const viewer = await watch(await sign({ uid: "hugo", climit: 1 }));
		await viewer.playsPast(2);
		expect((await gate.manage("DELETE", "/manage/v1/accounts/demo/sessions?uid=hugo")).status).toBe(204);
		await viewer.refusedWith("session-ended");
		expect(await noticeOf(viewer)).toContain("ended by the publisher");
	});
});
