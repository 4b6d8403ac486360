/**
 * What is stored of a token's addresses beside the addresses themselves. A place is an address that was counted and, where a grant has
 * proved it, one address of the other family that was not. Every statement runs within the transaction of the decision.
 */
export interface Places {
	/** The other address of the place of this one; null where it has none. */
	readonly partnerOf: (tokenId: string, address: string) => string | null;
	readonly pair: (tokenId: string, address: string, partner: string) => void;
	readonly unpair: (tokenId: string, address: string, partner: string) => void;
	/** Whether the session has played with the token; noted only where addresses are counted by session. */
	readonly isHolder: (tokenId: string, sessionKey: string) => boolean;
	/** Sessions that have played with any such token: what they left behind is asked for after they have lapsed, too. */
	readonly holders: () => ReadonlySet<string>;
	readonly noteHolder: (tokenId: string, sessionKey: string) => void;
}

export class StoredPlaces implements Places {
	readonly #sql: SqlStorage;

	constructor(sql: SqlStorage) {
		this.#sql = sql;
	}

	partnerOf(tokenId: string, address: string): string | null {
		const query = "SELECT partner FROM partners WHERE token = ? AND address = ?";
		return this.#sql.exec<{ partner: string }>(query, tokenId, address).toArray()[0]?.partner ?? null;
	}

	pair(tokenId: string, address: string, partner: string): void {
		const statement = "INSERT INTO partners (token, address, partner) VALUES (?, ?, ?), (?, ?, ?)";
		this.#sql.exec(statement, tokenId, address, partner, tokenId, partner, address);
	}

	unpair(tokenId: string, address: string, partner: string): void {
		this.#sql.exec("DELETE FROM partners WHERE token = ? AND address IN (?, ?)", tokenId, address, partner);
	}

	isHolder(tokenId: string, sessionKey: string): boolean {
		const query = "SELECT 1 FROM holders WHERE token = ? AND session = ?";
		return !this.#sql.exec(query, tokenId, sessionKey).next().done;
	}

	holders(): ReadonlySet<string> {
		const rows = this.#sql.exec<{ session: string }>("SELECT session FROM holders").toArray();
		return new Set(rows.map(({ session }) => session));
	}

	noteHolder(tokenId: string, sessionKey: string): void {
		this.#sql.exec("INSERT OR IGNORE INTO holders (token, session) VALUES (?, ?)", tokenId, sessionKey);
	}
}
