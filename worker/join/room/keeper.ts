import { type Decision, allow } from "../../decision/decision.ts";
import { type Wired, wire } from "../../limits/contract.ts";
import { parseSettings } from "../../settings.ts";
import { Alarms } from "./alarms.ts";
import { type Applied, RoomBook, releaseId } from "./book.ts";
import type { Hold, Released, RoomReply, RoomRules } from "./contract.ts";
import { Conversation } from "./conversation.ts";
import { planLost } from "./decide.ts";
import { Errands } from "./errands.ts";
import { queueDepartures } from "./events.ts";
import type { Room } from "./room.ts";
import schema from "./schema.sql";
import { RoomSockets } from "./sockets.ts";
import type { Plan, Planned } from "./state.ts";

const NOTHING: Applied = { departures: [], released: [], statusChanged: false };

/** What came of a decision. */
interface Outcome<T> {
	readonly answer: Decision<T>;
	readonly applied: Applied;
	readonly released: readonly Released[];
}

/** Keeps the room's state: each change is one transaction, with all that follows from it. */
export class Keeper implements Room {
	readonly sockets: RoomSockets;
	readonly alarms: Alarms;
	readonly conversation: Conversation;
	readonly #storage: DurableObjectStorage;
	readonly #errands: Errands;
	#book: RoomBook;

	constructor(ctx: DurableObjectState, env: Env) {
		this.#storage = ctx.storage;
		ctx.storage.sql.exec(schema);
		this.#errands = new Errands(ctx.storage.sql);
		this.#book = this.#newBook();
		this.sockets = new RoomSockets(ctx);
		this.alarms = new Alarms(ctx.storage, env, this, this.sockets);
		this.conversation = new Conversation(parseSettings({ ...env }).grantSecrets, this, this.sockets);
		this.noticeAllLost(); // a restart of the machine closes sockets without a word
	}

	readonly book = (): RoomBook => this.#book;

	/** A decision, and what it changes; the wired answer names the sessions of viewers that are to be ended. */
	decide<T>(
		rules: RoomRules,
		decide: (book: RoomBook) => Decision<Planned<T>>,
		also?: (book: RoomBook, value: T) => void,
		hold: Hold | null = null,
	): { readonly answer: Decision<T>; readonly wired: Wired<RoomReply<T>> } {
		const { answer, applied, released } = this.write((book): Outcome<T> => {
			book.learnRules(rules);
			const planned = decide(book);
			// A session of the limits that the refused leaves behind is to end.
			if (!planned.allowed)
				return { answer: planned, applied: NOTHING, released: hold ? book.releaseHold(hold, Date.now()) : [] };
			const done = this.#apply(book, planned.value.plan);
			also?.(book, planned.value.value);
			return { answer: allow(planned.value.value), applied: done, released: [] };
		});
		this.#carryOut(applied);
		return { answer, wired: reply(answer, { released: [...applied.released, ...released] }) };
	}

	/** What no caller hears of: sessions of viewers that nobody here holds any more are ended by the alarm, at once. */
	readonly commit = (plan: Plan): void => {
		const applied = this.write((book) => {
			const done = this.#apply(book, plan);
			for (const session of done.released) book.errands.hurry(releaseId(session), Date.now());
			return done;
		});
		this.#carryOut(applied);
	};

	/** A plan that is made within the transaction, with whatever else is written there; the caller ends what was released. */
	commitWith(plan: (book: RoomBook) => Plan): Applied {
		const applied = this.write((book) => this.#apply(book, plan(book)));
		this.#carryOut(applied);
		return applied;
	}

	/** In one transaction. @throws what went wrong; then nothing has changed. */
	readonly write = <T>(run: (book: RoomBook) => T): T => {
		try {
			const result = this.#storage.transactionSync(() => run(this.#book));
			this.alarms.schedule();
			return result;
		} catch (fault) {
			this.#book = this.#newBook();
			throw fault;
		}
	};

	readonly clear = async (): Promise<void> => {
		const cleared = this.#storage.deleteAll();
		this.#storage.sql.exec(schema); // in the same turn: no call finds the tables gone
		this.#book = this.#newBook();
		await cleared;
	};

	/** Whether a participant whose sockets are all closed is away now. */
	noticeLost(id: string): void {
		const member = this.#book.members.get(id);
		const { rules } = this.#book.record;
		if (!member || !rules || member.via !== "socket" || this.sockets.has(id)) return;
		if (member.status !== "connected" && !(member.status === "waiting" && member.deadline === null)) return;
		this.commit(planLost(member, rules, Date.now()));
		if (member.status === "connected") this.conversation.away(id);
	}

	readonly noticeAllLost = (): void => {
		for (const id of this.#book.members.keys()) this.noticeLost(id);
	};

	#apply(book: RoomBook, plan: Plan): Applied {
		const now = Date.now();
		const applied = book.apply(plan, now);
		queueDepartures(book, applied, now);
		return applied;
	}

	#carryOut({ departures, statusChanged }: Applied): void {
		for (const departure of departures) {
			this.sockets.dismiss(departure.member.id, departure.because);
			this.conversation.left(departure);
		}
		if (statusChanged) this.conversation.statusChanged();
	}

	#newBook(): RoomBook {
		return new RoomBook(this.#storage.sql, this.#errands);
	}
}

export function reply<T>(answer: Decision<T>, { released }: Pick<Applied, "released"> = NOTHING): Wired<RoomReply<T>> {
	return wire({ answer, released });
}
