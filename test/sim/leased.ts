import { refuse } from "../../worker/decision/decision.ts";
import { retried } from "../../worker/retry.ts";
import type { AdmitAnswer, AdmitRequest } from "../../worker/limits/contract.ts";
import type { Isolate } from "./gate.ts";
import {
	type Fetchers,
	type Grant,
	type GrantAsk,
	type Report,
	Root,
	Shard,
	type ShardAsk,
	type ShardWord,
	type Totals,
} from "./leases.ts";
import { SimulatedObject } from "./platform.ts";
import { Audience, type SharedRun, atMost } from "./shared.ts";

export const SHARDS = 64;
/** Calls of the root for one decision. */
const MOST_ROUNDS = 24;
/** After this long, requests that wait for one that fetches look whether it is still at it. */
const GIVEN_UP_MS = 2000;

type ShardCall = { readonly admit: ShardAsk } | { readonly granted: number; readonly giveBack: boolean };
type ShardObject = SimulatedObject<ShardCall, ShardWord | Totals>;

/** Scenario c: the same audience and token as scenario b, over 64 shards that lease their uses from the token's object. */
export async function simulateLeases(
	joins: number,
	maxu: number,
	seed: number,
	fetchers: Fetchers,
): Promise<SharedRun> {
	const audience = new Audience(joins, maxu, seed);
	const world = new LeasedToken(audience, maxu, fetchers);
	audience.timeline.after(10_000, () => world.shards[7]?.object.restart());
	audience.timeline.after(12_000, () => world.root.restart());
	await audience.run((isolate, client, request) => world.ask(isolate, client % SHARDS, request));
	if (world.refusedTooEarly > 0) throw new Error(`${world.refusedTooEarly} were refused while uses were left`);
	const { tally } = audience;
	for (const { object } of [...world.shards, { object: world.root }]) {
		tally.count("object calls", 0, object.calls);
		tally.count("overloads", 0, object.overloads);
	}
	tally.count("root calls", 0, world.root.calls);
	return { tally, used: world.used };
}

class LeasedToken {
	readonly root: SimulatedObject<GrantAsk, Grant>;
	readonly shards: readonly { readonly shard: Shard; readonly object: ShardObject }[];
	/** Requests that were refused for good while uses were left: there must be none. */
	refusedTooEarly = 0;
	readonly #audience: Audience;

	constructor(audience: Audience, maxu: number, fetchers: Fetchers) {
		this.#audience = audience;
		const { timeline } = audience;
		const root = new Root(maxu, SHARDS);
		this.root = new SimulatedObject(timeline, (ask: GrantAsk, nowMs) => {
			const grant = root.grant(ask, nowMs);
			atMost(maxu, root.lent);
			return grant;
		});
		let used = 0;
		this.shards = Array.from({ length: SHARDS }, () => {
			const shard = new Shard(fetchers);
			const handle = (ask: ShardCall, nowMs: number): ShardWord | Totals | Promise<ShardWord> => {
				const before = shard.used;
				const answer =
					"giveBack" in ask ? shard.recall(ask.granted, ask.giveBack, nowMs) : shard.admit(ask.admit, nowMs);
				atMost(maxu, (used += shard.used - before));
				void Promise.resolve(answer).then((word) => {
					if (isLastNo(word) && used < maxu) this.refusedTooEarly += 1;
				});
				if (answer instanceof Promise) timeline.after(GIVEN_UP_MS, () => shard.tick(timeline.now));
				return answer;
			};
			return { shard, object: new SimulatedObject(timeline, handle) };
		});
	}

	get used(): number {
		return this.shards.reduce((sum, { shard }) => sum + shard.used, 0);
	}

	/** The Worker's part: no object waits for another, so it carries what one says to the next. */
	async ask(isolate: Isolate, shard: number, request: AdmitRequest): Promise<AdmitAnswer> {
		try {
			let news: Omit<ShardAsk, "request"> = {};
			for (let rounds = MOST_ROUNDS; rounds > 0;) {
				const word = await this.#askShard(isolate, shard, { request, ...news });
				if (word.low) void this.#refill(isolate, shard, word).catch(() => {});
				if (!word.wants) return word.answer;
				const fetched = await this.#fetch(isolate, shard, word, rounds);
				rounds -= fetched.rounds;
				news = fetched;
			}
		} catch {
			// as for one object: the account's `when_counters_fail` is "deny"
		}
		return refuse({ reason: "limits-unavailable" });
	}

	async #fetch(isolate: Isolate, shard: number, { totals, demand }: ShardWord, most: number) {
		const own: Report = { shard, totals, empty: true };
		let reports: readonly Report[] = [own];
		for (let rounds = 1; rounds <= most; rounds++) {
			const grant = await this.#askRoot(isolate, { shard, demand, reports });
			if (grant.granted !== null) return { granted: grant.granted, rounds };
			if (grant.spent) return { spent: true, rounds };
			const recalled = await Promise.all(grant.recall.map((other) => this.#recall(isolate, other, 0, true)));
			reports = [own, ...grant.recall.map((other, index) => reportOf(other, recalled[index] ?? null))];
		}
		return { rounds: most };
	}

	async #refill(isolate: Isolate, shard: number, { totals }: ShardWord): Promise<void> {
		const reports = [{ shard, totals, empty: false }];
		const { granted } = await this.#askRoot(isolate, { shard, demand: 1, reports });
		if (granted !== null) await this.#recall(isolate, shard, granted, false);
	}

	async #askShard(isolate: Isolate, shard: number, admit: ShardAsk): Promise<ShardWord> {
		const object = this.#objectOf(shard);
		const { network, tally, timeline } = this.#audience;
		tally.peak("waiting", timeline.now, object.waiting);
		return (await retried(() => network.call(isolate.roundTripMs, object, { admit }), ignore)) as ShardWord;
	}

	#askRoot(isolate: Isolate, ask: GrantAsk): Promise<Grant> {
		const { network, tally, timeline } = this.#audience;
		tally.peak("waiting at the root", timeline.now, this.root.waiting);
		tally.count("asked the root", timeline.now);
		return retried(() => network.call(isolate.roundTripMs, this.root, ask), ignore);
	}

	/** Null when the shard cannot be reached. */
	async #recall(isolate: Isolate, shard: number, granted: number, giveBack: boolean): Promise<Totals | null> {
		try {
			const call = { granted, giveBack };
			return (await this.#audience.network.call(isolate.roundTripMs, this.#objectOf(shard), call)) as Totals;
		} catch {
			return null;
		}
	}

	#objectOf(shard: number): ShardObject {
		const found = this.shards[shard];
		if (!found) throw new Error(`no shard ${shard}`);
		return found.object;
	}
}

const ignore = (): void => {};

/** A request that is refused for good. */
const isLastNo = (word: ShardWord | Totals): boolean => "answer" in word && !word.answer.allowed && !word.wants;

function reportOf(shard: number, totals: Totals | null): Report {
	return totals === null
		? { shard, totals: { granted: 0, returned: 0 }, empty: false }
		: { shard, totals, empty: true };
}
