import { DurableObject } from "cloudflare:workers";
import type { Batch, Found, Page, Wanted } from "./contract.ts";
import { GATHER_MS, MOST_GATHER_MS } from "./gather.ts";
import schema from "./schema.sql";
import { search } from "./search.ts";

/** A page is at most this long and one row: few calls for a large report, and little of it in memory at once. */
const PAGE_CHARACTERS = 1024 * 1024;
/** Among how many rows a batch that is sent again is looked for: far more than can come between two attempts. */
const LATELY = 10_000;
/** Calls in a second that an object takes with ease. */
const EASY_CALLS = 200;

/**
 * The decisions of one account and UTC day, named `{account}/{YYYY-MM-DD}`: written in batches, read in pages, deleted as a whole
 * 30 days after the day's end.
 */
export class AuditLog extends DurableObject<Env> {
	#alarmIsSet = false;
	#calls = { second: 0, count: 0 };

	constructor(ctx: DurableObjectState, env: Env) {
		super(ctx, env);
		ctx.storage.sql.exec(schema);
	}

	/** Writes a batch, once. Answers how long isolates shall gather before the next one, in milliseconds. */
	async append({ id, texts, forgetAtMs, again }: Batch): Promise<number> {
		await this.#keepAlarm(forgetAtMs);
		if (!again || !this.#wasWritten(id)) {
			// All or none: a part that was written would pass for the whole when the batch is sent again.
			this.ctx.storage.transactionSync(() => {
				for (const text of texts) this.#sql.exec("INSERT INTO batches (batch, decisions) VALUES (?, ?)", id, text);
			});
		}
		return this.#gatherMs();
	}

	/** Begins a report of what is here now; once, also when it is called again. */
	async snapshot(execution: string, forgetAtMs: number): Promise<void> {
		await this.#keepAlarm(forgetAtMs);
		this.#sql.exec("INSERT OR IGNORE INTO executions SELECT ?, coalesce(max(seq), 0) FROM batches", execution);
	}

	/** Whether there is such a report. */
	hasExecution(execution: string): boolean {
		return this.#upTo(execution) !== null;
	}

	/** A part of a report, oldest first; `after` is 0 for the first. Null when there is no such report. */
	page(execution: string, after: number): Page | null {
		const upTo = this.#upTo(execution);
		if (upTo === null) return null;
		const texts: string[] = [];
		let [last, characters] = [after, 0];
		const query = "SELECT seq, decisions FROM batches WHERE seq > ? AND seq <= ? ORDER BY seq";
		for (const { seq, decisions } of this.#sql.exec<StoredBatch>(query, after, upTo)) {
			texts.push(decisions);
			last = seq;
			characters += decisions.length;
			if (characters >= PAGE_CHARACTERS) break;
		}
		return { texts, after: last, done: last >= upTo || texts.length === 0 };
	}

	/** Decisions as they came in, the newest first. */
	recent(wanted: Wanted): Found {
		const from = wanted.before?.seq ?? Number.MAX_SAFE_INTEGER;
		const query = "SELECT seq, decisions FROM batches WHERE seq <= ? ORDER BY seq DESC";
		return search(this.#sql.exec<StoredBatch>(query, from), wanted);
	}

	/** The day is over for 30 days. A late or doubled alarm changes nothing. */
	override async alarm(): Promise<void> {
		this.#alarmIsSet = false;
		const cleared = this.ctx.storage.deleteAll();
		this.#sql.exec(schema); // in the same turn: calls may come to this instance meanwhile
		await cleared;
	}

	get #sql(): SqlStorage {
		return this.ctx.storage.sql;
	}

	#upTo(execution: string): number | null {
		const rows = this.#sql.exec<{ up_to: number }>("SELECT up_to FROM executions WHERE id = ?", execution);
		return rows.toArray()[0]?.up_to ?? null;
	}

	#wasWritten(batch: string): boolean {
		const query = "SELECT 1 FROM batches WHERE seq > (SELECT max(seq) FROM batches) - ? AND batch = ? LIMIT 1";
		return !this.#sql.exec(query, LATELY, batch).next().done;
	}

	/** The more isolates write, the longer each shall gather: so an audience of any size stays within what one object takes. */
	#gatherMs(): number {
		const second = Math.floor(Date.now() / 1000);
		if (second !== this.#calls.second) this.#calls = { second, count: 0 };
		this.#calls.count += 1;
		return Math.min(MOST_GATHER_MS, GATHER_MS * Math.ceil(this.#calls.count / EASY_CALLS));
	}

	async #keepAlarm(atMs: number): Promise<void> {
		if (this.#alarmIsSet) return;
		if ((await this.ctx.storage.getAlarm()) === null) await this.ctx.storage.setAlarm(atMs);
		this.#alarmIsSet = true;
	}
}

type StoredBatch = { seq: number; decisions: string };
