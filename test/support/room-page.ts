import type { Browser, Page, WebSocketRoute } from "playwright-core";
import { expect } from "vitest";
import { launchBrowser, newContext } from "./browser.ts";
import type { Json, TestAccount, TestGate } from "./running-gate.ts";
import { PATIENCE_MS, eventually } from "./patience.ts";

/** A browser whose camera and microphone are made up, and whose candidates name addresses of this machine. */
export const launchCallBrowser = (): Promise<Browser> =>
	launchBrowser([
		"--use-fake-device-for-media-stream",
		"--use-fake-ui-for-media-stream",
		"--disable-features=WebRtcHideLocalIpsWithMdns",
	]);

/** What lies between the page and the room: it may change what passes, in each direction. Null drops the message. */
export interface Between {
	readonly toRoom?: (message: Json) => Json | null;
	readonly toPage?: (message: Json) => Json | null;
}

/** What getStats tells of the connection to one peer. */
export interface CallStats {
	readonly connection: string;
	readonly dtls: string;
	readonly srtpCipher: string;
	readonly packetsReceived: number;
	readonly packetsSent: number;
	readonly framesDecoded: number;
	readonly audioSamples: number;
}

/** The demo's room page in a browser of its own. */
export interface RoomPage {
	readonly page: Page;
	readonly join: (secret: string) => Promise<void>;
	/** `data-state` and `data-reason` of the page. */
	readonly shows: (state: string, reason?: string) => Promise<void>;
	/** Waits until it has shown this state, for however short a time. */
	readonly hasShown: (state: string) => Promise<void>;
	/** Badge of the first peer's tile: `match`, `mismatch`, `none`. */
	readonly secretIs: (state: string) => Promise<void>;
	/** Of each connection that was ever made. */
	readonly stats: () => Promise<readonly CallStats[]>;
	/** Waits until the last connection stands and has decoded so many frames more. */
	readonly sees: (frames?: number) => Promise<CallStats>;
	/** Everything that left the page, by socket or request, headers and bodies. */
	readonly sent: readonly string[];
	/** Messages of the room. */
	readonly heard: readonly Json[];
	readonly faults: readonly string[];
	/** Breaks the connection to the room as a failing network does; only with something between. */
	readonly cut: () => Promise<void>;
	/** Says something in the page's name, as one who holds its connection could; only with something between. */
	readonly inject: (message: Json) => void;
	readonly close: () => Promise<void>;
}

/** Keeps the page's connections, so that the test can ask them. Its camera is a small one: pictures are encoded without a GPU. */
const WATCH = `
	const capture = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
	navigator.mediaDevices.getUserMedia = (asked) => capture({ ...asked, video: asked.video && { width: 320, height: 240 } });
	window.connections = [];
	window.RTCPeerConnection = class extends RTCPeerConnection {
		constructor(configuration) {
			super(configuration);
			window.connections.push(this);
		}
	};
	window.shown = [];
	new MutationObserver(() => shown.push(document.documentElement.dataset.state)).observe(document, {
		subtree: true,
		attributeFilter: ["data-state"],
	});`;

const STATS = `Promise.all(window.connections.map(async (connection) => {
	const found = { connection: connection.connectionState, dtls: "", srtpCipher: "", packetsReceived: 0, packetsSent: 0, framesDecoded: 0, audioSamples: 0 };
	for (const report of (await connection.getStats()).values()) {
		if (report.type === "transport") Object.assign(found, { dtls: report.dtlsState, srtpCipher: report.srtpCipher ?? "" });
		if (report.type === "inbound-rtp") found.packetsReceived += report.packetsReceived ?? 0;
		if (report.type === "outbound-rtp") found.packetsSent += report.packetsSent ?? 0;
		if (report.type === "inbound-rtp" && report.kind === "video") found.framesDecoded = report.framesDecoded ?? 0;
		if (report.type === "inbound-rtp" && report.kind === "audio") found.audioSamples = (report.totalSamplesReceived ?? 0) - (report.concealedSamples ?? 0);
	}
	return found;
}))`;

/** The page's address for one who joins with this token. */
export const roomLink = (gate: TestGate, account: TestAccount, session: string, name: string, token: string): string =>
	`${gate.url}/demo/room#${new URLSearchParams({ account: account.id, session, name, token }).toString()}`;

export async function openRoomPage(browser: Browser, url: string, between?: Between): Promise<RoomPage> {
	const context = await newContext(browser, { viewport: { width: 640, height: 480 } });
	const page = await context.newPage();
	const sent: string[] = [];
	const heard: Json[] = [];
	const faults: string[] = [];
	const lines: Line[] = [];
	page.on("pageerror", (fault) => faults.push(String(fault)));
	context.on("request", (request) =>
		sent.push(`${request.method()} ${request.url()} ${JSON.stringify(request.headers())} ${request.postData() ?? ""}`),
	);
	page.on("websocket", (socket) => {
		sent.push(socket.url());
		socket.on("framesent", ({ payload }) => sent.push(payload.toString()));
		if (!between) socket.on("framereceived", ({ payload }) => note(heard, payload.toString()));
	});
	if (between) await page.routeWebSocket(/\/join\/v1\/rooms\//, (route) => lines.push(pass(route, between, heard)));
	await page.addInitScript(WATCH);
	await page.goto(url);
	const state = (): Promise<Json> => page.evaluate<Json>("({ ...document.documentElement.dataset })");
	const stats = (): Promise<readonly CallStats[]> => page.evaluate<readonly CallStats[]>(STATS);
	return {
		page,
		sent,
		heard,
		faults,
		stats,
		join: async (secret) => {
			await page.fill("#secret", secret);
			await page.click("#join");
		},
		shows: (wanted, reason) =>
			eventually(
				async () => expect(await state()).toMatchObject({ state: wanted, ...(reason === undefined ? {} : { reason }) }),
				100,
			),
		hasShown: (wanted) =>
			eventually(async () => expect(await page.evaluate<string[]>("window.shown")).toContain(wanted), 100),
		secretIs: async (wanted) => {
			const tile = page.locator(`.tile[data-secret="${wanted}"]`).first();
			await tile.waitFor({ state: "attached", timeout: PATIENCE_MS });
		},
		sees: async (frames = 10) => {
			const before = (await stats()).at(-1)?.framesDecoded ?? 0;
			return eventually(async () => {
				const now = (await stats()).at(-1);
				expect(now).toMatchObject({ connection: "connected", dtls: "connected" });
				expect(now?.framesDecoded ?? 0).toBeGreaterThan(before + frames);
				return now as CallStats;
			}, 100);
		},
		cut: async () => lines.at(-1)?.cut(),
		inject: (message) => lines.at(-1)?.inject(message),
		close: () => context.close(),
	};
}

function note(heard: Json[], text: string): void {
	if (text.startsWith("{")) heard.push(JSON.parse(text) as Json);
}

type Line = Pick<RoomPage, "cut" | "inject">;

function pass(page: WebSocketRoute, { toRoom, toPage }: Between, heard: Json[]): Line {
	const room = page.connectToServer();
	page.onMessage((data) => {
		const text = data.toString();
		const out = text.startsWith("{") && toRoom ? toRoom(JSON.parse(text) as Json) : text;
		if (out !== null) room.send(typeof out === "string" ? out : JSON.stringify(out));
	});
	room.onMessage((data) => {
		const text = data.toString();
		note(heard, text);
		const into = text.startsWith("{") && toPage ? toPage(JSON.parse(text) as Json) : text;
		if (into !== null) page.send(typeof into === "string" ? into : JSON.stringify(into));
	});
	return {
		inject: (message) => room.send(JSON.stringify(message)),
		// On both sides, with no word of the room's own.
		cut: async () => {
			await room.close({ code: 3000, reason: "cut" });
			await page.close({ code: 3000, reason: "cut" });
		},
	};
}

/** The same description with the certificate of somebody else. */
export const withOtherFingerprint = (sdp: string): string =>
	sdp.replace(/^(a=fingerprint:sha-256 )(\S+)/gm, (_line, start: string, value: string) => start + turned(value));

/** Another fingerprint, the same for the same. */
export const turned = (fingerprint: string): string =>
	fingerprint
		.split(":")
		.map((pair) => (Number.parseInt(pair, 16) ^ 0xff).toString(16).toUpperCase().padStart(2, "0"))
		.join(":");
