import type { Browser } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { launchBrowser } from "../support/browser.ts";
import { makeDash, startLiveStream } from "../support/ffmpeg.ts";
import type { LiveStream } from "../support/ffmpeg.ts";
import { openPage } from "../support/page-players.ts";
import type { LibraryName, PagePlayer } from "../support/page-players.ts";
import { startTestGate } from "../support/running-gate.ts";
import type { Json, TestAccount, TestGate } from "../support/running-gate.ts";

// Player libraries as they are published, in pages of another origin than the gate's, on real media.
let browser: Browser;
let gate: TestGate;
let account: TestAccount;
let live: LiveStream;
const pages: PagePlayer[] = [];

beforeAll(async () => {
	[browser, gate] = await Promise.all([launchBrowser(), startTestGate()]);
	account = await gate.openAccount({ touch_seconds: 1 });
	for (const [name, bytes] of await makeDash(30)) gate.origin.put(`/dash/${name}`, bytes);
	live = await startLiveStream(gate.origin, "/live/");
	const sources = [
		{ type: "application/dash+xml", src: `${gate.origin.url}/dash/manifest.mpd` },
		{ type: "application/x-mpegURL", src: live.url },
	];
	await account.putVideo("clip", { name: "Clip", sources });
});
afterEach(async () => {
	await Promise.all(pages.splice(0).map((page) => page.close()));
});
afterAll(async () => {
	await live?.stop();
	await browser?.close();
	await gate?.stop();
});

async function watch(library: LibraryName, token: string, address = "198.51.100.1"): Promise<PagePlayer> {
	const manifest = library === "dash.js" ? "manifest.mpd" : "master.m3u8";
	if (library === "hls.js") await live.started();
	const url = `${account.videoUrl("clip")}/${manifest}?bcov_auth=${token}`;
	const page = await openPage(browser, gate.origin, { library, url, address });
	pages.push(page);
	return page;
}

const sign = (claims: Json): Promise<string> => account.sign(claims);

describe.each([
	["dash.js", "a clear DASH presentation"],
	["hls.js", "a live stream that ffmpeg encodes meanwhile"],
] as const)("%s", (library, what) => {
	it(`plays ${what}, and every request after the first is under a grant`, async () => {
		const token = await sign({ uid: `ann-${library}`, climit: 1, maxip: 1 });
		const viewer = await watch(library, token);
		await viewer.playsPast(4);
		const asked = (): string[] => viewer.requested.filter((url) => url.startsWith(gate.url));
		const ofMedia = (): string[] => asked().filter((url) => !url.includes("/playback/v1/"));
		await expect.poll(() => ofMedia().length).toBeGreaterThan(4);
		const media = ofMedia();
		expect(media.filter((url) => !url.startsWith(`${gate.url}/g/`) || url.includes(token))).toEqual([]);
		expect(asked().length).toBeGreaterThan(media.length);
	});

	it("is stopped in the midst of playing by a second stream, and its page can read why", async () => {
		const token = await sign({ uid: `ben-${library}`, climit: 1 });
		const first = await watch(library, token, "198.51.100.1");
		await first.playsPast(1);
		const second = await watch(library, token, "198.51.100.2");
		expect(await first.refusal()).toEqual({ status: 403, reason: "stream-limit-renew" });
		await second.playsPast(1);
	});

	it.each([
		["climit with BLOCK_NEW", { climit: 1, cbeh: "BLOCK_NEW" }, "stream-limit-create"],
		["maxip", { maxip: 1 }, "ip-limit"],
		["maxu", { maxu: 1 }, "use-limit"],
	])("does not start beyond %s, and its page can read why", async (_limit, claims, reason) => {
		const token = await sign({ ...claims, ...("climit" in claims ? { uid: `cleo-${library}` } : {}) });
		const first = await watch(library, token, "198.51.100.1");
		await first.playsPast(1);
		const second = await watch(library, token, "198.51.100.2");
		expect(await second.refusal()).toEqual({ status: 403, reason });
		await first.playsPast(2);
	});

	it("tells its page that the token has expired", async () => {
		const viewer = await watch(library, await sign({ iat: 1_700_000_000, exp: 1_700_000_600 }));
		expect(await viewer.refusal()).toEqual({ status: 401, reason: "token-expired" });
	});
});
