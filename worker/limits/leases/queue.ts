import type { LeaseAsk, LeaseWord, RecallAsk } from "./contract.ts";
import type { LeasedAnswer } from "./shard.ts";
import { FETCHED_WITHIN_MS, LONGEST_WAIT_MS } from "./state.ts";

/** Calls `fire` after so many milliseconds; what it answers stops that. */
export type Timer = (ms: number, fire: () => void) => () => void;

const realTimer: Timer = (ms, fire) => {
	const timer = setTimeout(fire, ms);
	return () => clearTimeout(timer);
};

/** A decision, and how many units the shard has left after it, of the kind that it has more of. */
export interface Judged {
	readonly answer: LeasedAnswer;
	readonly unused: number;
}

/** Why a wait ends: to look again, to ask the root whoever else does, or because it was long enough. */
type Call = "look" | "alone" | "late";

/** One request that finds no unit; `place` says when it came, so that who came first is called first, however often it looks. */
interface Waiter {
	readonly place: number;
	/** True from its call until it has looked. */
	looks: boolean;
	isLate: boolean;
	call: (call: Call) => void;
	/** Null until it waits. */
	stop: (() => void) | null;
}

/**
 * Requests at a shard that find no unit left. One of them at a time is sent to fetch some for all, or all would ask the root at once just when
 * it has the most to do; the others wait here, for no other object and not for long. On the heap: who is lost with it asks again.
 */
export class LeaseQueue {
	readonly #timer: Timer;
	/** Who was sent, to fetch what is wanting or to refill what gets less, and is not back yet. */
	#fetcher: { readonly id: string; readonly stop: () => void } | null = null;
	/** In the order of their places. */
	readonly #waiting: Waiter[] = [];
	#looking = 0;
	#places = 0;

	constructor(timer = realTimer) {
		this.#timer = timer;
	}

	/** Judges a request, again and again until it is decided, sent to fetch units, or late; what it brings is told with the first judgement. */
	async admit(
		{ id, dryRun }: { readonly id: string; readonly dryRun: boolean },
		lease: LeaseAsk,
		judge: (lease: LeaseAsk) => Promise<Judged>,
	): Promise<LeasedAnswer> {
		const waiter: Waiter = { place: this.#places++, looks: false, isLate: false, call: () => {}, stop: null };
		try {
			for (let told = lease; ; told = { shard: lease.shard, limits: lease.limits }) {
				const { answer, unused } = await judge(told);
				this.#hasLooked(waiter);
				this.#isBack(id);
				this.#call("look", mayLook(told, unused));
				const { wants, low } = answer.lease;
				if (wants.length === 0) return low.length === 0 || this.#sends(id) ? answer : withWord(answer, { low: [] });
				if (dryRun || this.#sends(id)) return answer;
				const call = await this.#wait(waiter);
				if (call !== "look") return call === "late" ? withWord(answer, { late: true }) : answer;
			}
		} finally {
			waiter.stop?.();
			this.#hasLooked(waiter);
			this.#goOn();
		}
	}

	/** Takes in what whoever was sent says, when that is not with a request of its own. */
	hear({ by, alone, granted }: RecallAsk, unused: number): void {
		this.#isBack(by);
		if (alone) this.#call("alone", Infinity);
		else this.#call("look", mayLook({ granted }, unused));
		this.#goOn();
	}

	/** Each that waits does so for somebody who was sent: where there is nobody, the next one goes. */
	#goOn(): void {
		if (this.#fetcher === null && this.#looking === 0) this.#call("look", 1);
	}

	#hasLooked(waiter: Waiter): void {
		if (waiter.looks) this.#looking -= 1;
		waiter.looks = false;
	}

	/** False while another one is away. */
	#sends(id: string): boolean {
		if (this.#fetcher !== null) return false;
		const stop = this.#timer(FETCHED_WITHIN_MS, () => {
			this.#isBack(id);
			this.#goOn();
		});
		this.#fetcher = { id, stop };
		return true;
	}

	#isBack(id: string | undefined): void {
		if (this.#fetcher === null || this.#fetcher.id !== id) return;
		this.#fetcher.stop();
		this.#fetcher = null;
	}

	#call(call: Call, most: number): void {
		for (const waiter of this.#waiting.splice(0, most)) {
			waiter.looks = call === "look";
			if (waiter.looks) this.#looking += 1;
			waiter.call(call);
		}
	}

	#wait(waiter: Waiter): Promise<Call> {
		if (waiter.isLate) return Promise.resolve("late");
		waiter.stop ??= this.#timer(LONGEST_WAIT_MS, () => this.#tooLong(waiter));
		const ahead = this.#waiting.findLastIndex(({ place }) => place < waiter.place);
		this.#waiting.splice(ahead + 1, 0, waiter);
		return new Promise((resolve) => {
			waiter.call = resolve;
		});
	}

	/** All waits of a request together. */
	#tooLong(waiter: Waiter): void {
		waiter.isLate = true;
		const index = this.#waiting.indexOf(waiter);
		if (index >= 0) this.#waiting.splice(index, 1);
		waiter.call("late");
	}
}

/** How many may find something now. Of those whom the root has given the last word, each is answered with it. */
function mayLook({ granted = {}, spent = [] }: Pick<LeaseAsk, "granted" | "spent">, unused: number): number {
	if (spent.length > 0) return Infinity;
	return Object.keys(granted).length > 0 ? unused : 0;
}

const withWord = (answer: LeasedAnswer, word: Partial<LeaseWord>): LeasedAnswer => ({
	...answer,
	lease: { ...answer.lease, ...word },
});
