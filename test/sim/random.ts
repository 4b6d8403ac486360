/** A seeded generator of numbers (Marsaglia's xorshift with 128 bits of state): the same seed gives the same run anywhere. */
export class Random {
	readonly #state: Int32Array<ArrayBuffer>;

	constructor(seed: number) {
		this.#state = Int32Array.of(seed, 0x3c6ef372, 0x78dde6e4, 0x5f356495);
		for (let warmup = 0; warmup < 32; warmup++) this.next();
	}

	/** At least 0, less than 1. */
	next(): number {
		const [x = 0, y = 0, z = 0, w = 0] = this.#state;
		const mixed = x ^ (x << 11);
		const fresh = w ^ (w >>> 19) ^ mixed ^ (mixed >>> 8);
		this.#state.set([y, z, w, fresh]);
		return (fresh >>> 0) / 2 ** 32;
	}

	between(least: number, most: number): number {
		return least + (most - least) * this.next();
	}

	/** A whole number, at least 0 and less than `count`. */
	below(count: number): number {
		return Math.floor(this.next() * count);
	}

	chance(probability: number): boolean {
		return this.next() < probability;
	}

	/** Log-normal: what latencies look like. `spread` is the standard deviation of the logarithm. */
	around(median: number, spread: number): number {
		const normal = Math.sqrt(-2 * Math.log(1 - this.next())) * Math.cos(2 * Math.PI * this.next());
		return median * Math.exp(spread * normal);
	}
}
