import { type AdmitAnswer, type AdmitRequest, type Wired, unwire, wire } from "../contract.ts";
import type { GrantAnswer, GrantAsk, LeaseAsk, RecallAsk, Report } from "./contract.ts";
import { LeaseQueue, type Timer } from "./queue.ts";
import { grantLeases } from "./root.ts";
import { type ShardState, admitLeased, mostUnused, recallLease } from "./shard.ts";
import { LeaseHints } from "./state.ts";

/** Judges a call in the next commit of the object, and answers when that is durable. */
type InCommit = <T>(judge: (state: ShardState, now: number) => T) => Promise<T>;

/** What an object does about leases as long as it lives: the token's own object lends, its shards spend. */
export class LeaseCalls {
	readonly #inCommit: InCommit;
	readonly #hints = new LeaseHints();
	readonly #queue: LeaseQueue;

	constructor(inCommit: InCommit, timer?: Timer) {
		this.#inCommit = inCommit;
		this.#queue = new LeaseQueue(timer);
	}

	/** At a shard; see `LeaseQueue`. */
	async admit(request: AdmitRequest, lease: LeaseAsk): Promise<Wired<AdmitAnswer>> {
		const judge = (told: LeaseAsk) =>
			this.#inCommit((state, now) => {
				const answer = admitLeased(state, request, told, this.#hints, now);
				return { answer, unused: mostUnused(state, request.token, answer.lease.ledger) };
			});
		const answer = await this.#queue.admit(request, lease, judge);
		if (answer.lease.late) this.#hints.forgetWanting(request.id);
		return wire(answer);
	}

	/** At the token's own object; see `grantLeases`. */
	grant(asked: Wired<GrantAsk>): Promise<Wired<GrantAnswer>> {
		const ask = unwire(asked);
		return this.#inCommit((state, now) => wire(grantLeases(state, ask, this.#hints, now)));
	}

	/** At a shard; see `recallLease`. */
	async recall(asked: Wired<RecallAsk>): Promise<Wired<Report>> {
		const ask = unwire(asked);
		if (ask.by !== undefined) this.#hints.forgetWanting(ask.by);
		const { report, unused } = await this.#inCommit((state, now) => {
			const said = recallLease(state, ask, this.#hints, now);
			return { report: said, unused: mostUnused(state, ask.token, said.ledger) };
		});
		this.#queue.hear(ask, unused);
		return wire(report);
	}
}
