import { createRequire } from "node:module";
import { build } from "esbuild";
import type { Browser, Page } from "playwright-core";
import type { Origin } from "./origin.ts";
import { newContext } from "./browser.ts";

/** What a page with both client libraries can be told to do; its functions stand on `window`. */
export interface WhipPage {
	readonly page: Page;
	/** Sends a moving picture and a tone by WHIP, with @eyevinn/whip-web-client. */
	readonly publish: (endpoint: string, token: string) => Promise<void>;
	/** Receives by WHEP, with @eyevinn/webrtc-player. `authorization` is sent as it is. */
	readonly watch: (endpoint: string, authorization: string) => Promise<void>;
	readonly stop: () => Promise<void>;
	readonly state: () => Promise<WhipState>;
	readonly requests: readonly { readonly method: string; readonly url: string; readonly status: number }[];
	readonly close: () => Promise<void>;
}

export interface WhipState {
	readonly connection: string;
	readonly dtls: string;
	readonly srtpCipher: string;
	readonly packetsSent: number;
	readonly framesDecoded: number;
	/** Events of the player, and reasons that page script could read. */
	readonly told: readonly string[];
}

const resolve = createRequire(import.meta.url).resolve;

/** Both libraries as they are published, bundled for a page. */
async function bundle(): Promise<string> {
	const contents = `
		export { WHIPClient } from ${JSON.stringify(resolve("@eyevinn/whip-web-client"))};
		export { WebRTCPlayer } from ${JSON.stringify(resolve("@eyevinn/webrtc-player"))};`;
	const built = await build({
		stdin: { contents, resolveDir: import.meta.dirname },
		bundle: true,
		write: false,
		format: "iife",
		globalName: "Eyevinn",
		define: { global: "globalThis" },
		logLevel: "error",
	});
	return built.outputFiles[0]?.text ?? "";
}

const SCRIPT = `
	const told = [];
	const connections = [];
	let client = null;
	let player = null;
	const Native = RTCPeerConnection;
	window.RTCPeerConnection = class extends Native {
		constructor(configuration) {
			super({ ...configuration, iceServers: [] });
			connections.push(this);
		}
	};
	const fetchNative = fetch;
	window.fetch = async (...asked) => {
		const answer = await fetchNative(...asked);
		if (!answer.ok) told.push(answer.status + " " + answer.headers.get("Playgate-Reason"));
		return answer;
	};
	function media() {
		const canvas = document.createElement("canvas");
		const paint = canvas.getContext("2d");
		let hue = 0;
		setInterval(() => {
			paint.fillStyle = "hsl(" + (hue += 7) + " 80% 50%)";
			paint.fillRect(0, 0, canvas.width, canvas.height);
		}, 40);
		const audio = new AudioContext();
		const tone = audio.createOscillator();
		const out = audio.createMediaStreamDestination();
		tone.connect(out);
		tone.start();
		return new MediaStream([...canvas.captureStream(25).getTracks(), ...out.stream.getTracks()]);
	}
	async function publish(endpoint, authkey) {
		client = new Eyevinn.WHIPClient({ endpoint, opts: { authkey, iceServers: [] } });
		await client.setIceServersFromEndpoint();
		await client.ingest(media());
	}
	async function watch(endpoint, authkey) {
		player = new Eyevinn.WebRTCPlayer({ video: document.querySelector("video"), type: "whep", iceServers: [], timeoutThreshold: 2000 });
		for (const event of ["no-media", "peer-connection-failed", "initial-connection-failed", "connect-error"]) player.on(event, () => told.push(event));
		await player.load(new URL(endpoint), authkey);
	}
	const stop = () => (client ? client.destroy() : player.unload());
	async function state() {
		const found = { connection: "", dtls: "", srtpCipher: "", packetsSent: 0, framesDecoded: 0, told };
		const connection = connections.at(-1);
		if (!connection) return found;
		found.connection = connection.connectionState;
		for (const report of (await connection.getStats()).values()) {
			if (report.type === "transport") Object.assign(found, { dtls: report.dtlsState, srtpCipher: report.srtpCipher ?? "" });
			if (report.type === "outbound-rtp") found.packetsSent += report.packetsSent;
			if (report.type === "inbound-rtp" && report.kind === "video") found.framesDecoded = report.framesDecoded ?? 0;
		}
		return found;
	}`;

let pages = 0;
let script: Promise<string> | undefined;

/** Opens a page of the origin, which is not that of the gate. */
export async function openWhipPage(browser: Browser, origin: Origin): Promise<WhipPage> {
	script ??= bundle();
	origin.put("/whip/clients.js", await script, { "Content-Type": "text/javascript" });
	pages += 1;
	const path = `/whip/${pages}.html`;
	const html = `<!doctype html><meta charset="utf-8"><title>WHIP</title><video muted autoplay playsinline></video><script src="/whip/clients.js"></script><script>${SCRIPT}</script>`;
	origin.put(path, html, { "Content-Type": "text/html" });
	const context = await newContext(browser);
	const page = await context.newPage();
	const requests: { method: string; url: string; status: number }[] = [];
	page.on("response", (answer) =>
		requests.push({ method: answer.request().method(), url: answer.url(), status: answer.status() }),
	);
	await page.goto(origin.url + path);
	const call = <T>(name: string, ...given: readonly string[]): Promise<T> =>
		page.evaluate<T>(`${name}(${given.map((each) => JSON.stringify(each)).join(",")})`);
	return {
		page,
		requests,
		publish: (endpoint, token) => call("publish", endpoint, token),
		watch: (endpoint, authorization) => call("watch", endpoint, authorization),
		stop: () => call("stop"),
		state: () => call<WhipState>("state"),
		close: () => context.close(),
	};
}
