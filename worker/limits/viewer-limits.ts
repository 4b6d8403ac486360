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
import type { Device, DeviceOwner } from "./device-contract.ts";
import { DeviceOutbox } from "./device-outbox.ts";
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
/** When the alarm takes over a delivery that the object did not live to finish. */
const DELIVERY_MS = 10_000;

/**
 * The limits of one viewer (account and uid), or of one token without uid: maxip, maxu, dlimit and climit judged in one transaction.
 *
 * Calls that are waiting when a commit ends share the next one: the commit is nearly all that a decision costs. No answer leaves before its
 * commit is durable. No decision awaits anything outside, and the heap holds only an image of what is stored: a restart loses nothing.
 */
export class ViewerLimits extends DurableObject<Env> {
	readonly #tables: ViewerTables;
	readonly #outbox: DeviceOutbox;
	#memory: ViewerMemory;
	#waiting: Waiting[] = [];
	#committing = false;
	#alarmIsSet = false;
	/** True from a commit that changed devices until its delivery begins. */
	#toDeliver = false;

	constructor(ctx: DurableObjectState, env: Env) {
		super(ctx, env);
		ctx.storage.sql.exec(schema);
		this.#tables = new ViewerTables(ctx.storage.sql);
		this.#outbox = new DeviceOutbox(ctx.storage.sql, env.DEVICE_INDEX);
		this.#memory = this.#newMemory();
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
			if (this.#toDeliver) void this.#deliver();
		} catch (fault) {
			this.#memory = this.#newMemory(); // what could not be made durable must not be remembered
			this.#alarmIsSet = false;
			for (const { reject } of batch) reject(fault);
		}
	}

	/** Runs `change` and writes what it changed, in one transaction. @throws what went wrong; then nothing has changed. */
	#commit<T>(change: (memory: ViewerMemory) => T): T {
		try {
			const [result, queued] = this.ctx.storage.transactionSync(() => {
				const changed = change(this.#memory);
				return [changed, this.#memory.flush()] as const;
			});
			if (queued) this.#expectDelivery();
			return result;
		} catch (fault) {
			this.#memory = this.#newMemory();
			throw fault;
		}
	}

	#newMemory(): ViewerMemory {
		return new ViewerMemory(this.#tables, this.#outbox);
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

	/**
	 * Ends one alive session, or all of them when `key` is null; answers the keys of those that it ended. What started after `startedAt`
	 * goes on: it is a later session of the same name.
	 */
	async endSessions(key: string | null, by: EndedBy, startedAt = Number.POSITIVE_INFINITY): Promise<string[]> {
		const now = Date.now();
		const ended = this.#commit((memory) => {
			const named = memory.aliveSessions(now).filter((row) => key === null || row.key === key);
			const keys = named.filter((row) => row.startedAt <= startedAt).map((row) => row.key);
			return keys.filter((each) => endSession(memory, each, by, now));
		});
		await this.ctx.storage.sync();
		return ended;
	}

	/** The viewer's devices, oldest first. */
	listDevices(): Device[] {
		return this.#tables.devices();
	}

	/** False when there is no such device. `name` is null for none. */
	renameDevice(owner: DeviceOwner, id: string, name: string | null): Promise<boolean> {
		return this.#changeDevices((memory, now) => {
			const known = memory.knowsDevice(id);
			if (known) memory.renameDevice(id, name, owner, now);
			return known;
		});
	}

	/** Frees the slot of one device, or of all of them when `id` is null; answers how many it freed. */
	removeDevices(owner: DeviceOwner, id: string | null): Promise<number> {
		return this.#changeDevices((memory, now) => memory.removeDevices(id === null ? null : [id], owner, now));
	}

	/** As durable as a decision; and the account's index is told before the answer, so that its list is right at once. */
	async #changeDevices<T>(change: (memory: ViewerMemory, now: number) => T): Promise<T> {
		const now = Date.now();
		const result = this.#commit((memory) => change(memory, now));
		const changed = this.#toDeliver; // later the delivery of another commit may have begun, and taken this one with it
		try {
			await this.ctx.storage.sync();
		} catch (fault) {
			this.#memory = this.#newMemory();
			throw fault;
		}
		if (changed) await this.#deliver();
		return result;
	}

	/** In the same turn as the commit, so that the alarm is stored with what it has to deliver. */
	#expectDelivery(): void {
		this.#toDeliver = true;
		this.#alarmIsSet = true;
		void this.ctx.storage.setAlarm(Date.now() + DELIVERY_MS);
	}

	/** Decisions go on meanwhile. What cannot be delivered now is left to the alarm. */
	async #deliver(): Promise<void> {
		this.#toDeliver = false;
		if (await this.#outbox.deliver()) await this.ctx.storage.setAlarm(Date.now() + CLEANING_INTERVAL_MS);
	}

	/** Delivers what is left over, and clears what is dead; an object with nothing left stores nothing. Late or doubled alarms change nothing. */
	override async alarm(): Promise<void> {
		this.#alarmIsSet = false;
		const delivered = await this.#outbox.deliver();
		const now = Date.now();
		const empty = this.ctx.storage.transactionSync(() => {
			this.#tables.forgetSpentBefore(Math.floor(now / 60_000) - 1);
			return this.#tables.forget(now);
		});
		this.#memory = this.#newMemory(); // the old one is an image of rows that are gone
		if (!delivered) return this.ctx.storage.setAlarm(now + this.#outbox.retryDelay(now));
		if (!empty) return this.#keepAlarm(now);
		this.#alarmIsSet = false; // a request that was refused meanwhile may have set one: it goes with the rest
		await this.ctx.storage.deleteAll();
		this.ctx.storage.sql.exec(schema); // calls may still come to this instance
	}

	async #keepAlarm(now: number): Promise<void> {
		if (this.#alarmIsSet) return;
		this.#alarmIsSet = true;
		if ((await this.ctx.storage.getAlarm()) === null) await this.ctx.storage.setAlarm(now + CLEANING_INTERVAL_MS);
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
