import { DurableObject } from "cloudflare:workers";
import type { GuardVerdict } from "./contract.ts";
import { type GuardState, INNOCENT, attempted, failed, isBlocked, isForgiven, succeeded } from "./rule.ts";
import schema from "./schema.sql";

type StoredState = {
	window_started_at: number;
	guesses: string;
	failures: number;
	strikes: number;
	blocked_until: number;
};

const DAY_MS = 24 * 60 * 60_000;
const KEEP_KNOWN_MS = 30 * DAY_MS;
/** So many credentials are remembered as good from one address; the one that was seen last longest ago goes first. */
const MOST_KNOWN = 50;

/** Slows down the guessing of management credentials from one client address, over all isolates and accounts (`rule.ts`). */
export class CredentialGuard extends DurableObject<Env> {
	/** Before a credential is checked: may it be? */
	async begin(fingerprint: string): Promise<GuardVerdict> {
		const now = await this.#opened();
		if (this.#isKnown(fingerprint)) {
			this.#sql.exec("UPDATE known SET seen_at = ? WHERE fingerprint = ?", now, fingerprint);
			return { state: "known" };
		}
		const before = this.#read();
		const after = attempted(before, fingerprint, now);
		if (after !== before) this.#write(after);
		return this.#verdict(after, now);
	}

	/** It was good: from now on it works from this address whatever else is tried from there. */
	async succeeded(fingerprint: string): Promise<void> {
		const now = await this.#opened();
		this.#write(succeeded(this.#read(), fingerprint));
		this.#sql.exec("INSERT OR REPLACE INTO known VALUES (?, ?)", fingerprint, now);
		this.#sql.exec(
			"DELETE FROM known WHERE fingerprint NOT IN (SELECT fingerprint FROM known ORDER BY seen_at DESC LIMIT ?)",
			MOST_KNOWN,
		);
	}

	/** It was wrong; says what that means for the next one. */
	async failed(): Promise<GuardVerdict> {
		const now = await this.#opened();
		const after = failed(this.#read(), now);
		this.#write(after);
		return this.#verdict(after, now);
	}

	override async alarm(): Promise<void> {
		const now = Date.now();
		this.#sql.exec(schema);
		this.#sql.exec("DELETE FROM known WHERE seen_at <= ?", now - KEEP_KNOWN_MS);
		const knowsSome = !this.#sql.exec("SELECT 1 FROM known LIMIT 1").next().done;
		if (knowsSome || !isForgiven(this.#read(), now)) await this.ctx.storage.setAlarm(now + DAY_MS);
		else await this.ctx.storage.deleteAll();
	}

	get #sql(): SqlStorage {
		return this.ctx.storage.sql;
	}

	/** The tables are there and will be cleaned. Not in the constructor: the alarm takes the tables of a quiet address away. */
	async #opened(): Promise<number> {
		const now = Date.now();
		if ((await this.ctx.storage.getAlarm()) === null) await this.ctx.storage.setAlarm(now + DAY_MS);
		this.#sql.exec(schema);
		return now;
	}

	#isKnown(fingerprint: string): boolean {
		return !this.#sql.exec("SELECT 1 FROM known WHERE fingerprint = ?", fingerprint).next().done;
	}

	#verdict(state: GuardState, now: number): GuardVerdict {
		if (!isBlocked(state, now)) return { state: "open" };
		const known = this.#sql.exec<{ fingerprint: string }>("SELECT fingerprint FROM known").toArray();
		return {
			state: "blocked",
			untilMs: state.blockedUntil,
			knownFingerprints: known.map(({ fingerprint }) => fingerprint),
		};
	}

	#read(): GuardState {
		const [row] = this.#sql.exec<StoredState>("SELECT * FROM state").toArray();
		if (!row) return INNOCENT;
		return {
			windowStartedAt: row.window_started_at,
			guesses: JSON.parse(row.guesses) as readonly string[],
			failures: row.failures,
			strikes: row.strikes,
			blockedUntil: row.blocked_until,
		};
	}

	#write({ windowStartedAt, guesses, failures, strikes, blockedUntil }: GuardState): void {
		const statement = "INSERT OR REPLACE INTO state VALUES (1, ?, ?, ?, ?, ?)";
		this.#sql.exec(statement, windowStartedAt, JSON.stringify(guesses), failures, strikes, blockedUntil);
	}
}
