import type { LeaseAsk } from "./contract.ts";
import type { LeasedAnswer } from "./shard.ts";

/** Longer than units take to come; then whoever fetches them is taken to be gone. */
const LONGEST_WAIT_MS = 500;

/** Calls `fire` after the longest wait; what it answers stops that. */
type Timer = (fire: () => void) => () => void;

const realTimer: Timer = (fire) => {
	const timer = setTimeout(fire, LONGEST_WAIT_MS);
	return () => clearTimeout(timer);
};

/**
 * Requests at a shard that find no unit left. One of them is sent to fetch some for all, or all would ask the root at once; the others wait
 * here for it to come back, and for no other object. On the heap: who is lost with it asks again.
 */
export class LeaseQueue {
	readonly #timer: Timer;
	#fetcher: string | null = null;
	#waiting: ((fetched: boolean) => void)[] = [];

	constructor(timer = realTimer) {
		this.#timer = timer;
	}

	/** Judges a request, again and again until it is decided or sent to fetch units; what it brings is told with the first judgement. */
	async admit(
		request: { readonly id: string; readonly dryRun: boolean },
		lease: LeaseAsk,
		judge: (lease: LeaseAsk) => Promise<LeasedAnswer>,
	): Promise<LeasedAnswer> {
		for (let told = lease; ; told = { shard: lease.shard, limits: lease.limits }) {
			const answer = await judge(told);
			const wasSent = this.#fetcher === request.id;
			if (wasSent) this.#fetcher = null;
			if (wasSent || bringsNews(told)) this.lookAgain();
			if (answer.lease.wants.length === 0 || request.dryRun || this.#goes(request.id)) return answer;
			if (!(await this.#isFetched())) return answer;
		}
	}

	/** Whoever waits may find something now. */
	lookAgain(): void {
		this.#wake(true);
	}

	/** Whoever was sent came to nothing: each goes by itself. */
	giveUp(): void {
		this.#fetcher = null;
		this.#wake(false);
	}

	#goes(requestId: string): boolean {
		this.#fetcher ??= requestId;
		return this.#fetcher === requestId;
	}

	/** False when nothing was, for too long: then the request goes by itself. */
	#isFetched(): Promise<boolean> {
		const fetcher = this.#fetcher;
		return new Promise((resolve) => {
			const stop = this.#timer(() => {
				if (this.#fetcher === fetcher) this.#fetcher = null;
				resolve(false);
			});
			this.#waiting.push((fetched) => {
				stop();
				resolve(fetched);
			});
		});
	}

	#wake(fetched: boolean): void {
		for (const wake of this.#waiting.splice(0)) wake(fetched);
	}
}

const bringsNews = ({ granted = {}, spent = [] }: LeaseAsk): boolean =>
	Object.keys(granted).length > 0 || spent.length > 0;
