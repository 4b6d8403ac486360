import type { FrameEvent, SetSecret, TransformOptions, TransformStreams } from "./messages.ts";

/** What Chromium had before RTCRtpScriptTransform, and still has. */
interface EncodedStreams {
	createEncodedStreams(): Pick<TransformStreams, "readable" | "writable">;
}

const hasScriptTransform = (): boolean => typeof RTCRtpScriptTransform === "function";

/**
 * The worker in which a page's frames are encrypted and opened. The secret goes from the page to this worker and nowhere else.
 */
export class FrameEncryption {
	readonly #worker: Worker;
	readonly #transformed = new WeakSet<RTCRtpSender | RTCRtpReceiver>();

	/** @param worker runs `frames/worker` of this package; the application decides where it is served from */
	constructor(worker: Worker, told: (event: FrameEvent) => void) {
		this.#worker = worker;
		worker.addEventListener("message", ({ data }: MessageEvent<FrameEvent>) => told(data));
	}

	/** Whether this browser can encrypt frames: without it, nothing may be sent. */
	static isSupported(): boolean {
		if (hasScriptTransform()) return true;
		return typeof RTCRtpSender === "function" && "createEncodedStreams" in RTCRtpSender.prototype;
	}

	/** What an RTCPeerConnection has to be made with, besides its own configuration. */
	static connectionOptions(): RTCConfiguration & { readonly encodedInsertableStreams?: boolean } {
		return hasScriptTransform() ? {} : { encodedInsertableStreams: true };
	}

	/** May be called again: frames from now on are of the new secret. `checkSecret` comes before. */
	setSecret(secret: string, session: string): void {
		this.#worker.postMessage({ type: "secret", secret, session } satisfies SetSecret);
	}

	/** At once for each sender and receiver, and once: what passes before it passes as it is. */
	send(sender: RTCRtpSender, options: Omit<TransformOptions, "direction">): void {
		this.#transform(sender, { ...options, direction: "encrypt" });
	}

	receive(receiver: RTCRtpReceiver, options: Omit<TransformOptions, "direction">): void {
		this.#transform(receiver, { ...options, direction: "decrypt" });
	}

	stop(): void {
		this.#worker.terminate();
	}

	#transform(end: RTCRtpSender | RTCRtpReceiver, options: TransformOptions): void {
		if (this.#transformed.has(end)) return;
		this.#transformed.add(end);
		if (hasScriptTransform()) {
			end.transform = new RTCRtpScriptTransform(this.#worker, options);
			return;
		}
		const { readable, writable } = (end as unknown as EncodedStreams).createEncodedStreams();
		const message: TransformStreams = { type: "streams", options, readable, writable };
		this.#worker.postMessage(message, [readable, writable]);
	}
}
