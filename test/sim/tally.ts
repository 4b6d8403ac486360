/** What a run counted: answers by second and kind, waiting calls by second, and how long answers took. */
export class Tally {
	readonly #series = new Map<string, number[]>();
	readonly #peaks = new Map<string, number[]>();
	readonly #latencies = new Uint32Array(120_000);
	#answers = 0;

	/** One more of `name` in the second of `nowMs`. */
	count(name: string, nowMs: number, by = 1): void {
		const series = seriesOf(this.#series, name);
		const second = Math.floor(nowMs / 1000);
		series[second] = (series[second] ?? 0) + by;
	}

	/** The highest value of `name` in each second. */
	peak(name: string, nowMs: number, value: number): void {
		const series = seriesOf(this.#peaks, name);
		const second = Math.floor(nowMs / 1000);
		series[second] = Math.max(series[second] ?? 0, value);
	}

	latency(ms: number): void {
		const index = Math.min(Math.round(ms), this.#latencies.length - 1);
		this.#latencies[index] = (this.#latencies[index] ?? 0) + 1;
		this.#answers += 1;
	}

	/** Milliseconds that this share of the answers took at most. */
	percentile(share: number): number {
		let left = this.#answers * share;
		for (const [ms, answers] of this.#latencies.entries()) if ((left -= answers) <= 0) return ms;
		return this.#latencies.length;
	}

	total(name: string): number {
		return this.#filled(this.#series, name).reduce((sum, value) => sum + value, 0);
	}

	highest(name: string): number {
		return this.#filled(this.#peaks, name).reduce((most, value) => Math.max(most, value), 0);
	}

	/** By second, with zeros where nothing was. */
	perSecond(name: string): number[] {
		return this.#filled(this.#series, name);
	}

	peaks(name: string): number[] {
		return this.#filled(this.#peaks, name);
	}

	names(): string[] {
		return [...this.#series.keys()];
	}

	/** Adds what another run, of other objects in the same time, has counted. */
	add(other: Tally): void {
		for (const [name, series] of other.#series) {
			for (const [second, value] of series.entries()) if (value) this.count(name, second * 1000, value);
		}
		for (const [name, series] of other.#peaks) {
			for (const [second, value] of series.entries()) if (value) this.peak(name, second * 1000, value);
		}
		for (const [ms, answers] of other.#latencies.entries()) {
			if (answers > 0) this.#latencies[ms] = (this.#latencies[ms] ?? 0) + answers;
		}
		this.#answers += other.#answers;
	}

	#filled(all: Map<string, number[]>, name: string): number[] {
		return Array.from(all.get(name) ?? [], (value: number | undefined) => value ?? 0);
	}
}

function seriesOf(all: Map<string, number[]>, name: string): number[] {
	const known = all.get(name);
	if (known) return known;
	const fresh: number[] = [];
	all.set(name, fresh);
	return fresh;
}
