import { createRequire } from "node:module";
import { readFile } from "node:fs/promises";
import type { Browser, Page } from "playwright-core";
import type { Origin } from "./origin.ts";
import type { Json } from "./running-gate.ts";
import { eventually } from "./patience.ts";
import { newContext } from "./browser.ts";

/** What the application of a page heard. */
export interface Seen {
	readonly connected: boolean;
	/** `name`, `code` and `message` of the error of `session.connect`. */
	readonly failed: Json | null;
	readonly disconnected: string | null;
	readonly published: boolean;
	readonly publishFailed: Json | null;
	readonly subscribeFailed: Json | null;
}

/** A page with @opentok/client, as it is published. */
export interface VonagePage {
	readonly page: Page;
	/** Every URL that the page asked for, WebSockets too. */
	readonly requested: readonly string[];
	/** Connects with what a join answered; `secret` null: none is set. */
	readonly connect: (join: Json, secret: string | null) => Promise<void>;
	readonly publish: () => Promise<void>;
	readonly disconnect: () => Promise<void>;
	readonly seen: () => Promise<Seen>;
	/** Waits until what the page has seen fulfils this. */
	readonly sees: (what: string, isSo: (seen: Seen) => boolean) => Promise<Seen>;
	readonly close: () => Promise<void>;
}

const require = createRequire(import.meta.url);
const SCRIPT = `
	window.seen = {
		connected: false, failed: null, disconnected: null, published: false, publishFailed: null, subscribeFailed: null,
	};
	const told = (error) => ({ name: error.name, code: error.code, message: error.message });
	window.begin = (join, secret) => {
		OT.setProxyUrl(join.proxy_url);
		const options = secret === null ? {} : { encryptionSecret: secret };
		const session = (window.session = OT.initSession(join.api_key ?? join.application_id, join.session_id, options));
		session.on("sessionDisconnected", (event) => void (window.seen.disconnected = event.reason));
		session.on("streamCreated", ({ stream }) => {
			session.subscribe(stream, null, { insertDefaultUI: false }, (error) => error && (window.seen.subscribeFailed = told(error)));
		});
		session.connect(join.token, (error) => (error ? (window.seen.failed = told(error)) : (window.seen.connected = true)));
	};
	window.send = () => {
		const canvas = document.createElement("canvas");
		canvas.width = canvas.height = 64;
		canvas.getContext("2d").fillRect(0, 0, 64, 64);
		const [videoSource] = canvas.captureStream(5).getVideoTracks();
		const options = { videoSource, audioSource: null, publishAudio: false, insertDefaultUI: false };
		const publisher = OT.initPublisher(null, options, (error) => error && (window.seen.publishFailed ??= told(error)));
		window.session.publish(publisher, (error) => {
			if (error) window.seen.publishFailed = told(error);
			else window.seen.published = true;
		});
	};`;

/** @param sdk name of the installed package */
export async function openVonagePage(browser: Browser, origin: Origin, sdk = "@opentok/client"): Promise<VonagePage> {
	const script = `/${sdk.replaceAll(/\W/g, "-")}`;
	const source = await readFile(require.resolve(`${sdk}/dist/js/opentok.min.js`), "utf8");
	origin.put(`${script}.js`, source, { "Content-Type": "text/javascript" });
	origin.put(
		`${script}.html`,
		`<!doctype html><meta charset="utf-8"><title>vonage</title><script src="${script}.js"></script><script>${SCRIPT}</script>`,
		{
			"Content-Type": "text/html",
		},
	);
	const context = await newContext(browser);
	const page = await context.newPage();
	const requested: string[] = [];
	page.on("request", (request) => requested.push(request.url()));
	page.on("websocket", (socket) => requested.push(socket.url()));
	await page.goto(`${origin.url}${script}.html`);
	const seen = () => page.evaluate<Seen>("seen");
	return {
		page,
		requested,
		connect: (join, secret) => page.evaluate(`begin(${JSON.stringify(join)}, ${JSON.stringify(secret)})`),
		publish: () => page.evaluate("send()"),
		disconnect: () => page.evaluate("session.disconnect()"),
		seen,
		sees: (what, isSo) =>
			eventually(async () => {
				const now = await seen();
				if (!isSo(now)) throw new Error(`waiting for ${what}: ${JSON.stringify(now)}`);
				return now;
			}),
		close: () => context.close(),
	};
}
