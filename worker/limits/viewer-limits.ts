import { DurableObject } from "cloudflare:workers";
import {
	type AdmitAnswer,
	type AdmitRequest,
	type EndedBy,
	type LiveSession,
	type RefundRequest,
	type Wired,
	unwire,
	wire,
} from "./contract.ts";
import { decide, endSession } from "./decide.ts";
import { refundUse } from "./refund.ts";
import schema from "./schema.sql";
import type { SessionRow } from "./state.ts";
import { ViewerTables } from "./tables.ts";
import { ViewerMemory } from "./viewer-memory.ts";

interface Waiting {
	readonly request: AdmitRequest;
	readonly resolve: (answer: Wired<AdmitAnswer>) => void;
	readonly reject: (fault: unknown) => void;
}

const CLEANING_INTERVAL_MS = 60 * 60_000;

/**
 * The limits of one viewer (account and uid), or of one token without uid: maxip, maxu, dlimit and climit judged in one transaction.
 *
 * Calls that are waiting when a commit ends share the next one: the commit is nearly all that a decision costs. No answer leaves before its
 * commit is durable. Nothing outside is awaited, and the heap holds only an image of what is stored: a restart loses nothing.
 */
export class ViewerLimits extends DurableObject<Env> {
	readonly #tables: ViewerTables;
	#memory: ViewerMemory;
	#waiting: Waiting[] = [];
	#committing = false;
	#alarmIsSet = false;

	constructor(ctx: DurableObjectState, env: Env) {
		super(ctx, env);
		ctx.storage.sql.exec(schema);
		this.#tables = new ViewerTables(ctx.storage.sql);
		this.#memory = new ViewerMemory(this.#tables);
	}

	/** Judges and spends. @throws only when storage fails: then nothing was spent. */
	admit(asked: Wired<AdmitRequest>): Promise<Wired<AdmitAnswer>> {
		return new Promise((resolve, reject) => {
			this.#waiting.push({ request: unwire(asked), resolve, reject });
			if (!this.#committing) void this.#commitWaiting();
		});
	}

	async #commitWaiting(): Promise<void> {
		this.#committing = true;
		try {
			while (this.#waiting.length > 0) await this.#commitBatch(this.#waiting.splice(0));
		} finally {
			this.#committing = false;
		}
	}

	async #commitBatch(batch: readonly Waiting[]): Promise<void> {
		try {
			const now = Date.now();
			const answers = this.#commit((memory) => batch.map(({ request }) => decide(memory, request, now)));
			await this.#keepAlarm(now);
			await this.ctx.storage.sync();
			for (const [index, { resolve }] of batch.entries()) resolve(wire(answers[index] as AdmitAnswer));
		} catch (fault) {
			this.#memory = new ViewerMemory(this.#tables); // what could not be made durable must not be remembered
			for (const { reject } of batch) reject(fault);
		}
	}

	/** Runs `change` and writes what it changed, in one transaction. @throws what went wrong; then nothing has changed. */
	#commit<T>(change: (memory: ViewerMemory) => T): T {
		try {
			return this.ctx.storage.transactionSync(() => {
				const result = change(this.#memory);
				this.#memory.flush();
				return result;
			});
		} catch (fault) {
			this.#memory = new ViewerMemory(this.#tables);
			throw fault;
		}
	}

	/** See `refundUse`. */
	async refund(asked: Wired<RefundRequest>): Promise<void> {
		this.#commit((memory) => refundUse(memory, unwire(asked), Date.now()));
		await this.ctx.storage.sync();
	}

	/** The viewer's sessions, alive and ended, newest first. */
	listSessions(): LiveSession[] {
		return this.#memory.listSessions(Date.now()).map(shown);
	}

	/** Ends one alive session, or all of them when `key` is null; answers the keys of those that it ended. */
	async endSessions(key: string | null, by: EndedBy): Promise<string[]> {
		const now = Date.now();
		const ended = this.#commit((memory) => {
			const keys = key === null ? memory.aliveSessions(now).map((row) => row.key) : [key];
			return keys.filter((each) => endSession(memory, each, by, now));
		});
		await this.ctx.storage.sync();
		return ended;
	}

	/** Clears what is dead; an object with nothing left stores nothing. Late or doubled alarms change nothing. */
	override async alarm(): Promise<void> {
		this.#alarmIsSet = false;
		const now = Date.now();
		const empty = this.ctx.storage.transactionSync(() => {
			this.#tables.forgetSpentBefore(Math.floor(now / 60_000) - 1);
			return this.#tables.forget(now);
		});
		this.#memory = new ViewerMemory(this.#tables); // an image of rows that are gone
		if (!empty) return this.#keepAlarm(now);
		await this.ctx.storage.deleteAll();
		this.ctx.storage.sql.exec(schema); // calls may still come to this instance
	}

	async #keepAlarm(now: number): Promise<void> {
		if (this.#alarmIsSet) return;
		if ((await this.ctx.storage.getAlarm()) === null) await this.ctx.storage.setAlarm(now + CLEANING_INTERVAL_MS);
		this.#alarmIsSet = true;
	}
}

function shown(row: SessionRow): LiveSession {
	return {
		key: row.key,
		video: row.video,
		address: row.ipv4 ?? row.ipv6 ?? "",
		device: row.device,
		userAgent: row.userAgent,
		startedAt: row.startedAt,
		seenAt: row.seenAt,
		endedBy: row.endedBy,
	};
}
