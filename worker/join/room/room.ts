import type { RoomBook } from "./book.ts";
import type { Plan } from "./state.ts";

/** What the parts of the room may do with its state. */
export interface Room {
	/** The book in use: another one after a transaction that failed. */
	readonly book: () => RoomBook;
	/** Applies a plan, and carries out what follows from it. */
	readonly commit: (plan: Plan) => void;
	/** Runs a change in a transaction. */
	readonly write: <T>(run: (book: RoomBook) => T) => T;
	/** Stores nothing any more; calls may still come. */
	readonly clear: () => Promise<void>;
	/** Those whose sockets are all closed are away from now on. */
	readonly noticeAllLost: () => void;
}
