export interface Limits {
	readonly messages: { readonly burst: number; readonly aSecond: number };
	readonly bytes: { readonly burst: number; readonly aSecond: number };
}

/** Of what a client says. */
const SAID: Limits = { messages: { burst: 600, aSecond: 40 }, bytes: { burst: 8 << 20, aSecond: 256 << 10 } };

/** Of what may be on its way to a client: the platform does not tell what of it has arrived, and holds the rest in memory. */
export const TOLD: Limits = {
	messages: { burst: 100_000, aSecond: 10_000 },
	bytes: { burst: 32 << 20, aSecond: 1 << 20 },
};

/** How much was said lately: leaky buckets, so that a burst passes. */
export class Meter {
	readonly #limits: Limits;
	#messages = 0;
	#bytes = 0;
	#at: number;

	constructor(now: number, limits = SAID) {
		this.#at = now;
		this.#limits = limits;
	}

	/**
	 * False: it says too much.
	 *
	 * @param receivers of how many messages this is one, where the same is said to each of them
	 */
	takes(bytes: number, now: number, receivers = 1): boolean {
		const { messages: most, bytes: room } = this.#limits;
		const seconds = Math.max(0, now - this.#at) / 1000;
		this.#at = now;
		this.#messages = Math.max(0, this.#messages - seconds * most.aSecond) + 1 / Math.max(1, receivers);
		this.#bytes = Math.max(0, this.#bytes - seconds * room.aSecond) + bytes;
		return this.#messages <= most.burst && this.#bytes <= room.burst;
	}
}
