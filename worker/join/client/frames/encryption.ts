import type { FrameEvent, SetSecret, TransformOptions } from "./messages.ts";

/**
 * The worker in which a page's frames are encrypted and opened. The secret goes from the page to this worker and nowhere else.
 */
export class FrameEncryption {
	readonly #worker: Worker;

	/** @param worker runs `frames/worker` of this package; the application decides where it is served from */
	constructor(worker: Worker, told: (event: FrameEvent) => void) {
		this.#worker = worker;
		worker.addEventListener("message", ({ data }: MessageEvent<FrameEvent>) => told(data));
	}

	/** Whether this browser can encrypt frames: without it, nothing may be sent. */
	static isSupported(): boolean {
		return typeof RTCRtpScriptTransform === "function";
	}

	/** May be called again: frames from now on are of the new secret. `checkSecret` comes before. */
	setSecret(secret: string, session: string): void {
		this.#worker.postMessage({ type: "secret", secret, session } satisfies SetSecret);
	}

	send(sender: RTCRtpSender, options: Omit<TransformOptions, "direction">): void {
		sender.transform = this.#transform({ ...options, direction: "encrypt" });
	}

	receive(receiver: RTCRtpReceiver, options: Omit<TransformOptions, "direction">): void {
		receiver.transform = this.#transform({ ...options, direction: "decrypt" });
	}

	stop(): void {
		this.#worker.terminate();
	}

	#transform(options: TransformOptions): RTCRtpScriptTransform {
		return new RTCRtpScriptTransform(this.#worker, options);
	}
}
