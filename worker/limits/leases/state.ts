import type { TokenRef } from "../state.ts";
import type { Kind, Totals } from "./contract.ts";

/** The counters of leases, as the decisions of root and shard see them. */
export interface LeaseState {
	/** Of one shard; a shard knows only its own. Zeros when there is none. */
	lease(tokenId: string, shard: number, kind: Kind): Totals;
	putLease(token: TokenRef, shard: number, kind: Kind, totals: Totals): void;
	/** What this object counts against the token's limit; at the root with what is lent out. */
	counted(tokenId: string, kind: Kind): number;
	/** Counts what is lent out, or came back. */
	lend(token: TokenRef, kind: Kind, change: number): void;
}

/** How long a word that nothing is left, or nothing unused, is believed: a use that was given back may be had again after it. */
export const BELIEVED_MS = 10_000;
/** Longer than fetching units takes; then whoever was sent is taken to be gone. */
export const FETCHED_WITHIN_MS = 2000;
/** A request waits for units no longer than this: time for one that is lost on its way, another, and a third. */
export const LONGEST_WAIT_MS = 5000;
/** Smaller leases are not refilled ahead: a limit that is nearly spent is given out one by one. */
const LEAST_REFILLED = 8;

/**
 * What an object remembers on the heap about its leases. Never more than hints: without them more is asked, and nothing is counted
 * otherwise.
 */
export class LeaseHints {
	readonly #wanting: Readonly<Record<Kind, Map<string, number>>> = { uses: new Map(), addresses: new Map() };
	readonly #spentUntil: Record<Kind, number> = { uses: 0, addresses: 0 };
	readonly #lastGrant: Record<Kind, number> = { uses: 0, addresses: 0 };
	readonly #refillAskedAt: Record<Kind, number> = { uses: 0, addresses: 0 };
	readonly #emptyAt = new Map<string, number>();

	/** Notes which kinds a request is told to fetch: none when it has come to its end. */
	setWanting(requestId: string, kinds: readonly Kind[], now: number): void {
		for (const [kind, requests] of Object.entries(this.#wanting)) {
			requests.delete(requestId);
			if (kinds.includes(kind as Kind)) requests.set(requestId, now);
		}
	}

	/** The request gave up: nothing is kept for it. */
	forgetWanting(requestId: string): void {
		for (const requests of Object.values(this.#wanting)) requests.delete(requestId);
	}

	demand(now: number): Record<Kind, number> {
		for (const requests of Object.values(this.#wanting)) {
			for (const [id, since] of requests) {
				if (since > now - LONGEST_WAIT_MS) break; // oldest first
				requests.delete(id);
			}
		}
		return { uses: this.#wanting.uses.size, addresses: this.#wanting.addresses.size };
	}

	noteGrant(kind: Kind, units: number): void {
		this.#lastGrant[kind] = units;
		this.#refillAskedAt[kind] = 0;
		this.#spentUntil[kind] = 0;
	}

	/** True, once in a while, when half of a large lease is used. What is found stored when the object starts is a lease like any other. */
	asksRefill(kind: Kind, unused: number, now: number): boolean {
		const last = (this.#lastGrant[kind] ||= unused);
		if (last < LEAST_REFILLED || unused * 2 > last) return false;
		if (now < this.#refillAskedAt[kind] + FETCHED_WITHIN_MS) return false;
		this.#refillAskedAt[kind] = now;
		return true;
	}

	noteSpent(kind: Kind, now: number): void {
		this.#spentUntil[kind] = now + BELIEVED_MS;
	}

	isSpent(kind: Kind, now: number): boolean {
		return now < this.#spentUntil[kind];
	}

	/** At the root: whether a shard has said lately that it holds nothing unused. `now` null: it has been granted more since. */
	setEmpty(shard: number, kind: Kind, now: number | null): void {
		if (now === null) this.#emptyAt.delete(`${shard} ${kind}`);
		else this.#emptyAt.set(`${shard} ${kind}`, now);
	}

	isEmpty(shard: number, kind: Kind, now: number): boolean {
		return now < (this.#emptyAt.get(`${shard} ${kind}`) ?? -Infinity) + BELIEVED_MS;
	}
}
