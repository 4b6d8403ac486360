import type { Browser } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { launchBrowser } from "../support/browser.ts";
import { publishFilm } from "../support/clear-key-film.ts";
import { openDrmPage, servePlayers } from "../support/drm-page.ts";
import type { DrmPage, Read } from "../support/drm-page.ts";
import { startOrigin } from "../support/origin.ts";
import type { Origin } from "../support/origin.ts";
import { startTestGate } from "../support/running-gate.ts";
import type { Json, TestAccount, TestGate } from "../support/running-gate.ts";

let browser: Browser;
let gate: TestGate;
let site: Origin;
let playersUrl: string;
const pages: DrmPage[] = [];
beforeAll(async () => {
	[browser, gate, site] = await Promise.all([launchBrowser(), startTestGate(), startOrigin()]);
	playersUrl = await servePlayers(site);
});
afterEach(async () => {
	await Promise.all(pages.splice(0).map((page) => page.close()));
});
afterAll(async () => {
	await browser?.close();
	await site?.close();
	await gate?.stop();
});

async function viewer(address = "198.51.100.1"): Promise<DrmPage> {
	const page = await openDrmPage(browser, playersUrl, gate.url, address);
	pages.push(page);
	return page;
}

async function film(settings: Json = {}): Promise<TestAccount> {
	const account = await gate.openAccount(settings);
	await publishFilm(gate, account);
	return account;
}

const manifestUrl = (account: TestAccount): string => `${account.videoUrl("film")}/manifest.mpd`;
const isLicence = (url: string): boolean => url.includes("/licenses/");

/** What page script finds in the body, beside the reason in the header. */
function subcodeOf(read: Read | null): unknown {
	const [refusal] = JSON.parse(read?.body ?? "[]") as Json[];
	expect(refusal).toMatchObject({ reason: read?.reason });
	return refusal?.["error_subcode"];
}

describe("Shaka Player on a page of another origin", () => {
	const withToken = async (account: TestAccount, claims: Json): Promise<string> =>
		`${manifestUrl(account)}?bcov_auth=${await account.sign(claims)}`;

	it("plays encrypted DASH with nothing but the manifest's URL", async () => {
		const account = await film();
		const { playWithShaka, playsPast, requested } = await viewer();
		expect(await playWithShaka(await withToken(account, { uid: "ann", climit: 1, maxu: 1 }))).toBeNull();
		await playsPast(2);
		expect(requested.slice(1).every((url) => url.startsWith(`${gate.url}/g/`))).toBe(true);
		expect(requested.filter(isLicence)).toHaveLength(1);
	});

	it("plays by the link of the video JSON", async () => {
		const account = await film();
		const headers = { Authorization: `Bearer ${await account.sign({ maxu: 1 })}` };
		const json = await (await fetch(account.videoUrl("film"), { headers })).json();
		const { sources } = json as { sources: { src: string }[] };
		const { playWithShaka, playsPast } = await viewer();
		expect(await playWithShaka(sources[0]?.src ?? "")).toBeNull();
		await playsPast(1);
	});

	it("is refused a licence too many, and page script reads why", async () => {
		const account = await film();
		const url = await withToken(account, { maxu: 1 });
		const first = await viewer();
		expect(await first.playWithShaka(url)).toBeNull();
		const second = await viewer("198.51.100.2");
		const read = await second.playWithShaka(url);
		expect(read).toMatchObject({ status: 403, reason: "use-limit" });
		expect(isLicence(read?.url ?? "")).toBe(true);
		expect(subcodeOf(read)).toBe("DENIED_BY_USE_LIMIT");
	});

	it("is refused where the viewer's streams are taken, and page script reads why", async () => {
		const account = await film();
		const url = await withToken(account, { uid: "ben", climit: 1, cbeh: "BLOCK_NEW" });
		const first = await viewer();
		expect(await first.playWithShaka(url)).toBeNull();
		const read = await (await viewer("198.51.100.2")).playWithShaka(url);
		expect(read).toMatchObject({ status: 403, reason: "stream-limit-create" });
		expect(subcodeOf(read)).toBe("DENIED_BY_STREAM_LIMIT_CREATE");
		await first.playsPast(1);
	});
});

describe("dash.js", () => {
	it("plays encrypted DASH with nothing but the manifest's URL, and no more often than the token allows", async () => {
		const account = await film();
		const url = `${manifestUrl(account)}?bcov_auth=${await account.sign({ maxu: 1 })}`;
		const first = await viewer();
		expect(await first.playWithDashJs(url)).toBeNull();
		await first.playsPast(1);
		expect(await (await viewer("198.51.100.2")).playWithDashJs(url)).toContain("403");
	});
});

describe("video.js with videojs-contrib-eme, which sends the token in BCOV-Auth", () => {
	/** The manifest with a token that limits nothing, so that it is the licence that is judged. */
	const sourceOf = async (account: TestAccount, claims: Json): Promise<Json> => ({
		src: `${manifestUrl(account)}?bcov_auth=${await account.sign()}`,
		type: "application/dash+xml",
		keySystems: { "org.w3.clearkey": { url: `${account.videoUrl("film")}/licenses/clearkey` } },
		emeHeaders: { "BCOV-Auth": await account.sign(claims) },
	});

	it("plays encrypted DASH", async () => {
		const account = await film();
		const { playWithVideoJs, playsPast, requested } = await viewer();
		expect(await playWithVideoJs(await sourceOf(account, { uid: "ann", climit: 1, maxu: 1, dlimit: 1 }))).toBeNull();
		await playsPast(2);
		expect(requested.filter(isLicence)).toEqual([`${account.videoUrl("film")}/licenses/clearkey`]);
	});

	it.each([
		{ claims: { maxu: 1 }, reason: "use-limit", subcode: "DENIED_BY_USE_LIMIT" },
		{ claims: { uid: "ann", dlimit: 1 }, reason: "device-limit", subcode: "DENIED_BY_DEVICE_LIMITING" },
		{
			claims: { uid: "ann", climit: 1, cbeh: "BLOCK_NEW" },
			reason: "stream-limit-create",
			subcode: "DENIED_BY_STREAM_LIMIT_CREATE",
		},
	])("is refused the licence, and page script reads why: $reason", async ({ claims, reason, subcode }) => {
		const account = await film();
		const source = await sourceOf(account, claims);
		expect(await (await viewer()).playWithVideoJs(source)).toBeNull();
		const read = await (await viewer("198.51.100.2")).playWithVideoJs(source);
		expect(read).toMatchObject({ status: 403, reason });
		expect(subcodeOf(read)).toBe(subcode);
	});

	it("is refused without a token that is good", async () => {
		const account = await film();
		const source = await sourceOf(account, { exp: 1, iat: 0 });
		const read = await (await viewer()).playWithVideoJs(source);
		expect(read).toMatchObject({ status: 401, reason: "token-expired" });
		expect(subcodeOf(read)).toBe("TOKEN_VALIDATION");
	});
});
