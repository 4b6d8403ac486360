import { DurableObject } from "cloudflare:workers";
import type { RevokedBy } from "../decision/refusals.ts";
import { nextAlarm } from "../next-alarm.ts";
import type { Revocation, RevocationChanges } from "./contract.ts";
import { judgeStored } from "./judge-stored.ts";
import schema from "./schema.sql";
import type { RevocableFacts } from "./snapshot.ts";
import { Watchers } from "./watchers.ts";

type StoredRevocation = {
	kind: string;
	value: string;
	before: number | null;
	expires_at: number | null;
	created_at: number;
	token: string | null;
	version: number;
	removed_at: number | null;
};

/** How long an entry stays that was taken off, for readers of changes, or that has ended, for isolates whose clock is not that of the list. */
const TOMBSTONE_SECONDS = 86_400;
const CLEANING_INTERVAL_MS = 24 * 60 * 60_000;

/**
 * The revocation list of one account, unlimited in number. Every change has a version; isolates ask every few seconds for what
 * changed since the one they have.
 */
export class RevocationList extends DurableObject<Env> {
	readonly #watchers: Watchers;

	constructor(ctx: DurableObjectState, env: Env) {
		super(ctx, env);
		ctx.storage.sql.exec(schema);
		this.#watchers = new Watchers(ctx.storage.sql, env.SESSION_ROOM);
	}

	async add(entry: Revocation): Promise<void> {
		const version = this.#nextVersion();
		this.#sql.exec(
			"INSERT OR REPLACE INTO revocations VALUES (?, ?, ?, ?, ?, ?, ?, NULL)",
			entry.kind,
			entry.value,
			entry.before,
			entry.expiresAt,
			entry.createdAt,
			entry.token,
			version,
		);
		const at = await this.ctx.storage.getAlarm();
		const now = Date.now();
		const latest = now + CLEANING_INTERVAL_MS;
		if (this.#watchers.note()) await this.ctx.storage.setAlarm(nextAlarm(now, now));
		else if (at === null || at > latest) await this.ctx.storage.setAlarm(latest); // later ones are of a clock that was ahead
	}

	/** A room whose participants are to be put out when their tokens are revoked: it is told of every entry from now on. */
	watch(room: string): void {
		this.#watchers.add(room);
	}

	unwatch(room: string): void {
		this.#watchers.remove(room);
	}

	/** The rooms in which somebody is. */
	rooms(): string[] {
		return this.#watchers.all();
	}

	/** By what each of the tokens is revoked now, or null. `facts` is the JSON text of `RevocableFacts[]`. */
	judge(facts: string): (RevokedBy | null)[] {
		return judgeStored(this.#sql, JSON.parse(facts) as RevocableFacts[], nowSeconds());
	}

	/** False when it was not on the list. */
	remove(kind: RevokedBy, value: string): boolean {
		if (!this.has(kind, value)) return false;
		const statement = "UPDATE revocations SET removed_at = ?, version = ?, token = NULL WHERE kind = ? AND value = ?";
		this.#sql.exec(statement, nowSeconds(), this.#nextVersion(), kind, value);
		return true;
	}

	has(kind: RevokedBy, value: string): boolean {
		const query = `SELECT 1 FROM revocations WHERE kind = ? AND value = ? AND ${LIVE}`;
		return !this.#sql.exec(query, kind, value, nowSeconds()).next().done;
	}

	/** The entries that are in force, oldest first. */
	list(): Revocation[] {
		const query = `SELECT * FROM revocations WHERE ${LIVE} ORDER BY created_at, version`;
		return this.#sql.exec<StoredRevocation>(query, nowSeconds()).toArray().map(toRevocation);
	}

	changesSince(version: number): RevocationChanges {
		const state = this.#sql.exec<{ version: number; horizon: number }>("SELECT version, horizon FROM state").one();
		if (version === state.version) return { version, full: false, entries: [] };
		const full = version < state.horizon || version > state.version;
		const query = full
			? "SELECT * FROM revocations WHERE removed_at IS NULL AND version > ?"
			: "SELECT * FROM revocations WHERE version > ?";
		const rows = this.#sql.exec<StoredRevocation>(query, full ? -1 : version).toArray();
		const entries = rows.map((row) => ({
			kind: row.kind as RevokedBy,
			value: row.value,
			before: row.before,
			expiresAt: row.expires_at,
			removed: row.removed_at !== null,
		}));
		return { version: state.version, full, entries };
	}

	/** Rooms first. Late or doubled alarms change nothing. */
	override async alarm(): Promise<void> {
		const now = nowSeconds();
		const again = await this.#watchers.tell();
		this.ctx.storage.transactionSync(() => {
			this.#sql.exec("DELETE FROM revocations WHERE expires_at <= ?", now - TOMBSTONE_SECONDS); // isolates drop these by themselves
			this.#sql.exec(
				"UPDATE state SET horizon = max(horizon, (SELECT coalesce(max(version), 0) FROM revocations WHERE removed_at <= ?))",
				now - TOMBSTONE_SECONDS,
			);
			this.#sql.exec("DELETE FROM revocations WHERE removed_at <= ?", now - TOMBSTONE_SECONDS);
		});
		const left = !this.#sql.exec("SELECT 1 FROM revocations LIMIT 1").next().done;
		if (again !== null) await this.ctx.storage.setAlarm(nextAlarm(again, Date.now()));
		else if (left) await this.ctx.storage.setAlarm(Date.now() + CLEANING_INTERVAL_MS);
	}

	get #sql(): SqlStorage {
		return this.ctx.storage.sql;
	}

	#nextVersion(): number {
		return this.#sql.exec<{ version: number }>("UPDATE state SET version = version + 1 RETURNING version").one()
			.version;
	}
}

const LIVE = "removed_at IS NULL AND (expires_at IS NULL OR expires_at > ?)";
const nowSeconds = (): number => Math.floor(Date.now() / 1000);

function toRevocation(row: StoredRevocation): Revocation {
	return {
		kind: row.kind as RevokedBy,
		value: row.value,
		before: row.before,
		expiresAt: row.expires_at,
		createdAt: row.created_at,
		token: row.token,
	};
}
