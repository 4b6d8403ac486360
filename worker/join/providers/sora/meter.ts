const MESSAGES = { burst: 600, aSecond: 40 };
const BYTES = { burst: 8 << 20, aSecond: 256 << 10 };

/** How much a client has said lately: leaky buckets, so that a burst passes. */
export class Meter {
	#messages = 0;
	#bytes = 0;
	#at: number;

	constructor(now: number) {
		this.#at = now;
	}

	/** False: it says too much. */
	takes(bytes: number, now: number): boolean {
		const seconds = Math.max(0, now - this.#at) / 1000;
		this.#at = now;
		this.#messages = Math.max(0, this.#messages - seconds * MESSAGES.aSecond) + 1;
		this.#bytes = Math.max(0, this.#bytes - seconds * BYTES.aSecond) + bytes;
		return this.#messages <= MESSAGES.burst && this.#bytes <= BYTES.burst;
	}
}
