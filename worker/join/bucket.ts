/** How much may come at once, and how much for ever. */
export interface Rate {
	readonly burst: number;
	readonly aSecond: number;
}

/** A leaky bucket: what comes fills it, time empties it. */
export class Bucket {
	readonly #rate: Rate;
	#level = 0;
	/** Milliseconds since the epoch. */
	#at: number;

	constructor(rate: Rate, now: number) {
		this.#rate = rate;
		this.#at = now;
	}

	/** Pours `amount` in. False: it overflows. */
	takes(amount: number, now: number): boolean {
		const seconds = Math.max(0, now - this.#at) / 1000;
		this.#at = now;
		this.#level = Math.max(0, this.#level - seconds * this.#rate.aSecond) + amount;
		return this.#level <= this.#rate.burst;
	}
}
