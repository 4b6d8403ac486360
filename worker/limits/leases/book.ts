import type { TokenRef } from "../state.ts";
import type { Kind, Totals } from "./contract.ts";

const NOTHING: Totals = { granted: 0, returned: 0 };

/** The table of leases, read once and written with the commit that changed it (see `ViewerMemory`). */
export class LeaseBook {
	readonly #sql: SqlStorage;
	readonly #known = new Map<string, Totals>();
	readonly #changed = new Map<string, () => void>();

	constructor(sql: SqlStorage) {
		this.#sql = sql;
	}

	get(tokenId: string, shard: number, kind: Kind): Totals {
		const name = `${tokenId} ${shard} ${kind}`;
		let totals = this.#known.get(name);
		if (totals === undefined) this.#known.set(name, (totals = this.#read(tokenId, shard, kind)));
		return totals;
	}

	put({ id }: TokenRef, shard: number, kind: Kind, totals: Totals): void {
		const name = `${id} ${shard} ${kind}`;
		this.#known.set(name, totals);
		this.#changed.set(name, () => {
			const statement = "INSERT OR REPLACE INTO leases (token, shard, kind, granted, returned) VALUES (?, ?, ?, ?, ?)";
			this.#sql.exec(statement, id, shard, kind, totals.granted, totals.returned);
		});
	}

	flush(): void {
		for (const write of this.#changed.values()) write();
		this.#changed.clear();
	}

	#read(tokenId: string, shard: number, kind: Kind): Totals {
		const query = "SELECT granted, returned FROM leases WHERE token = ? AND shard = ? AND kind = ?";
		const rows = this.#sql.exec<{ granted: number; returned: number }>(query, tokenId, shard, kind).toArray();
		return rows[0] ?? NOTHING;
	}
}
