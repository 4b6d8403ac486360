import { Bucket, type Rate } from "../../bucket.ts";

export interface Limits {
	readonly messages: Rate;
	readonly bytes: Rate;
}

/** Of what a client says. */
const SAID: Limits = { messages: { burst: 600, aSecond: 40 }, bytes: { burst: 8 << 20, aSecond: 256 << 10 } };

/** Of what may be on its way to a client: the platform does not tell what of it has arrived, and holds the rest in memory. */
export const TOLD: Limits = {
	messages: { burst: 100_000, aSecond: 10_000 },
	bytes: { burst: 32 << 20, aSecond: 1 << 20 },
};

/** How much was said lately. */
export class Meter {
	readonly #messages: Bucket;
	readonly #bytes: Bucket;

	constructor(now: number, { messages, bytes }: Limits = SAID) {
		this.#messages = new Bucket(messages, now);
		this.#bytes = new Bucket(bytes, now);
	}

	/**
	 * False: it says too much.
	 *
	 * @param receivers of how many messages this is one, where the same is said to each of them
	 */
	takes(bytes: number, now: number, receivers = 1): boolean {
		const fits = [this.#messages.takes(1 / Math.max(1, receivers), now), this.#bytes.takes(bytes, now)];
		return !fits.includes(false);
	}
}
