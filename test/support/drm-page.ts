import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import type { Origin } from "./origin.ts";
import { eventually } from "./patience.ts";
import { newContext } from "./browser.ts";

const MODULES = join(import.meta.dirname, "../../node_modules");
const SCRIPTS = {
	shaka: "shaka-player/dist/shaka-player.dash.js",
	dash: "dashjs/dist/modern/umd/dash.all.min.js",
	video: "video.js/dist/video.min.js",
	eme: "videojs-contrib-eme/dist/videojs-contrib-eme.min.js",
};

/** A page of another origin than the gate's, with the players that the tests drive. */
export async function servePlayers(pages: Origin): Promise<string> {
	for (const [name, file] of Object.entries(SCRIPTS)) {
		pages.put(`/${name}.js`, await readFile(join(MODULES, file)), { "Content-Type": "text/javascript" });
	}
	const scripts = Object.keys(SCRIPTS).map((name) => `<script src="/${name}.js"></script>`);
	const html = `<!doctype html><meta charset="utf-8"><title>Players</title><video id="video" muted></video>${scripts.join("")}`;
	pages.put("/players", html, { "Content-Type": "text/html" });
	return `${pages.url}/players`;
}

/** A refused request, as the page's own script reads it. */
export interface Read {
	readonly url: string;
	readonly status: number;
	readonly reason: string | null;
	readonly body: string;
}

export interface DrmPage {
	readonly page: Page;
	/** URLs that the page asked the gate for. */
	readonly requested: readonly string[];
	/** Plays a manifest with Shaka Player; answers what it says was refused, or null once it plays. */
	readonly playWithShaka: (manifest: string) => Promise<Read | null>;
	/** As with Shaka Player; dash.js tells of a refusal no more than that there was one. */
	readonly playWithDashJs: (manifest: string) => Promise<string | null>;
	/** Plays a source with video.js and its EME plugin; answers what the gate refused on the way, or null once it plays. */
	readonly playWithVideoJs: (source: Readonly<Record<string, unknown>>) => Promise<Read | null>;
	/** Waits until frames up to this second were decoded. */
	readonly playsPast: (second: number) => Promise<void>;
	readonly close: () => Promise<void>;
}

// Text, not functions: they run in the page. `data` of Shaka's network errors: URL, status, body, headers; a refused licence has that error inside.
const WITH_SHAKA = `async (manifest) => {
	shaka.polyfill.installAll();
	const player = new shaka.Player();
	const video = document.querySelector("video");
	await player.attach(video);
	const failed = new Promise((resolve) => player.addEventListener("error", ({ detail }) => resolve(detail)));
	const playing = new Promise((resolve) => video.addEventListener("playing", () => resolve(null), { once: true }));
	const fault = await Promise.race([player.load(manifest).then(() => { video.play(); return playing; }).catch((error) => error), failed]);
	if (fault === null) return null;
	const network = fault.data.find((each) => each instanceof shaka.util.Error) ?? fault;
	const [url, status, body, headers] = network.data;
	return { url, status, reason: headers?.["playgate-reason"] ?? null, body: String(body) };
}`;

const WITH_DASH_JS = `(manifest) => {
	const player = dashjs.MediaPlayer().create();
	player.updateSettings({ debug: { logLevel: 0 } });
	const video = document.querySelector("video");
	const outcome = new Promise((resolve) => {
		player.on("error", ({ error }) => resolve(error.message));
		video.addEventListener("playing", () => resolve(null), { once: true });
	});
	player.initialize(video, manifest, true);
	return outcome;
}`;

/** Listens in on the requests of the page, as an application that shows the reason of a refusal would. */
const WITH_VIDEO_JS = `async (source) => {
	let refused = null;
	const send = XMLHttpRequest.prototype.send;
	XMLHttpRequest.prototype.send = function (...body) {
		this.addEventListener("readystatechange", () => {
			if (this.readyState !== 4 || this.status < 400) return;
			const text = this.responseType === "arraybuffer" ? new TextDecoder().decode(this.response) : this.responseText;
			refused ??= { url: this.responseURL, status: this.status, reason: this.getResponseHeader("Playgate-Reason"), body: text };
		});
		return send.apply(this, body);
	};
	const player = videojs(document.querySelector("video"), { muted: true });
	await new Promise((resolve) => player.ready(resolve));
	player.eme();
	const ended = new Promise((resolve) => {
		player.on("error", resolve);
		player.tech(true).el().addEventListener("playing", resolve, { once: true });
	});
	player.src(source);
	player.play().catch(() => {});
	await ended;
	return refused;
}`;

/** @param address of the viewer, as a trusted proxy would tell it */
export async function openDrmPage(browser: Browser, url: string, gateUrl: string, address: string): Promise<DrmPage> {
	const context = await newContext(browser, { extraHTTPHeaders: { "X-Client-IP": address } });
	const page = await context.newPage();
	const requested: string[] = [];
	page.on("request", (request) => request.url().startsWith(gateUrl) && requested.push(request.url()));
	await page.goto(url);
	return {
		page,
		requested,
		playWithShaka: (manifest) => page.evaluate<Read | null>(`(${WITH_SHAKA})(${JSON.stringify(manifest)})`),
		playWithDashJs: (manifest) => page.evaluate<string | null>(`(${WITH_DASH_JS})(${JSON.stringify(manifest)})`),
		playWithVideoJs: (source) => page.evaluate<Read | null>(`(${WITH_VIDEO_JS})(${JSON.stringify(source)})`),
		playsPast: (second) =>
			eventually(async () => {
				const { time, frames, state } = await page.evaluate<{ time: number; frames: number; state: number }>(
					`(() => { const v = document.querySelector("video"); return { time: v.currentTime, state: v.readyState, frames: v.getVideoPlaybackQuality().totalVideoFrames }; })()`,
				);
				if (time <= second || frames <= second) throw new Error(`at ${time} s, ${frames} frames, state ${state}`);
			}, 100),
		close: () => context.close(),
	};
}
