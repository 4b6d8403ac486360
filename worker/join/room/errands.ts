/** Something that others are to be told, as it is stored with the change that it tells of. */
export interface Errand {
	readonly id: string;
	readonly kind: ErrandKind;
	/** Milliseconds since the epoch. */
	readonly dueAt: number;
	readonly attempts: number;
	readonly body: string;
}

/**
 * `webhook`: an event to the publisher. `release`: a session of a viewer's limits ends. `eject`: the provider puts a participant out.
 * `watch`: the account's revocation list learns that this room wants to hear of changes, or no longer does.
 */
export type ErrandKind = "webhook" | "release" | "eject" | "watch";

export type ErrandOutcome = "done" | "again";

type StoredErrand = { id: string; kind: string; due_at: number; attempts: number; body: string };

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** How long after each attempt the next one comes; after the last, the errand is given up. */
const WAITS: Readonly<Record<ErrandKind, readonly number[]>> = {
	webhook: [2 * SECOND, 30 * SECOND, 2 * MINUTE, 10 * MINUTE, HOUR, 6 * HOUR],
	release: [2 * SECOND, 5 * SECOND, 30 * SECOND, 2 * MINUTE, 10 * MINUTE, HOUR],
	eject: [2 * SECOND, 5 * SECOND, 30 * SECOND, 2 * MINUTE, 10 * MINUTE, HOUR],
	watch: [SECOND, 2 * SECOND, 5 * SECOND, 30 * SECOND, 2 * MINUTE, 10 * MINUTE, HOUR],
};
/** When an errand that was begun is taken for lost with the object that ran it. */
const LEASE_MS = 20 * SECOND;
const MOST_AT_ONCE = 50;
/** An endpoint that never answers must not fill the object. */
const MOST_WAITING = 5000;

/** The errands of a room, one row each. */
export class Errands {
	readonly #sql: SqlStorage;
	readonly #running = new Set<string>();

	constructor(sql: SqlStorage) {
		this.#sql = sql;
	}

	/** An errand of the same id takes the place of the one before. */
	add(id: string, kind: ErrandKind, body: unknown, dueAt: number): void {
		const text = JSON.stringify(body);
		this.#sql.exec("INSERT OR REPLACE INTO errands VALUES (?, ?, ?, 0, ?)", id, kind, dueAt, text);
	}

	/** Brings one forward that has not begun. */
	hurry(id: string, dueAt: number): void {
		this.#sql.exec("UPDATE errands SET due_at = ? WHERE id = ? AND due_at > ?", dueAt, id, dueAt);
	}

	remove(id: string): void {
		this.#sql.exec("DELETE FROM errands WHERE id = ?", id);
	}

	/** Whether one more event would still be told. */
	hasRoom(): boolean {
		return this.#sql.exec<{ n: number }>("SELECT count(*) AS n FROM errands").one().n < MOST_WAITING;
	}

	nextAt(): number | null {
		return this.#sql.exec<{ at: number | null }>("SELECT min(due_at) AS at FROM errands").one().at;
	}

	/** What is to be done now. It comes again after a while should the object not live to finish it. */
	begin(now: number): Errand[] {
		const query = "SELECT * FROM errands WHERE due_at <= ? ORDER BY due_at LIMIT ?";
		const due = this.#sql.exec<StoredErrand>(query, now, MOST_AT_ONCE).toArray();
		for (const { id } of due) this.#sql.exec("UPDATE errands SET due_at = ? WHERE id = ?", now + LEASE_MS, id);
		const begun = due.filter(({ id }) => !this.#running.has(id));
		for (const { id } of begun) this.#running.add(id);
		return begun.map(({ id, kind, due_at: dueAt, attempts, body }) => {
			return { id, kind: kind as ErrandKind, dueAt, attempts, body };
		});
	}

	/** False when it is given up. An errand that was put anew meanwhile stays as it is. */
	end({ id, kind, attempts, body }: Errand, outcome: ErrandOutcome, now: number): boolean {
		this.#running.delete(id);
		const same = "id = ? AND body = ? AND attempts = ?";
		const wait = WAITS[kind][attempts];
		if (outcome === "done" || wait === undefined) {
			this.#sql.exec(`DELETE FROM errands WHERE ${same}`, id, body, attempts);
			return outcome === "done";
		}
		const statement = `UPDATE errands SET due_at = ?, attempts = attempts + 1 WHERE ${same}`;
		this.#sql.exec(statement, now + wait, id, body, attempts);
		return true;
	}
}
