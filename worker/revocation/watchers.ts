import { within } from "../within.ts";

/** What a room offers the list; rooms belong to another part of the gate. */
interface WatchingRoom {
	revocationsChanged(): Promise<void>;
}

interface Rooms {
	getByName(name: string): WatchingRoom;
}

const LONGEST_CALL_MS = 3000;
/** By the number of failures; none where a change came while the others were told. */
const RETRY_MS = [0, 500, 1000, 2000, 5000, 15_000];
const LONGEST_RETRY_MS = 60_000;
const MOST_AT_ONCE = 100;

/** Rooms that are told of every change of the list, from its alarm: whoever revokes does not wait for them. */
export class Watchers {
	readonly #sql: SqlStorage;
	readonly #rooms: Rooms;

	constructor(sql: SqlStorage, rooms: Rooms) {
		this.#sql = sql;
		this.#rooms = rooms;
	}

	add(room: string): void {
		this.#sql.exec("INSERT OR IGNORE INTO watchers VALUES (?, 0, 0)", room);
	}

	remove(room: string): void {
		this.#sql.exec("DELETE FROM watchers WHERE room = ?", room);
	}

	all(): string[] {
		return this.#sql
			.exec<{ room: string }>("SELECT room FROM watchers")
			.toArray()
			.map(({ room }) => room);
	}

	/** There is something to tell. False when nobody wants to hear of it. */
	note(): boolean {
		return this.#sql.exec("UPDATE watchers SET pending = pending + 1").rowsWritten > 0;
	}

	/** Tells those who have not heard of the last change. When to do so again; null when all have. */
	async tell(): Promise<number | null> {
		const query = "SELECT room, pending FROM watchers WHERE pending > 0";
		const waiting = this.#sql.exec<{ room: string; pending: number }>(query).toArray();
		for (let start = 0; start < waiting.length; start += MOST_AT_ONCE) {
			const some = waiting.slice(start, start + MOST_AT_ONCE);
			await Promise.all(some.map(({ room, pending }) => this.#tellOne(room, pending)));
		}
		const left = "SELECT min(failures) AS failures FROM watchers WHERE pending > 0";
		const { failures } = this.#sql.exec<{ failures: number | null }>(left).one();
		return failures === null ? null : Date.now() + (RETRY_MS[failures] ?? LONGEST_RETRY_MS);
	}

	/** A change that came meanwhile leaves the room pending. */
	async #tellOne(room: string, pending: number): Promise<void> {
		try {
			await within(this.#rooms.getByName(room).revocationsChanged(), LONGEST_CALL_MS);
			this.#sql.exec("UPDATE watchers SET failures = 0 WHERE room = ?", room);
			this.#sql.exec("UPDATE watchers SET pending = 0 WHERE room = ? AND pending = ?", room, pending);
		} catch (fault) {
			this.#sql.exec("UPDATE watchers SET failures = failures + 1 WHERE room = ?", room);
			console.log(JSON.stringify({ event: "fault", where: "revocation-watchers", room, message: String(fault) }));
		}
	}
}
