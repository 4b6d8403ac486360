import type { EndedBy } from "./contract.ts";
import type { SessionRow, TokenRef, ViewerState } from "./state.ts";

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

const MINUTE_MS = 60_000;
const minuteOf = (now: number): number => Math.floor(now / MINUTE_MS);

/** Every SQL statement of the limits object, by name. */
export class SqlViewerState implements ViewerState {
	readonly #sql: SqlStorage;

	constructor(sql: SqlStorage) {
		this.#sql = sql;
	}

	/** Requests are kept by minute so that old ones go in one range delete. */
	wasSpent(requestId: string, now: number): boolean {
		const minute = minuteOf(now);
		const query = "SELECT 1 FROM spent WHERE minute IN (?, ?) AND request = ?";
		return this.#exists(query, minute, minute - 1, requestId);
	}

	noteSpent(requestId: string, now: number): void {
		this.#sql.exec("INSERT INTO spent (minute, request) VALUES (?, ?)", minuteOf(now), requestId);
	}

	usesOf(tokenId: string): number {
		return this.#number("SELECT used AS value FROM tokens WHERE id = ?", tokenId);
	}

	addUse(token: TokenRef): void {
		this.#sql.exec(
			"INSERT INTO tokens (id, used, expires_at) VALUES (?, 1, ?) ON CONFLICT (id) DO UPDATE SET used = used + 1",
			token.id,
			token.expiresAt,
		);
	}

	playbackCounted(tokenId: string, sessionKey: string, startedAt: number): boolean {
		const query = "SELECT 1 FROM playbacks WHERE token = ? AND session = ? AND started_at = ?";
		return this.#exists(query, tokenId, sessionKey, startedAt);
	}

	notePlayback(tokenId: string, sessionKey: string, startedAt: number): void {
		this.#sql.exec(
			"INSERT INTO playbacks (token, session, started_at) VALUES (?, ?, ?)",
			tokenId,
			sessionKey,
			startedAt,
		);
	}

	knowsAddress(tokenId: string, address: string): boolean {
		return this.#exists("SELECT 1 FROM addresses WHERE token = ? AND address = ?", tokenId, address);
	}

	/** Kept as a number beside the token: counting rows would cost a read of each. */
	addressesOf(tokenId: string): number {
		return this.#number("SELECT addresses AS value FROM tokens WHERE id = ?", tokenId);
	}

	addAddress(token: TokenRef, address: string): void {
		this.#sql.exec("INSERT INTO addresses (token, address) VALUES (?, ?)", token.id, address);
		this.#sql.exec(
			"INSERT INTO tokens (id, addresses, expires_at) VALUES (?, 1, ?) ON CONFLICT (id) DO UPDATE SET addresses = addresses + 1",
			token.id,
			token.expiresAt,
		);
	}

	knowsDevice(id: string): boolean {
		return this.#exists("SELECT 1 FROM devices WHERE id = ?", id);
	}

	deviceCount(): number {
		return this.#number("SELECT count(*) AS value FROM devices");
	}

	addDevice(id: string, userAgent: string, now: number): void {
		const statement = "INSERT INTO devices (id, user_agent, created_at, updated_at) VALUES (?, ?, ?, ?)";
		this.#sql.exec(statement, id, userAgent, now, now);
	}

	session(key: string): SessionRow | null {
		const rows = this.#sql.exec<StoredSession>("SELECT * FROM sessions WHERE key = ?", key).toArray();
		return rows[0] ? toRow(rows[0]) : null;
	}

	aliveSessions(now: number): SessionRow[] {
		const query =
			"SELECT * FROM sessions WHERE ended_by IS NULL AND seen_at + ttl_seconds * 1000 > ? ORDER BY started_at, key";
		return this.#sql.exec<StoredSession>(query, now).toArray().map(toRow);
	}

	/** Alive ones and those that were ended, newest first. */
	listSessions(now: number): SessionRow[] {
		const query =
			"SELECT * FROM sessions WHERE ended_by IS NOT NULL OR seen_at + ttl_seconds * 1000 > ? ORDER BY started_at DESC, key";
		return this.#sql.exec<StoredSession>(query, now).toArray().map(toRow);
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

	touchSession(key: string, seenAt: number, forgetAt: number): void {
		this.#sql.exec("UPDATE sessions SET seen_at = ?, forget_at = ? WHERE key = ?", seenAt, forgetAt, key);
	}

	/** Removes what no decision can need any more; true when nothing at all is left. */
	forget(now: number): boolean {
		this.#sql.exec("DELETE FROM spent WHERE minute < ?", minuteOf(now) - 1);
		for (const table of ["addresses", "playbacks"]) {
			this.#sql.exec(`DELETE FROM ${table} WHERE token IN (SELECT id FROM tokens WHERE expires_at <= ?)`, now);
		}
		this.#sql.exec("DELETE FROM tokens WHERE expires_at <= ?", now);
		this.#sql.exec(
			"DELETE FROM sessions WHERE forget_at <= ? OR (barred_at IS NULL AND seen_at + ttl_seconds * 1000 <= ?)",
			now,
			now,
		);
		return ["spent", "tokens", "sessions", "devices"].every((table) => !this.#exists(`SELECT 1 FROM ${table} LIMIT 1`));
	}

	#exists(query: string, ...bindings: (string | number)[]): boolean {
		return !this.#sql.exec(query, ...bindings).next().done;
	}

	#number(query: string, ...bindings: (string | number)[]): number {
		const next = this.#sql.exec<{ value: number }>(query, ...bindings).next();
		return next.done ? 0 : next.value.value;
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
