import type { AdmitAnswer, AdmitRequest } from "../../worker/limits/contract.ts";
import { decide } from "../../worker/limits/decide.ts";
import { MemoryState } from "./memory-state.ts";

// A small model of leases: one limit (`maxu`), spread over shards. All counts are totals that only grow, so a message that is lost, late or
// doubled does no harm. The shard's limit is what it holds, and the gate's own `decide` judges by it.

/** What a shard was ever granted, and what of it ever came back. */
export interface Totals {
	readonly granted: number;
	readonly returned: number;
}

export interface ShardAsk {
	readonly request: AdmitRequest;
	/** News of the root. */
	readonly granted?: number;
	readonly spent?: boolean;
}

export interface ShardWord {
	readonly answer: AdmitAnswer;
	readonly totals: Totals;
	/** The refusal beside is not the last word: the shard has no unit left, and the root may have. */
	readonly wants: boolean;
	/** For how many requests units are wanting now. */
	readonly demand: number;
	/** Whoever is told this gets more behind the answer. */
	readonly low: boolean;
}

export interface GrantAsk {
	readonly shard: number;
	readonly demand: number;
	readonly reports: readonly Report[];
}

export interface Report {
	readonly shard: number;
	readonly totals: Totals;
	readonly empty: boolean;
}

export interface Grant {
	/** Total of the shard that asked; null when there is nothing. */
	readonly granted: number | null;
	/** Shards that may hold units that they do not use. */
	readonly recall: readonly number[];
	readonly spent: boolean;
}

/** Some seconds of a shard that is as busy as it can be: news of the root queue with everything else. */
const LARGEST_GRANT = 8000;
const LEAST_REFILLED = 8;
const REFILLED_WITHIN_MS = 2000;
const BELIEVED_MS = 10_000;
const FETCHED_WITHIN_MS = 2000;
const MOST_RECALLED = 8;

/**
 * Who asks the root when a shard has run dry: `every` request that finds it so; or `one`, while the others wait at the shard for what it
 * brings.
 */
export type Fetchers = "every" | "one";

interface Held {
	readonly request: AdmitRequest;
	readonly resolve: (word: ShardWord | Promise<ShardWord>) => void;
}

export class Shard {
	readonly #fetchers: Fetchers;
	readonly #state = new MemoryState();
	readonly #fetching = new Map<string, number>();
	#held: Held[] = [];
	#granted = 0;
	#returned = 0;
	#lastGrant = 0;
	#refillAskedMs = -Infinity;
	#spentUntilMs = -Infinity;

	constructor(fetchers: Fetchers) {
		this.#fetchers = fetchers;
	}

	get used(): number {
		return this.#state.usesOf("token");
	}

	admit({ request, granted = 0, spent = false }: ShardAsk, nowMs: number): ShardWord | Promise<ShardWord> {
		this.#fetching.delete(request.id);
		const isNews = granted > this.#granted || spent;
		if (spent) this.#spentUntilMs = nowMs + BELIEVED_MS;
		this.#hear(granted);
		const word = this.#judge(request, nowMs);
		if (isNews) this.#release(nowMs);
		return word;
	}

	/** Hears what was granted, and gives back what it does not use where that is asked. */
	recall(granted: number, giveBack: boolean, nowMs: number): Totals {
		this.#hear(granted);
		this.#release(nowMs);
		if (giveBack) this.#returned += Math.max(0, this.#unused());
		return this.#totals();
	}

	/** Whoever fetches and does not come back is given up, and another goes. */
	tick(nowMs: number): void {
		if (this.#held.length > 0 && this.#fetchersNow(nowMs) === 0) this.#release(nowMs);
	}

	#judge(request: AdmitRequest, nowMs: number): ShardWord | Promise<ShardWord> {
		const limits = { maxu: this.#granted - this.#returned };
		const answer = decide(this.#state, { ...request, limits }, nowMs);
		const wants = !answer.allowed && nowMs >= this.#spentUntilMs;
		if (wants && this.#fetchers === "one" && this.#fetchersNow(nowMs) > 0) {
			return new Promise((resolve) => this.#held.push({ request, resolve }));
		}
		if (wants) this.#fetching.set(request.id, nowMs);
		const demand = this.#fetchersNow(nowMs) + this.#held.length;
		return { answer, totals: this.#totals(), wants, demand, low: answer.allowed && this.#asksRefill(nowMs) };
	}

	/** Judges again those who wait, as far as there are units or a last word for them; with none, the first of them goes to fetch. */
	#release(nowMs: number): void {
		for (let held = this.#held[0]; held !== undefined; held = this.#held[0]) {
			if (this.#unused() <= 0 && nowMs >= this.#spentUntilMs && this.#fetchersNow(nowMs) > 0) return;
			this.#held.shift();
			held.resolve(this.#judge(held.request, nowMs));
		}
	}

	#unused(): number {
		return this.#granted - this.#returned - this.used;
	}

	#hear(granted: number): void {
		if (granted <= this.#granted) return;
		this.#lastGrant = granted - this.#granted;
		this.#granted = granted;
		this.#refillAskedMs = -Infinity;
		this.#spentUntilMs = -Infinity;
	}

	#totals(): Totals {
		return { granted: this.#granted, returned: this.#returned };
	}

	#fetchersNow(nowMs: number): number {
		for (const [id, sinceMs] of this.#fetching) {
			if (sinceMs > nowMs - FETCHED_WITHIN_MS) break; // oldest first
			this.#fetching.delete(id);
		}
		return this.#fetching.size;
	}

	#asksRefill(nowMs: number): boolean {
		if (this.#lastGrant < LEAST_REFILLED || this.#unused() * 2 > this.#lastGrant) return false;
		if (nowMs < this.#refillAskedMs + REFILLED_WITHIN_MS) return false;
		this.#refillAskedMs = nowMs;
		return true;
	}
}

export class Root {
	readonly #limit: number;
	readonly #shards: { totals: Totals; emptyUntilMs: number }[];

	constructor(limit: number, shards: number) {
		this.#limit = limit;
		this.#shards = Array.from({ length: shards }, () => ({
			totals: { granted: 0, returned: 0 },
			emptyUntilMs: -Infinity,
		}));
	}

	/** What is with the shards, used or not: never more than the limit. */
	get lent(): number {
		return this.#shards.reduce((sum, { totals }) => sum + totals.granted - totals.returned, 0);
	}

	grant({ shard, demand, reports }: GrantAsk, nowMs: number): Grant {
		for (const report of reports) this.#takeIn(report, nowMs);
		const own = this.#shards[shard];
		if (!own) throw new Error(`no shard ${shard}`);
		const heard = reports.find((report) => report.shard === shard)?.totals.granted ?? 0;
		const unheard = own.totals.granted - heard;
		const remaining = this.#limit - this.lent;
		const share = Math.max(1, Math.min(LARGEST_GRANT, Math.floor(remaining / (2 * this.#shards.length))));
		const missing = demand - unheard;
		const size = Math.min(remaining, missing <= 0 ? 0 : Math.max(missing, unheard === 0 ? share : 0));
		if (size > 0) {
			own.totals = { ...own.totals, granted: own.totals.granted + size };
			own.emptyUntilMs = -Infinity;
		}
		if (unheard + size > 0) return { granted: own.totals.granted, recall: [], spent: false };
		const recall = this.#holders(shard, nowMs);
		return { granted: null, recall: recall.slice(0, MOST_RECALLED), spent: recall.length === 0 };
	}

	#takeIn({ shard, totals, empty }: Report, nowMs: number): void {
		const own = this.#shards[shard];
		if (!own) throw new Error(`no shard ${shard}`);
		const granted = Math.max(own.totals.granted, totals.granted);
		own.totals = { granted, returned: Math.max(own.totals.returned, totals.returned) };
		if (empty && granted === totals.granted) own.emptyUntilMs = nowMs + BELIEVED_MS;
	}

	/** Those behind the asking one first: not everybody asks the same. */
	#holders(shard: number, nowMs: number): number[] {
		const count = this.#shards.length;
		const others = Array.from({ length: count - 1 }, (_, index) => (shard + 1 + index) % count);
		return others.filter((other) => {
			const { totals, emptyUntilMs } = this.#shards[other] ?? { totals: { granted: 0, returned: 0 }, emptyUntilMs: 0 };
			return totals.granted > totals.returned && nowMs >= emptyUntilMs;
		});
	}
}
