import type { Ports } from "../ports.ts";
import type { AuditLog } from "./audit-log.ts";
import type { AuditedDecision } from "./contract.ts";
import { isOverloaded } from "../retry.ts";
import { DAY_MS, dayOf, forgetAtMs } from "./day.ts";
import { GATHER_MS } from "./gather.ts";
import { rowOf } from "./row.ts";

/** Rows of the table: at their longest 200 decisions stay below the 2 MB that one may have. */
const DECISIONS_A_ROW = 200;
/** This many are sent without waiting for more, unless calls already queue. */
const FULL_BATCH = 5000;
const MOST_SENDING = 8;
/** What an isolate holds at most of one account and day; the rest is lost, and the log says how many. */
const MOST_WAITING = 20_000;
/** Past this, accounts of which nothing waits are forgotten. */
const MOST_ACCOUNTS = 1000;
/** When what should have been sent is still here after this long, the request that was to send it has died. */
const OVERDUE_MS = 15_000;
const RETRY_AFTER_MS = 200;
/** A call whose request has died never ends. */
const FLUSH_MS = 5000;

/** The decisions of one account and day that this isolate has not sent yet. */
interface Gather {
	readonly account: string;
	readonly day: string;
	waiting: AuditedDecision[];
	dropped: number;
	/** When they are to be sent; null when nobody is going to. */
	dueMs: number | null;
	sentMs: number;
	gatherMs: number;
	/** Calls under way. */
	readonly sending: Set<Promise<void>>;
}

export type WaitUntil = (work: Promise<unknown>) => void;

/**
 * Takes decisions down behind the answers: they gather in the isolate, and one call takes what has gathered to the object of the account
 * and day, at once after a quiet time and else every second. Nothing here delays an answer or makes it fail.
 */
export class AuditTrail {
	readonly #namespace: DurableObjectNamespace<AuditLog>;
	readonly #ports: Ports;
	readonly #wait: (ms: number) => Promise<void>;
	/** By day, counted from the epoch, then by account. */
	readonly #days = new Map<number, Map<string, Gather>>();

	constructor(namespace: DurableObjectNamespace<AuditLog>, ports: Ports, wait = sleep) {
		this.#namespace = namespace;
		this.#ports = ports;
		this.#wait = wait;
	}

	record(account: string, decision: AuditedDecision, waitUntil: WaitUntil): void {
		const gather = this.#gatherOf(account, Math.floor(decision.atMs / DAY_MS));
		if (gather.waiting.length < MOST_WAITING) gather.waiting.push(decision);
		else gather.dropped += 1;
		if (gather.waiting.length >= FULL_BATCH && gather.sending.size < MOST_SENDING) waitUntil(this.#send(gather));
		else this.#sendWhenDue(gather, decision.atMs, waitUntil);
	}

	#sendWhenDue(gather: Gather, nowMs: number, waitUntil: WaitUntil): void {
		if (gather.dueMs !== null && Math.abs(nowMs - gather.dueMs) < OVERDUE_MS) return; // else the clock went back, or the sender died
		const waitMs = Math.max(0, Math.min(gather.sentMs + gather.gatherMs - nowMs, gather.gatherMs));
		gather.dueMs = nowMs + waitMs;
		waitUntil(this.#sendAfter(gather, waitMs));
	}

	/** Sends what has gathered of a day, and returns when all that this isolate has decided is written, or lost. */
	async flush(account: string, day: string): Promise<void> {
		const gather = this.#gatherOf(account, Date.parse(day) / DAY_MS);
		void this.#send(gather);
		await Promise.race([Promise.all(gather.sending), this.#wait(FLUSH_MS)]);
	}

	#gatherOf(account: string, dayNumber: number): Gather {
		const known = this.#days.get(dayNumber)?.get(account);
		if (known) return known;
		const fresh: Gather = {
			account,
			day: dayOf(dayNumber * DAY_MS),
			waiting: [],
			dropped: 0,
			dueMs: null,
			sentMs: 0,
			gatherMs: GATHER_MS,
			sending: new Set(),
		};
		this.#accountsOf(dayNumber).set(account, fresh);
		return fresh;
	}

	/** The gathers of a day, with room for one more. Who sends one holds it: what waits is sent also when it is no longer here. */
	#accountsOf(dayNumber: number): Map<string, Gather> {
		const known = this.#days.get(dayNumber);
		if (!known) {
			for (const day of this.#days.keys()) if (day < dayNumber - 1) this.#days.delete(day);
			const fresh = new Map<string, Gather>();
			this.#days.set(dayNumber, fresh);
			return fresh;
		}
		if (known.size < MOST_ACCOUNTS) return known;
		for (const [account, { waiting, sending }] of known) {
			if (waiting.length === 0 && sending.size === 0) known.delete(account);
		}
		return known;
	}

	async #sendAfter(gather: Gather, waitMs: number): Promise<void> {
		if (waitMs > 0) await this.#wait(waitMs);
		await this.#send(gather);
	}

	async #send(gather: Gather): Promise<void> {
		const { waiting, dropped } = gather;
		gather.dueMs = null;
		if (waiting.length === 0) return;
		gather.waiting = [];
		gather.dropped = 0;
		gather.sentMs = this.#ports.now();
		if (dropped > 0) this.#lost(gather, dropped, "more came than one isolate holds");
		const sending = this.#append(gather, waiting);
		gather.sending.add(sending);
		await sending;
		gather.sending.delete(sending);
	}

	/** @throws nothing: what cannot be written, also at the second attempt, is a fault in the log. */
	async #append(gather: Gather, decisions: readonly AuditedDecision[]): Promise<void> {
		const { account, day } = gather;
		try {
			const batch = { id: this.#ports.newId(), texts: textsOf(decisions), forgetAtMs: forgetAtMs(day) };
			// A stub is broken after a fault: a new one each time.
			const append = (again: boolean): Promise<number> =>
				this.#namespace.getByName(`${account}/${day}`).append({ ...batch, again });
			gather.gatherMs = await append(false).catch(async (fault: unknown) => {
				if (isOverloaded(fault)) throw fault;
				await this.#wait(RETRY_AFTER_MS);
				return append(true);
			});
		} catch (fault) {
			this.#lost(gather, decisions.length, String(fault));
		}
	}

	#lost({ account, day }: Gather, decisions: number, message: string): void {
		this.#ports.log({ event: "fault", where: "audit", account, day, decisions, message });
	}
}

function textsOf(decisions: readonly AuditedDecision[]): string[] {
	const texts: string[] = [];
	for (let start = 0; start < decisions.length; start += DECISIONS_A_ROW) {
		texts.push(JSON.stringify(decisions.slice(start, start + DECISIONS_A_ROW).map(rowOf)));
	}
	return texts;
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
