import { build } from "esbuild";
import type { Browser, Page } from "playwright-core";
import type { Json } from "./running-gate.ts";
import type { Origin } from "./origin.ts";
import { eventually } from "./patience.ts";
import { newContext } from "./browser.ts";

/** A page with amazon-chime-sdk-js, as it is published. */
export interface ChimePage {
	readonly page: Page;
	/**
	 * Begins a session with what a join answered (`meeting` and `attendee`, or what the page's back end made).
	 * The SDK gives a connection that does not come about up after `connectionTimeoutMs`, and tries again for 4 s; 15 s and two minutes when
	 * it is left to the SDK.
	 */
	readonly start: (meeting: Json, attendee: Json, connectionTimeoutMs?: number) => Promise<void>;
	/** Waits until the SDK has said how the session ended: the name of its status, such as `AudioAttendeeRemoved`. */
	readonly stopped: () => Promise<string>;
	/** Answers an offer with a peer of the page's own, so that media has somewhere to go. */
	readonly answer: (offer: string) => Promise<string>;
	/** Waits until the SDK has said that the session has started. */
	readonly started: () => Promise<void>;
	/** Leaves, as a button would. */
	readonly leave: () => Promise<void>;
	/** How often the SDK has said that it connects, and that it connects again. */
	readonly connects: () => Promise<number>;
	readonly close: () => Promise<void>;
}

const SCRIPT = `
	import {
		ConsoleLogger, DefaultDeviceController, DefaultMeetingSession, LogLevel, MeetingSessionConfiguration, MeetingSessionStatusCode,

	} from "amazon-chime-sdk-js";
	window.seen = { stopped: null, connects: 0, started: 0 };
	window.answerOffer = async (sdp) => {
		const peer = new RTCPeerConnection();
		await peer.setRemoteDescription({ type: "offer", sdp });
		await peer.setLocalDescription(await peer.createAnswer());
		if (peer.iceGatheringState !== "complete")
			await new Promise((done) => (peer.onicegatheringstatechange = () => peer.iceGatheringState === "complete" && done()));
		return peer.localDescription.sdp;
	};
	window.begin = (meeting, attendee, connectionTimeoutMs) => {
		const logger = new ConsoleLogger("sdk", LogLevel.ERROR);
		const configuration = new MeetingSessionConfiguration(meeting, attendee);
		if (connectionTimeoutMs !== undefined) {
			configuration.connectionTimeoutMs = connectionTimeoutMs;
			configuration.reconnectTimeoutMs = 4000;
		}
		configuration.urls.eventIngestionURL = null;
		const devices = new DefaultDeviceController(logger);
		const session = new DefaultMeetingSession(configuration, logger, devices);
		session.audioVideo.addObserver({
			audioVideoDidStartConnecting: () => void (window.seen.connects += 1),
			audioVideoDidStart: () => void (window.seen.started += 1),
			audioVideoDidStop: (status) => void (window.seen.stopped = MeetingSessionStatusCode[status.statusCode()]),
		});
		window.leave = () => session.audioVideo.stop();
		session.audioVideo.start();
	};`;

let bundle: Promise<string> | undefined;

/** The SDK is written for bundlers: it names Node's global object, and modules of Node that no browser has. */
async function bundleOf(): Promise<string> {
	const { outputFiles } = await build({
		stdin: { contents: SCRIPT, resolveDir: import.meta.dirname },
		bundle: true,
		write: false,
		format: "iife",
		platform: "browser",
		logLevel: "silent",
		define: { global: "globalThis", "process.env.NODE_ENV": '"production"' },
		plugins: [
			{
				name: "no modules of Node",
				setup: (on) => {
					on.onResolve({ filter: /^node:|^(fs|path|os|http|https|crypto|stream|util|buffer|url)$/ }, ({ path }) => ({
						path,
						namespace: "none",
					}));
					on.onLoad({ filter: /.*/, namespace: "none" }, () => ({ contents: "module.exports = {}" }));
				},
			},
		],
	});
	return outputFiles[0]?.text ?? "";
}

const PAGE = "/chime.html";

/** @param headers what the viewer's network adds to every request */
export async function openChimePage(
	browser: Browser,
	origin: Origin,
	headers: Readonly<Record<string, string>> = {},
): Promise<ChimePage> {
	bundle ??= bundleOf();
	origin.put("/chime-sdk.js", await bundle, { "Content-Type": "text/javascript" });
	origin.put(PAGE, '<!doctype html><meta charset="utf-8"><title>chime</title><script src="/chime-sdk.js"></script>', {
		"Content-Type": "text/html",
	});
	const context = await newContext(browser, { extraHTTPHeaders: headers });
	const page = await context.newPage();
	await page.goto(origin.url + PAGE);
	const seen = () => page.evaluate<{ stopped: string | null; connects: number; started: number }>("seen");
	return {
		page,
		start: (...given) => page.evaluate(`begin(${given.map((each) => JSON.stringify(each)).join(", ")})`),
		stopped: () =>
			eventually(async () => {
				const { stopped } = await seen();
				if (stopped === null) throw new Error("the session goes on");
				return stopped;
			}),
		answer: (offer) => page.evaluate(`answerOffer(${JSON.stringify(offer)})`),
		started: () =>
			eventually(async () => {
				if ((await seen()).started === 0) throw new Error("the session has not started");
			}),
		leave: () => page.evaluate("leave()"),
		connects: async () => (await seen()).connects,
		close: () => context.close(),
	};
}
