/** How far behind the newest a frame may come: several seconds of video at any rate. */
const WIDTH = 1024n;

/** Which counters of a key were seen. What is older than the window counts as seen. */
export class ReplayWindow {
	readonly #seen = new Set<bigint>();
	#newest = -1n;

	has(ctr: bigint): boolean {
		return ctr <= this.#newest - WIDTH || this.#seen.has(ctr);
	}

	add(ctr: bigint): void {
		this.#seen.add(ctr);
		if (ctr <= this.#newest) return;
		const from = this.#newest;
		this.#newest = ctr;
		// A jump leaves no more behind than the window held.
		if (ctr - from > WIDTH) for (const old of this.#seen) this.#forget(old);
		else for (let old = from - WIDTH; old <= ctr - WIDTH; old++) this.#seen.delete(old);
	}

	#forget(old: bigint): void {
		if (old <= this.#newest - WIDTH) this.#seen.delete(old);
	}
}
