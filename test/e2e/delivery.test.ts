import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { launchBrowser, newContext } from "../support/browser.ts";
import { HLS } from "../support/clip.ts";
import { HEIGHTS, makeLadder } from "../support/ladder.ts";
import { type Origin, startOrigin } from "../support/origin.ts";
import { ask, openPlayback, outcomeOf, urisOf } from "../support/player.ts";
import { type Json, type TestAccount, type TestGate, startTestGate } from "../support/running-gate.ts";
import { eventually } from "../support/patience.ts";

let browser: Browser;
let gate: TestGate;
let cdn: Origin;
let account: TestAccount;
let files: ReadonlyMap<string, Buffer>;
const contexts: BrowserContext[] = [];

const DASH = "application/dash+xml";
const ANY_ORIGIN = { "Access-Control-Allow-Origin": "*" };

beforeAll(async () => {
	[browser, gate, cdn, files] = await Promise.all([launchBrowser(), startTestGate(), startOrigin(), makeLadder()]);
	for (const [name, script] of Object.entries(PLAYERS)) {
		gate.origin.put(`/${name}.html`, await pageOf(script), { "Content-Type": "text/html" });
	}
});
beforeEach(async () => {
	account = await gate.openAccount();
	for (const [name, body] of files) gate.origin.put(`/${account.id}/clip/${name}`, body, ANY_ORIGIN);
	await publish("gate");
});
afterEach(async () => {
	await Promise.all(contexts.splice(0).map((context) => context.close()));
});
afterAll(async () => {
	await browser?.close();
	await Promise.all([gate?.stop(), cdn?.close()]);
});

function publish(segments: "gate" | "direct"): Promise<void> {
	const root = `${gate.origin.url}/${account.id}/clip`;
	return account.putVideo("clip", {
		segments,
		sources: [
			{ type: HLS, src: `${root}/master.m3u8` },
			{ type: DASH, src: `${root}/clip.mpd` },
		],
	});
}

async function rules(method: string, path: string, body: unknown): Promise<void> {
	const answer = await gate.manage(method, `/accounts/${account.id}${path}`, body);
	expect([answer.status, await answer.json()]).toMatchObject([200, {}]);
}

const makeAction = (id: string, properties: Json): Promise<void> => rules("POST", "/actions", { id, properties });

/** Each plays the URL of its fragment, and knows the lines of the renditions that it may choose from. */
const PLAYERS = {
	"hls.js": {
		library: "hls.js/dist/hls.min.js",
		play: `const hls = new Hls();
			hls.loadSource(url);
			hls.attachMedia(video);
			heights = () => hls.levels.map(({ height }) => height);
			first = () => hls.levels[hls.firstLevel].height;`,
	},
	shaka: {
		library: "shaka-player/dist/shaka-player.compiled.js",
		play: `shaka.polyfill.installAll();
			const player = new shaka.Player();
			player.attach(video).then(() => player.load(url));
			heights = () => player.getVariantTracks().map(({ height }) => height);`,
	},
	dash: {
		library: "dashjs/dist/modern/umd/dash.all.min.js",
		play: `const player = dashjs.MediaPlayer().create();
			player.initialize(video, url, true);
			heights = () => player.getRepresentationsByType("video").map(({ height }) => height);`,
	},
};

async function pageOf({ library, play }: { readonly library: string; readonly play: string }): Promise<string> {
	const script = await readFile(createRequire(import.meta.url).resolve("../../node_modules/" + library), "utf8");
	return `<!doctype html><video muted autoplay></video><script>${script.replaceAll("</script", "<\\/script")}</script>
		<script>
			const url = decodeURIComponent(location.hash.slice(1));
			const video = document.querySelector("video");
			let heights, first = () => 0;
			${play}
		</script>`;
}

interface Viewer {
	readonly agent?: string;
	readonly geo?: Json;
}

/** Opens a player and waits until it shows a picture. @returns the lines of the renditions that it has */
async function watch(
	player: keyof typeof PLAYERS,
	url: string,
	{ agent, geo }: Viewer = {},
): Promise<[number[], Page]> {
	const context = await newContext(browser, {
		...(agent === undefined ? {} : { userAgent: agent }),
		// Headers of this kind go to every host, and make browsers ask each of them for leave.
		...(geo === undefined ? {} : { extraHTTPHeaders: { "X-Client-Geo": JSON.stringify(geo) } }),
	});
	contexts.push(context);
	const page = await context.newPage();
	await page.goto(`${gate.origin.url}/${player}.html#${encodeURIComponent(url)}`);
	await eventually(
		async () => expect(await page.evaluate("video.videoHeight > 0 && video.currentTime > 0.5")).toBe(true),
		100,
	);
	const heights = await page.evaluate<number[]>("heights()");
	return [[...new Set(heights)].toSorted((a, b) => b - a), page];
}

const mpdUrl = (token: string): string => `${account.videoUrl("clip")}/manifest.mpd?bcov_auth=${token}`;
const IPAD =
	"Mozilla/5.0 (iPad; CPU OS 12_2 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/12.1 Mobile/15E148 Safari/604.1";

describe.each(["hls.js", "shaka", "dash"] as const)("%s", (player) => {
	const urlOf = (token: string): string => (player === "hls.js" ? account.masterUrl("clip", token) : mpdUrl(token));

	it("has all renditions where there are no rules, and those that config_id leaves where it is given", async () => {
		const url = urlOf(await account.sign());
		expect((await watch(player, url))[0]).toEqual(HEIGHTS);
		await makeAction("small", { max_video_resolution: "426x240" });
		expect((await watch(player, `${url}&config_id=small`))[0]).toEqual([240, 144]);
	});

	it("plays the one that its token's drules leave", async () => {
		await makeAction("one", { max_video_bitrate: 1, max_audio_renditions: 1 });
		const [heights, page] = await watch(player, urlOf(await account.sign({ drules: ["one"] })));
		expect(heights).toEqual([144]);
		expect(await page.evaluate("video.videoHeight")).toBe(144);
	});

	it("has the renditions of its country and its device", async () => {
		await makeAction("small", { max_video_resolution: "426x240" });
		await makeAction("smallest", { max_video_resolution: "256x144" });
		await rules("PUT", "/conditions", [
			{ if: { request_country: ["JP"] }, then: ["small"] },
			{ if: { device_group: ["ipad"], request_country: ["JP"] }, then: ["smallest"] },
		]);
		const url = urlOf(await account.sign());
		expect((await watch(player, url, { geo: { country: "DE" } }))[0]).toEqual(HEIGHTS);
		expect((await watch(player, url, { geo: { country: "JP" } }))[0]).toEqual([240, 144]);
		// Only the manifest's request: no player of this engine would play as if it were an iPad.
		const asked = await ask(url, { agent: IPAD, headers: { "X-Client-Geo": '{"country":"JP"}' } });
		expect((await asked.text()).match(/\b256x144\b|height="144"/g)).toHaveLength(1);
	});
});

it("hls.js starts with the rendition that is first", async () => {
	await makeAction("low-first", { first_video_bitrate: 100 });
	const url = account.masterUrl("clip", await account.sign());
	const first = async (query: string): Promise<number> => {
		const [, page] = await watch("hls.js", url + query);
		return page.evaluate<number>("first()");
	};
	expect([await first(""), await first("&config_id=low-first")]).toEqual([360, 144]);
});

describe("segments at a preferred domain", () => {
	beforeEach(async () => {
		for (const [name, body] of files) cdn.put(`/${account.id}/clip/${name}`, body, ANY_ORIGIN);
		await makeAction("cdn", { preferred_cdn_domain: cdn.host });
		await publish("direct");
	});

	it.each(["hls.js", "shaka"] as const)("are fetched there by %s", async (player) => {
		const token = await account.sign();
		const url = player === "hls.js" ? account.masterUrl("clip", token) : mpdUrl(token);
		await watch(player, `${url}&config_id=cdn`);
		const below = `/${account.id}/clip/`;
		const isSegment = ({ url: path }: { readonly url: string }): boolean => path.includes(".m4s");
		expect(cdn.seen(below).filter(isSegment).length).toBeGreaterThan(1);
		expect(gate.origin.seen(below).filter(isSegment)).toEqual([]);
	});

	it("are fetched from the source without the rule", async () => {
		const { segment } = await openPlayback(account.masterUrl("clip", await account.sign()));
		expect(new URL(segment).host).toBe(gate.origin.host);
	});
});

describe("the claims that choose content", () => {
	beforeEach(async () => {
		const root = `${gate.origin.url}/${account.id}/clip`;
		await account.putVideo("both", {
			tags: ["sport", "news"],
			sources: [
				{ type: HLS, protection: "aes128", src: `${root}/media_0.m3u8`, keys: {} },
				{ type: HLS, src: `${root}/master.m3u8` },
			],
		});
	});

	it.each([
		[undefined, /STREAM-INF/],
		["", /STREAM-INF/],
		["aes128", /EXTINF/],
	])("pro %j picks the source", async (pro, expected) => {
		const token = await account.sign(pro === undefined ? {} : { pro });
		expect(await (await ask(account.masterUrl("both", token))).text()).toMatch(expected);
	});

	it.each<[Json, string | number]>([
		[{ pro: "widevine" }, "resource-not-found"],
		[{ pro: "drm" }, "claim-invalid"],
		[{ tags: ["news"] }, 200],
		[{ tags: ["x", "sport"] }, 200],
		[{ tags: ["x"] }, "tags-mismatch"],
		[{ tags: Array.from({ length: 40 }, (_, n) => (n === 39 ? "news" : `t${n}`)) }, 200],
		[{ tags: Array.from({ length: 41 }, () => "news") }, "claim-invalid"],
		[{ tags: "news" }, "claim-invalid"],
		[{ vids: ["clip", "both"] }, 200],
		[{ vids: ["clip"] }, "video-not-in-token"],
		[{ vids: "both" }, "claim-invalid"],
		[{ conid: "both" }, 200],
		[{ conid: "clip" }, "video-not-in-token"],
		[{ ua: "Player/1.0" }, 200],
		[{ ua: "player/1.0" }, "user-agent-mismatch"],
		[{ drules: "any" }, 200],
		[{ drules: ["any", "other"] }, 200],
		[{ drules: 1 }, "claim-invalid"],
		[{ drules: [1] }, "claim-invalid"],
	])("%#: %o is answered %s", async (claims, expected) => {
		expect(await outcomeOf(ask(account.masterUrl("both", await account.sign(claims))))).toBe(expected);
	});

	it("ua holds under the grant, too", async () => {
		const url = account.masterUrl("both", await account.sign({ ua: "Player/1.0" }));
		const [rendition = ""] = urisOf(await (await ask(url)).text(), url).lines;
		expect([await outcomeOf(ask(rendition)), await outcomeOf(ask(rendition, { agent: "Other/1.0" }))]).toEqual([
			200,
			"user-agent-mismatch",
		]);
	});
});
