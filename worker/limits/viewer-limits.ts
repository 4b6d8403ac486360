import { DurableObject } from "cloudflare:workers";
import {
	type AdmitAnswer,
	type AdmitRequest,
	type EndedBy,
	type LiveSession,
	type RefundRequest,
	type Wired,
	joined,
	parted,
	unwire,
	wire,
} from "./contract.ts";
import { decide, endSession } from "./decide.ts";
import type { Device, DeviceOwner } from "./device-contract.ts";
import { DeviceOutbox } from "./device-outbox.ts";
import { LeaseBook } from "./leases/book.ts";
import { LeaseCalls } from "./leases/calls.ts";
import type { GrantAnswer, GrantAsk, RecallAsk, Report } from "./leases/contract.ts";
import { isFinal, refundUse } from "./refund.ts";
import schema from "./schema.sql";
import { StoredPlaces } from "./places.ts";
import type { SessionRow } from "./state.ts";
import { ViewerTables } from "./tables.ts";
import { ViewerMemory } from "./viewer-memory.ts";

interface Waiting {
	/** Judges a call, and gives back what answers it, for when that is durable. */
	readonly judge: (memory: ViewerMemory, now: number) => () => void;
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
	readonly #leases = new LeaseCalls((judge) => this.#judged(judge));
	#waiting: Waiting[] = [];
	#committing = false;
	#alarmIsSet = false;
	/** True from a commit that changed devices until its delivery begins. */
	#toDeliver = false;
	/** The alarm that was set with such a commit. */
	#deliveryAlarm: Promise<void> | null = null;

	constructor(ctx: DurableObjectState, env: Env) {
		super(ctx, env);
		ctx.storage.sql.exec(schema);
		this.#tables = new ViewerTables(ctx.storage.sql);
		this.#outbox = new DeviceOutbox(ctx.storage.sql, env.DEVICE_INDEX);
		this.#memory = this.#newMemory();
	}

	/**
	 * Judges and spends. `more`: requests that came along with the first one (see `LimitsCalls`); their answers come along with its own, in the same
	 * order. @throws only when storage fails: then nothing was spent.
	 */
	admit(asked: Wired<AdmitRequest>, more?: Wired<AdmitRequest>): Promise<Wired<AdmitAnswer>> {
		const request = unwire(asked);
		if (request.lease) return this.#leases.admit(request, request.lease);
		const requests = more === undefined ? [request] : [request, ...parted(more).map(unwire<AdmitRequest>)];
		return this.#judged((memory, now) => joined(requests.map((each) => decided(memory, each, now))));
	}

	/** See `LeaseCalls`, as the next. */
	grant(asked: Wired<GrantAsk>): Promise<Wired<GrantAnswer>> {
		return this.#leases.grant(asked);
	}

	recall(asked: Wired<RecallAsk>): Promise<Wired<Report>> {
		return this.#leases.recall(asked);
	}

	#judged<T>(judge: (memory: ViewerMemory, now: number) => T): Promise<T> {
		return new Promise((resolve, reject) => {
			const judged = (memory: ViewerMemory, now: number) => {
				const answer = judge(memory, now);
				return () => resolve(answer);
			};
			this.#waiting.push({ judge: judged, reject });
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
		let isCommitted = false;
		try {
			const now = Date.now();
			const answers = this.#commit((memory) => batch.map(({ judge }) => judge(memory, now)));
			isCommitted = true;
			await this.#keepAlarm(now);
			await this.#durable();
			for (const answer of answers) answer();
			if (this.#toDeliver) void this.#deliver();
		} catch (fault) {
			this.#memory = this.#newMemory(); // what could not be made durable must not be remembered
			this.#alarmIsSet = false;
			// It may be the fault of one request: the others are judged without it.
			if (!isCommitted && batch.length > 1) for (const one of batch) await this.#commitBatch([one]);
			else for (const { reject } of batch) reject(fault);
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

	/** All that was committed is on disk, with the alarm that goes with it. @throws otherwise; then nothing of it is remembered. */
	async #durable(): Promise<void> {
		try {
			await this.#deliveryAlarm;
			await this.ctx.storage.sync();
		} catch (fault) {
			this.#memory = this.#newMemory();
			this.#alarmIsSet = false;
			throw fault;
		}
	}

	#newMemory(): ViewerMemory {
		const { sql } = this.ctx.storage;
		return new ViewerMemory(this.#tables, this.#outbox, new StoredPlaces(sql), new LeaseBook(sql));
	}

	/** See `refundUse`. */
	async refund(asked: Wired<RefundRequest>): Promise<boolean> {
		const spent = this.#commit((memory) => refundUse(memory, unwire(asked), Date.now()));
		await this.#durable();
		return spent;
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
		await this.#durable();
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
		await this.#durable();
		if (changed) await this.#deliver();
		return result;
	}

	/** In the same turn as the commit, so that the alarm is stored with what it has to deliver. */
	#expectDelivery(): void {
		this.#toDeliver = true;
		this.#alarmIsSet = true;
		this.#deliveryAlarm = this.ctx.storage.setAlarm(Date.now() + DELIVERY_MS);
		this.#deliveryAlarm.catch(() => {}); // whoever commits awaits it
	}

	/** Decisions go on meanwhile. What cannot be delivered now is left to the alarm. Never rejects. */
	async #deliver(): Promise<void> {
		this.#toDeliver = false;
		if (!(await this.#outbox.deliver())) return;
		const later = this.ctx.storage.setAlarm(Date.now() + CLEANING_INTERVAL_MS);
		await later.catch(() => {}); // the one of the delivery comes then, and finds nothing to deliver
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
		const cleared = this.ctx.storage.deleteAll();
		this.ctx.storage.sql.exec(schema); // in the same turn: calls that waited for a commit come to this instance meanwhile
		await cleared;
	}

	async #keepAlarm(now: number): Promise<void> {
		if (this.#alarmIsSet) return;
		this.#alarmIsSet = true;
		const latest = now + CLEANING_INTERVAL_MS;
		const at = await this.ctx.storage.getAlarm();
		if (at === null || at > latest) await this.ctx.storage.setAlarm(latest); // later ones are of a clock that was ahead
	}
}

function decided(memory: ViewerMemory, request: AdmitRequest, now: number): Wired<AdmitAnswer> {
	const answer = decide(memory, request, now);
	return wire<AdmitAnswer>(isFinal(answer, request, memory, now) ? { ...answer, final: true } : answer);
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
