import type { E2eeSessionRecord } from "../../catalog/e2ee-session-record.ts";
import type { OwnStatus, Ban, Member } from "./state.ts";
import type { RoomRules } from "./contract.ts";

/** The room's own row. Milliseconds throughout. */
export interface RoomRecord {
	readonly ownStatus: OwnStatus | null;
	/** Of the last call, for what the alarm does; null before the first. */
	readonly rules: RoomRules | null;
	readonly lastSeq: number;
	/** When the participants are to be judged by the revocation list anew. */
	readonly freshAt: number | null;
	/** When rows that are kept for lists only are looked through. */
	readonly cleanAt: number | null;
	/** The end (of the record) that was told of. */
	readonly endTold: number | null;
	/** Refusals that were told of within a minute. */
	readonly refusals: { readonly minute: number; readonly count: number };
	/**
	 * The session's record as it was when it was deleted, or moved to another provider, secrets sealed: those who were in then are put out by it.
	 */
	readonly former: E2eeSessionRecord | null;
}

const BLANK: RoomRecord = {
	ownStatus: null,
	rules: null,
	lastSeq: 0,
	freshAt: null,
	cleanAt: null,
	endTold: null,
	refusals: { minute: 0, count: 0 },
	former: null,
};

type StoredMember = { member: string };
type StoredBan = { kind: string; value: string; until: number; why: string | null };

const KEPT_GONE = 1000;
const KEPT_GONE_MS = 30 * 86_400_000;

/** SQL of the room, and nothing of its rules. */
export class RoomTables {
	readonly #sql: SqlStorage;

	constructor(sql: SqlStorage) {
		this.#sql = sql;
	}

	record(): RoomRecord {
		const [row] = this.#sql.exec<{ state: string }>("SELECT state FROM room").toArray();
		return row ? { ...BLANK, ...(JSON.parse(row.state) as Partial<RoomRecord>) } : BLANK;
	}

	putRecord(record: RoomRecord): void {
		this.#sql.exec("INSERT OR REPLACE INTO room VALUES (1, ?)", JSON.stringify(record));
	}

	/** Those who are not gone, in the order in which they came. */
	present(): Member[] {
		const query = "SELECT member FROM participants WHERE gone_at IS NULL ORDER BY seq";
		return this.#sql.exec<StoredMember>(query).toArray().map(read);
	}

	/** The last that are gone, the newest first. */
	departed(): Member[] {
		const query = "SELECT member FROM participants WHERE gone_at IS NOT NULL ORDER BY gone_at DESC, seq DESC LIMIT ?";
		return this.#sql.exec<StoredMember>(query, KEPT_GONE).toArray().map(read);
	}

	gone(id: string): Member | null {
		const query = "SELECT member FROM participants WHERE id = ? AND gone_at IS NOT NULL";
		const [row] = this.#sql.exec<StoredMember>(query, id).toArray();
		return row ? read(row) : null;
	}

	putMember(member: Member): void {
		this.#sql.exec(
			"INSERT OR REPLACE INTO participants VALUES (?, ?, ?, ?)",
			member.id,
			member.seq,
			member.goneAt,
			JSON.stringify(member),
		);
	}

	ban(kind: Ban["kind"], value: string, now: number): Ban | null {
		const query = "SELECT * FROM bans WHERE kind = ? AND value = ? AND until > ?";
		const [row] = this.#sql.exec<StoredBan>(query, kind, value, now).toArray();
		return row ? { ...row, kind } : null;
	}

	putBan({ kind, value, until, why }: Ban): void {
		this.#sql.exec("INSERT OR REPLACE INTO bans VALUES (?, ?, ?, ?)", kind, value, until, why);
	}

	hasJoined(token: string): boolean {
		return this.#sql.exec("SELECT 1 FROM joined_tokens WHERE token = ?", token).toArray().length > 0;
	}

	putJoined(token: string, until: number): void {
		this.#sql.exec("INSERT OR REPLACE INTO joined_tokens VALUES (?, ?)", token, until);
	}

	forgetJoined(token: string): void {
		this.#sql.exec("DELETE FROM joined_tokens WHERE token = ?", token);
	}

	hasEnded(connection: string): boolean {
		return this.#sql.exec("SELECT 1 FROM ended_connections WHERE connection = ?", connection).toArray().length > 0;
	}

	putEnded(connection: string, until: number): void {
		this.#sql.exec("INSERT OR REPLACE INTO ended_connections VALUES (?, ?)", connection, until);
	}

	/** Forgets what is over. True when a row is left that is to be looked at again. */
	clean(now: number): boolean {
		this.#sql.exec("DELETE FROM bans WHERE until <= ?", now);
		this.#sql.exec("DELETE FROM joined_tokens WHERE until <= ?", now);
		this.#sql.exec("DELETE FROM ended_connections WHERE until <= ?", now);
		this.#sql.exec("DELETE FROM participants WHERE gone_at <= ?", now - KEPT_GONE_MS);
		this.#sql.exec(
			`DELETE FROM participants WHERE gone_at IS NOT NULL AND id NOT IN
				(SELECT id FROM participants WHERE gone_at IS NOT NULL ORDER BY gone_at DESC, seq DESC LIMIT ?)`,
			KEPT_GONE,
		);
		const left = `SELECT 1 FROM bans UNION ALL SELECT 1 FROM joined_tokens UNION ALL SELECT 1 FROM participants
			UNION ALL SELECT 1 FROM ended_connections UNION ALL SELECT 1 FROM errands LIMIT 1`;
		return this.#sql.exec(left).toArray().length > 0;
	}
}

const read = ({ member }: StoredMember): Member => JSON.parse(member) as Member;
