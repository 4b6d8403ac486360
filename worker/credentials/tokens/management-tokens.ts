import { timingSafeEqual } from "node:crypto";
import { DurableObject } from "cloudflare:workers";
import type { TokenRecord, TokenVerdict } from "./contract.ts";
import schema from "./schema.sql";

type StoredToken = {
	id: string;
	secret_hash: string;
	name: string;
	scopes: string;
	created_at: number;
	created_by: string;
	expires_at: number | null;
	last_used_at: number | null;
};

/** The most that an account may have at once. */
export const MOST_TOKENS = 200;

const HOUR_SECONDS = 3600;
/** Tokens that have ended are still listed for this long, so that one sees why a script stopped. */
const KEEP_EXPIRED_SECONDS = 30 * 24 * HOUR_SECONDS;

/** Compared with where there is no record, so that an unknown id costs the same work as a wrong secret. */
const NO_HASH = "-".repeat(43);

/**
 * The management tokens of one account. A Durable Object and not KV, so that a token that was revoked is refused at the very next
 * request, wherever that is made; isolates remember nothing of them.
 *
 * Anybody can make an object be asked by naming an account, so nothing is stored before a token is.
 */
export class ManagementTokens extends DurableObject<Env> {
	/** False when the account already has as many tokens as it may. Called again, it makes the same token once. */
	create(token: Omit<TokenRecord, "lastUsedAt">, secretHash: string): boolean {
		if (this.#find(token.id)?.secret_hash === secretHash) return true;
		this.#sql.exec(schema);
		this.#sql.exec("DELETE FROM tokens WHERE expires_at <= ?", nowSeconds() - KEEP_EXPIRED_SECONDS);
		if (this.#sql.exec<{ n: number }>("SELECT count(*) AS n FROM tokens").one().n >= MOST_TOKENS) return false;
		const scopes = JSON.stringify(token.scopes);
		const { id, name, createdAt, createdBy, expiresAt } = token;
		const statement = "INSERT INTO tokens VALUES (?, ?, ?, ?, ?, ?, ?, NULL)";
		this.#sql.exec(statement, id, secretHash, name, scopes, createdAt, createdBy, expiresAt);
		return true;
	}

	/** Judges a token, and notes that it was used. */
	verify(id: string, secretHash: string): TokenVerdict {
		const stored = this.#find(id);
		const isRight = timingSafeEqual(Buffer.from(stored?.secret_hash ?? NO_HASH), Buffer.from(secretHash));
		if (!stored || !isRight) return { state: "unknown" };
		const now = nowSeconds();
		if (stored.expires_at !== null && stored.expires_at <= now) {
			return { state: "expired", expiredAt: stored.expires_at };
		}
		const hour = now - (now % HOUR_SECONDS);
		if (stored.last_used_at !== hour) this.#sql.exec("UPDATE tokens SET last_used_at = ? WHERE id = ?", hour, id);
		return { state: "valid", scopes: scopesOf(stored), expiresAt: stored.expires_at };
	}

	/** Null when there is none. */
	get(id: string): TokenRecord | null {
		const stored = this.#find(id);
		return stored ? toRecord(stored) : null;
	}

	/** Oldest first, those that have ended too. */
	list(): TokenRecord[] {
		if (!this.#isWritten()) return [];
		return this.#sql.exec<StoredToken>("SELECT * FROM tokens ORDER BY created_at, id").toArray().map(toRecord);
	}

	/** False when there is none. */
	remove(id: string): boolean {
		if (!this.#find(id)) return false;
		this.#sql.exec("DELETE FROM tokens WHERE id = ?", id);
		return true;
	}

	get #sql(): SqlStorage {
		return this.ctx.storage.sql;
	}

	#isWritten(): boolean {
		return !this.#sql.exec("SELECT 1 FROM sqlite_master WHERE name = 'tokens'").next().done;
	}

	#find(id: string): StoredToken | undefined {
		if (!this.#isWritten()) return undefined;
		return this.#sql.exec<StoredToken>("SELECT * FROM tokens WHERE id = ?", id).toArray()[0];
	}
}

const nowSeconds = (): number => Math.floor(Date.now() / 1000);

/** What stands in the column was written by `create`. */
const scopesOf = ({ scopes }: StoredToken): readonly string[] => JSON.parse(scopes) as readonly string[];

function toRecord(stored: StoredToken): TokenRecord {
	return {
		id: stored.id,
		name: stored.name,
		scopes: scopesOf(stored),
		createdAt: stored.created_at,
		createdBy: stored.created_by,
		expiresAt: stored.expires_at,
		lastUsedAt: stored.last_used_at,
	};
}
