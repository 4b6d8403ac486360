import type { EndedBy } from "./contract.ts";
import type { Device } from "./device-contract.ts";
import { MOST_ASTRAY_MS } from "./forgetting.ts";
import type { SessionRow } from "./state.ts";

/** What is stored of a token: how often and from how many addresses it was used. `expiresAt` in milliseconds. */
export interface TokenRow {
	readonly id: string;
	readonly used: number;
	readonly addresses: number;
	readonly expiresAt: number;
}

type StoredSession = {
	key: string;
	video: string;
	ipv4: string | null;
	ipv6: string | null;
	left_addresses: string;
	device: string;
	user_agent: string;
	started_at: number;
	seen_at: number;
	ttl_seconds: number;
	ended_by: string | null;
	barred_at: number | null;
	barred_by: string | null;
	forget_at: number;
};

/** Every SQL statement of the limits object, by name. */
export class ViewerTables {
	readonly #sql: SqlStorage;

	constructor(sql: SqlStorage) {
		this.#sql = sql;
	}

	token(id: string): TokenRow | null {
		const query = "SELECT id, used, addresses, expires_at AS expiresAt FROM tokens WHERE id = ?";
		return (
			this.#sql.exec<{ id: string; used: number; addresses: number; expiresAt: number }>(query, id).toArray()[0] ?? null
		);
	}

	putToken({ id, used, addresses, expiresAt }: TokenRow): void {
		this.#sql.exec(
			"INSERT OR REPLACE INTO tokens (id, used, addresses, expires_at) VALUES (?, ?, ?, ?)",
			id,
			used,
			addresses,
			expiresAt,
		);
	}

	hasAddress(tokenId: string, address: string): boolean {
		return this.#exists("SELECT 1 FROM addresses WHERE token = ? AND address = ?", tokenId, address);
	}

	putAddress(tokenId: string, address: string): void {
		this.#sql.exec("INSERT OR IGNORE INTO addresses (token, address) VALUES (?, ?)", tokenId, address);
	}

	removeAddress(tokenId: string, address: string): void {
		this.#sql.exec("DELETE FROM addresses WHERE token = ? AND address = ?", tokenId, address);
	}

	hasPlayback(tokenId: string, sessionKey: string, startedAt: number): boolean {
		const query = "SELECT 1 FROM playbacks WHERE token = ? AND session = ? AND started_at = ?";
		return this.#exists(query, tokenId, sessionKey, startedAt);
	}

	putPlayback(tokenId: string, sessionKey: string, startedAt: number): void {
		this.#sql.exec(
			"INSERT INTO playbacks (token, session, started_at) VALUES (?, ?, ?)",
			tokenId,
			sessionKey,
			startedAt,
		);
	}

	deviceIds(): string[] {
		return this.#sql
			.exec<{ id: string }>("SELECT id FROM devices")
			.toArray()
			.map(({ id }) => id);
	}

	/** Oldest first. */
	devices(): Device[] {
		const query = `SELECT id, name, user_agent AS userAgent, created_at AS createdAt, updated_at AS updatedAt
			FROM devices ORDER BY created_at, id`;
		return this.#sql.exec<Device & Record<string, SqlStorageValue>>(query).toArray();
	}

	putDevice(id: string, userAgent: string, now: number): void {
		const statement = "INSERT INTO devices (id, user_agent, created_at, updated_at) VALUES (?, ?, ?, ?)";
		this.#sql.exec(statement, id, userAgent, now, now);
	}

	renameDevice(id: string, name: string | null, now: number): void {
		this.#sql.exec("UPDATE devices SET name = ?, updated_at = ? WHERE id = ?", name, now, id);
	}

	removeDevice(id: string): void {
		this.#sql.exec("DELETE FROM devices WHERE id = ?", id);
	}

	sessions(): SessionRow[] {
		return this.#sql.exec<StoredSession>("SELECT * FROM sessions").toArray().map(toRow);
	}

	putSession(row: SessionRow): void {
		this.#sql.exec(
			"INSERT OR REPLACE INTO sessions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
			row.key,
			row.video,
			row.ipv4,
			row.ipv6,
			row.left,
			row.device,
			row.userAgent,
			row.startedAt,
			row.seenAt,
			row.ttlSeconds,
			row.endedBy,
			row.barredAt,
			row.barredBy,
			row.forgetAt,
		);
	}

	removeSession(key: string): void {
		this.#sql.exec("DELETE FROM sessions WHERE key = ?", key);
	}

	/** Ids of the requests that spent a use in this minute or later, by minute. */
	spentSince(minute: number): Map<number, Set<string>> {
		const spent = new Map<number, Set<string>>();
		const query = "SELECT minute, requests FROM spent WHERE minute >= ?";
		for (const row of this.#sql.exec<{ minute: number; requests: string }>(query, minute)) {
			spent.set(row.minute, new Set([...(spent.get(row.minute) ?? []), ...row.requests.split(" ")]));
		}
		return spent;
	}

	putSpent(minute: number, requestIds: Iterable<string>): void {
		this.#sql.exec("INSERT INTO spent (minute, requests) VALUES (?, ?)", minute, [...requestIds].join(" "));
	}

	forgetSpentBefore(minute: number): void {
		this.#sql.exec("DELETE FROM spent WHERE minute < ?", minute);
	}

	/** Removes what no decision can need any more; true when nothing at all is left. */
	forget(now: number): boolean {
		const endedBefore = now - MOST_ASTRAY_MS;
		for (const table of ["addresses", "partners", "holders", "playbacks", "leases"]) {
			this.#sql.exec(`DELETE FROM ${table} WHERE token IN (SELECT id FROM tokens WHERE expires_at <= ?)`, endedBefore);
		}
		this.#sql.exec("DELETE FROM tokens WHERE expires_at <= ?", endedBefore);
		this.#sql.exec(
			`DELETE FROM sessions WHERE seen_at + ttl_seconds * 1000 <= ? AND (barred_at IS NULL OR forget_at <= ?)
				AND key NOT IN (SELECT session FROM holders)`,
			now,
			endedBefore,
		);
		const kept = ["spent", "tokens", "sessions", "devices", "outbox"];
		return kept.every((table) => !this.#exists(`SELECT 1 FROM ${table} LIMIT 1`));
	}

	#exists(query: string, ...bindings: (string | number)[]): boolean {
		return !this.#sql.exec(query, ...bindings).next().done;
	}
}

function toRow(row: StoredSession): SessionRow {
	return {
		key: row.key,
		video: row.video,
		ipv4: row.ipv4,
		ipv6: row.ipv6,
		left: row.left_addresses,
		device: row.device,
		userAgent: row.user_agent,
		startedAt: row.started_at,
		seenAt: row.seen_at,
		ttlSeconds: row.ttl_seconds,
		endedBy: row.ended_by as EndedBy | null,
		barredAt: row.barred_at,
		barredBy: row.barred_by as EndedBy | null,
		forgetAt: row.forget_at,
	};
}
