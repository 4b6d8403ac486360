import { build } from "esbuild";
import type { Browser, Page } from "playwright-core";
import type { Origin } from "./origin.ts";
import type { Json } from "./running-gate.ts";
import { eventually } from "./patience.ts";
import { newContext } from "./browser.ts";

/** The SDKs: the last published line with end-to-end encryption, and the newest, which has none. */
export type SoraSdk = "sora-js-sdk-2023" | "sora-js-sdk";

/** A page with sora-js-sdk, as it is published. */
export interface SoraPage {
	readonly page: Page;
	/** Connects as `sendrecv`; what the SDK rejects with, or null when it is connected. */
	readonly connect: (
		urls: string | readonly string[],
		channel: string,
		metadata: Json,
		options?: Json,
	) => Promise<SoraFault | null>;
	/** State of the peer connection. */
	readonly state: () => Promise<{ readonly connection: string; readonly packetsSent: number }>;
	/** Waits for the SDK's event of its end. */
	readonly disconnected: () => Promise<Json>;
	/** Messages of end-to-end encryption that the page's part of it was given. */
	readonly received: () => Promise<number>;
	readonly leave: () => Promise<void>;
	readonly close: () => Promise<void>;
}

export interface SoraFault {
	readonly message: string;
	readonly code: number | null;
	readonly reason: string | null;
}

// The agreement on keys is a wasm module that is not on npm: the page stands in for it with a key of its own, and one message for each other
// client. Chromium has the standard's own transform of frames, with which SDKs up to 2024.1 send nothing at all; without it they use the older one.
const SCRIPT = `
	delete RTCRtpSender.prototype.transform;
	delete RTCRtpReceiver.prototype.transform;
	const own = { id: "", received: 0 };
	const bytes = (count) => crypto.getRandomValues(new Uint8Array(count));
	const keys = () => ({ selfConnectionId: own.id, selfKeyId: 1, selfSecretKeyMaterial: own.key, remoteSecretKeyMaterials: {}, messages: [] });
	const frame = (to) => {
		const message = new Uint8Array(56 + 64);
		message.set([0, 0, 0, 64]);
		message.set(new TextEncoder().encode(own.id + to), 4);
		return message;
	};
	window.e2ee = {
		init: async () => ({ preKeyBundle: { identityKey: btoa("identity"), signedPreKey: btoa("prekey"), preKeySignature: btoa("signature") } }),
		start: (id) => { own.id = id; own.key = bytes(32); return [keys(), null]; },
		startSession: (id) => [{ ...keys(), messages: [frame(id)] }, null],
		stopSession: () => [keys(), null],
		addPreKeyBundle: () => null,
		receiveMessage: () => { own.received += 1; return [keys(), null]; },
		selfFingerprint: () => "own",
		remoteFingerprints: () => ({}),
		version: () => "test",
	};
	function media() {
		const canvas = document.createElement("canvas");
		const paint = canvas.getContext("2d");
		let hue = 0;
		setInterval(() => { paint.fillStyle = "hsl(" + (hue += 7) + " 80% 50%)"; paint.fillRect(0, 0, 300, 150); }, 40);
		const sound = new AudioContext();
		const tone = sound.createOscillator();
		const out = sound.createMediaStreamDestination();
		tone.connect(out);
		tone.start();
		return new MediaStream([...canvas.captureStream(25).getTracks(), ...out.stream.getTracks()]);
	}
	let connection = null;
	let end = null;
	window.begin = async (urls, channel, metadata, options) => {
		end = null;
		connection = SoraSdk.sdk.connection(urls).sendrecv(channel, metadata, { multistream: true, connectionTimeout: 60000, signalingCandidateTimeout: 60000, ...options });
		connection.on("disconnect", ({ type, title, code, reason }) => { end = { type, title, code: code ?? null, reason: reason ?? null }; });
		connection.on("track", () => undefined);
		try {
			await connection.connect(media());
			return null;
		} catch (fault) {
			return { message: fault.message, code: fault.code ?? null, reason: fault.reason ?? null };
		}
	};
	window.seen = async () => {
		const { pc } = connection;
		let packetsSent = 0;
		for (const report of pc ? (await pc.getStats()).values() : []) if (report.type === "outbound-rtp") packetsSent += report.packetsSent;
		return { connection: pc?.connectionState ?? "none", packetsSent, end, received: own.received };
	};
	window.leave = () => connection.disconnect();
`;

const bundles = new Map<SoraSdk, Promise<string>>();
async function bundleOf(sdk: SoraSdk): Promise<string> {
	const built = await build({
		stdin: { contents: `export { default as sdk } from "${sdk}";`, resolveDir: import.meta.dirname },
		bundle: true,
		write: false,
		format: "iife",
		globalName: "SoraSdk",
		external: ["fs", "crypto", "util", "os"], // for the wasm module in Node
		logLevel: "error",
	});
	return `${built.outputFiles[0]?.text ?? ""}\n${SCRIPT}`;
}

export async function openSoraPage(browser: Browser, origin: Origin, sdk: SoraSdk): Promise<SoraPage> {
	const bundle = bundles.get(sdk) ?? bundleOf(sdk);
	bundles.set(sdk, bundle);
	origin.put(`/${sdk}.js`, await bundle, { "Content-Type": "text/javascript" });
	origin.put(
		`/${sdk}.html`,
		`<!doctype html><meta charset="utf-8"><title>sora</title><script src="/${sdk}.js"></script>`,
		{
			"Content-Type": "text/html",
		},
	);
	const context = await newContext(browser);
	const page = await context.newPage();
	await page.goto(`${origin.url}/${sdk}.html`);
	const seen = () =>
		page.evaluate<{ connection: string; packetsSent: number; end: Json | null; received: number }>("seen()");
	return {
		page,
		connect: (urls, channel, metadata, options = {}) =>
			page.evaluate(`begin(...${JSON.stringify([urls, channel, metadata, options])})`),
		state: async () => {
			const { connection, packetsSent } = await seen();
			return { connection, packetsSent };
		},
		disconnected: () =>
			eventually(async () => {
				const { end } = await seen();
				if (end === null) throw new Error("the connection goes on");
				return end;
			}, 200),
		received: async () => (await seen()).received,
		leave: () => page.evaluate("leave()"),
		close: () => context.close(),
	};
}
