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

/** Judges in the next commit, and answers at its end. */
export type InCommit = <T>(judge: (nowMs: number) => T) => Promise<T>;

/** What an object does with a call. Each life of the object has its own, and so its own heap. */
export type Life<Ask, Answer> = (inCommit: InCommit) => (ask: Ask) => Promise<Answer>;

/** A Durable Object: one call after the other, then commits that are shared, as `ViewerLimits` does it. */
export class SimulatedObject<Ask, Answer> {
	readonly #timeline: Timeline;
	readonly #live: Life<Ask, Answer>;
	#handle: (ask: Ask) => Promise<Answer>;
	#arrived: { readonly judge: (nowMs: number) => () => void }[] = [];
	/** Rejects of the calls that have no answer yet. */
	#open = new Set<(fault: Error) => void>();
	#committing = false;
	#freeAtMs: number;
	#life = 0;
	calls = 0;
	overloads = 0;

	constructor(timeline: Timeline, live: Life<Ask, Answer>, startMs = platform.newObjectMs) {
		this.#timeline = timeline;
		this.#live = live;
		this.#handle = this.#newLife();
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
		return new Promise((resolve, reject) => {
			this.#open.add(reject);
			this.#timeline.after(this.#freeAtMs - this.#timeline.now, () => {
				if (!this.#open.has(reject)) return; // lost with the life in which it came
				void this.#handle(ask)
					.then(resolve, reject)
					.finally(() => this.#open.delete(reject));
			});
		});
	}

	/** Whoever waits gets a fault; what was committed stays. */
	restart(): void {
		this.#life += 1;
		this.#arrived = [];
		this.#committing = false;
		this.#freeAtMs = this.#timeline.now + platform.restartMs;
		this.#handle = this.#newLife();
		const open = this.#open;
		this.#open = new Set();
		for (const reject of open) reject(LOST);
	}

	#newLife(): (ask: Ask) => Promise<Answer> {
		const life = this.#life;
		return this.#live((judge) => {
			if (life !== this.#life) return Promise.reject(LOST);
			return new Promise((resolve) => {
				this.#arrived.push({
					judge: (nowMs) => {
						const answer = judge(nowMs);
						return () => resolve(answer);
					},
				});
				if (!this.#committing) this.#commit();
			});
		});
	}

	#commit(): void {
		const batch = this.#arrived;
		if (batch.length === 0) return;
		this.#arrived = [];
		this.#committing = true;
		const life = this.#life;
		const answers = batch.map(({ judge }) => judge(this.#timeline.now));
		this.#timeline.after(platform.commitMs, () => {
			if (life !== this.#life) return;
			this.#committing = false;
			for (const answer of answers) answer();
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
