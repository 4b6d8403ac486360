import type { Random } from "./random.ts";
import type { Timeline } from "./timeline.ts";

/** What is assumed of the platform; docs/scale.md says why. Milliseconds. */
export const platform = {
	/** An object takes one call in this time: 500 a second, the upper end of what the platform says of objects that write. */
	callMs: 2,
	/** Until a commit is durable; calls that come meanwhile share the next one. */
	commitMs: 8,
	/** Calls that wait before an object; more are refused as overload. The platform does not publish its number. */
	mostWaiting: 1000,
	/** The first call of a new object finds its place first. */
	newObjectMs: 100,
	/** One call in this many is lost on its way, and one in this many is carried out and its answer lost. */
	callsPerLostOne: 20_000,
	/** How long an object is away when it starts anew. */
	restartMs: 500,
};

// What the platform sets on such faults; see `mayRetry` in worker/limits/client.ts. One object each: stacks are slow to make.
const OVERLOADED = Object.assign(new Error("the object is overloaded"), { retryable: true, overloaded: true });
const LOST = Object.assign(new Error("the object was reset, or the network failed"), { retryable: true });

/** A Durable Object: one call after the other, then commits that are shared, as `ViewerLimits` does it. */
export class SimulatedObject<Ask, Answer> {
	readonly #timeline: Timeline;
	readonly #handle: (ask: Ask, nowMs: number) => Answer | Promise<Answer>;
	#arrived: {
		readonly ask: Ask;
		readonly resolve: (answer: Answer | Promise<Answer>) => void;
		readonly reject: (fault: Error) => void;
	}[] = [];
	#committing = false;
	#freeAtMs: number;
	#life = 0;
	calls = 0;
	overloads = 0;

	constructor(
		timeline: Timeline,
		handle: (ask: Ask, nowMs: number) => Answer | Promise<Answer>,
		startMs = platform.newObjectMs,
	) {
		this.#timeline = timeline;
		this.#handle = handle;
		this.#freeAtMs = timeline.now + startMs;
	}

	/** Calls that have come and were not taken yet. */
	get waiting(): number {
		return Math.max(0, Math.ceil((this.#freeAtMs - this.#timeline.now) / platform.callMs));
	}

	call(ask: Ask): Promise<Answer> {
		this.calls += 1;
		if (this.waiting >= platform.mostWaiting) {
			this.overloads += 1;
			return Promise.reject(OVERLOADED);
		}
		this.#freeAtMs = Math.max(this.#freeAtMs, this.#timeline.now) + platform.callMs;
		const life = this.#life;
		return new Promise((resolve, reject) => {
			this.#timeline.after(this.#freeAtMs - this.#timeline.now, () => {
				if (life !== this.#life) return reject(LOST);
				this.#arrived.push({ ask, resolve, reject });
				if (!this.#committing) this.#commit();
			});
		});
	}

	/** Whoever waits gets a fault; what was committed stays. */
	restart(): void {
		this.#life += 1;
		this.#freeAtMs = this.#timeline.now + platform.restartMs;
	}

	#commit(): void {
		const batch = this.#arrived;
		if (batch.length === 0) return;
		this.#arrived = [];
		this.#committing = true;
		const answers = batch.map(({ ask }) => this.#handle(ask, this.#timeline.now));
		this.#timeline.after(platform.commitMs, () => {
			this.#committing = false;
			for (const [index, { resolve }] of batch.entries()) resolve(answers[index] as Answer);
			this.#commit();
		});
	}
}

/** Carries calls from isolates to objects and answers back, and loses some. */
export class Network {
	readonly #timeline: Timeline;
	readonly #random: Random;

	constructor(timeline: Timeline, random: Random) {
		this.#timeline = timeline;
		this.#random = random;
	}

	async call<Ask, Answer>(roundTripMs: number, object: SimulatedObject<Ask, Answer>, ask: Ask): Promise<Answer> {
		const lot = this.#random.below(platform.callsPerLostOne);
		const oneWayMs = (roundTripMs / 2) * this.#random.between(0.8, 1.2);
		await this.#timeline.wait(oneWayMs);
		if (lot === 0) throw LOST;
		let outcome: { readonly answer: Answer } | { readonly fault: unknown };
		try {
			outcome = { answer: await object.call(ask) };
		} catch (fault) {
			outcome = { fault };
		}
		await this.#timeline.wait(oneWayMs);
		if (lot === 1) throw LOST; // it was done, and nobody hears of it
		if ("fault" in outcome) throw outcome.fault;
		return outcome.answer;
	}
}
