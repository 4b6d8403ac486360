import type { Kind, Totals } from "../../worker/limits/leases/contract.ts";
import type { ShardState } from "../../worker/limits/leases/shard.ts";
import type { TokenRef } from "../../worker/limits/state.ts";
import { MemoryState } from "./memory-state.ts";

const NONE: Totals = { granted: 0, returned: 0 };

/** What root and shards of one token store, in memory. */
export class LeasedState extends MemoryState implements ShardState {
	readonly #leases = new Map<string, Totals>();
	readonly #lent: Record<Kind, number> = { uses: 0, addresses: 0 };

	lease(_tokenId: string, shard: number, kind: Kind): Totals {
		return this.#leases.get(`${shard} ${kind}`) ?? NONE;
	}

	putLease(_token: TokenRef, shard: number, kind: Kind, totals: Totals): void {
		this.#leases.set(`${shard} ${kind}`, totals);
	}

	counted(tokenId: string, kind: Kind): number {
		return this.#lent[kind] + (kind === "uses" ? this.usesOf(tokenId) : this.addressesOf(tokenId));
	}

	lend(_token: TokenRef, kind: Kind, change: number): void {
		this.#lent[kind] += change;
	}
}
