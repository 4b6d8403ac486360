import { within } from "../within.ts";
import type { Device, DeviceChanges, DeviceOwner } from "./device-contract.ts";
import type { DeviceIndex } from "./device-index.ts";

const MOST_AT_ONCE = 500;
const LONGEST_CALL_MS = 5000;
const SHORTEST_RETRY_MS = 10_000;
const LONGEST_RETRY_MS = 15 * 60_000;

type StoredChange = {
	id: string;
	version: number;
	name: string | null;
	user_agent: string | null;
	created_at: number | null;
	updated_at: number | null;
};

interface Batch {
	readonly account: string;
	readonly changes: DeviceChanges;
	/** The last change that the batch holds, in the order of the outbox. */
	readonly last: { readonly version: number; readonly device: string };
}

/**
 * Changes of the viewer's devices that the account's index has not heard of. A change is queued in the transaction that makes it and goes
 * out afterwards, so no decision waits for the index, and whatever ends in between, the change is delivered. Each change has a version
 * that only grows; the index takes in no older one than it has.
 */
export class DeviceOutbox {
	readonly #sql: SqlStorage;
	readonly #indexes: DurableObjectNamespace<DeviceIndex>;
	#delivering: Promise<boolean> | null = null;

	constructor(sql: SqlStorage, indexes: DurableObjectNamespace<DeviceIndex>) {
		this.#sql = sql;
		this.#indexes = indexes;
	}

	/** False when nobody has said yet whose devices these are: they are queued with the first change that does. */
	queue(owner: DeviceOwner | null, ids: Iterable<string>, now: number): boolean {
		const version = this.#nextVersion(owner);
		if (version === null) return false;
		if (version === FIRST_VERSION) this.#sql.exec("INSERT INTO outbox SELECT id, ?, ? FROM devices", version, now);
		for (const id of ids) this.#sql.exec("INSERT OR REPLACE INTO outbox VALUES (?, ?, ?)", id, version, now);
		return true;
	}

	/** Delivers all that is queued, also what is queued meanwhile. False when that failed; never rejects, never hangs. */
	deliver(): Promise<boolean> {
		return (this.#delivering ??= this.#deliverAll().finally(() => (this.#delivering = null)));
	}

	/** Milliseconds to wait before the next attempt: twice as long since the change was queued, within bounds. */
	retryDelay(now: number): number {
		const { oldest } = this.#sql.exec<{ oldest: number | null }>("SELECT min(queued_at) AS oldest FROM outbox").one();
		return Math.min(Math.max(now - (oldest ?? now), SHORTEST_RETRY_MS), LONGEST_RETRY_MS);
	}

	async #deliverAll(): Promise<boolean> {
		try {
			for (let batch = this.#next(); batch !== null; batch = this.#next()) {
				// A call that is given up may still arrive: its version tells the index whether it is late.
				const call = this.#indexes.getByName(batch.account).take(batch.changes);
				const known = await within(call, LONGEST_CALL_MS);
				if (known > batch.changes.version) this.#goOnFrom(known);
				else this.#acknowledge(batch);
			}
			return true;
		} catch (fault) {
			console.log(JSON.stringify({ event: "fault", where: "device-index", message: String(fault) }));
			return false;
		}
	}

	#next(): Batch | null {
		const rows = this.#sql.exec<StoredChange>(NEXT_CHANGES, MOST_AT_ONCE).toArray();
		const last = rows.at(-1);
		const owner = this.#sql.exec<{ account: string; uid: string }>("SELECT account, uid FROM owner").toArray()[0];
		if (!last || !owner) return null;
		const present = rows.flatMap(presentDevice);
		const gone = rows.filter((row) => row.created_at === null).map(({ id }) => id);
		const changes = { uid: owner.uid, version: last.version, present, gone };
		return { account: owner.account, changes, last: { version: last.version, device: last.id } };
	}

	/** A device that changed again since the batch was made has a later version and stays. */
	#acknowledge({ last: { version, device } }: Batch): void {
		this.#sql.exec("DELETE FROM outbox WHERE version < ? OR (version = ? AND device <= ?)", version, version, device);
	}

	/** The index knows a later version, of a time before this object was cleared and began to count anew. */
	#goOnFrom(known: number): void {
		this.#sql.exec("UPDATE owner SET version = ?", known + 1);
		this.#sql.exec("UPDATE outbox SET version = ?", known + 1);
	}

	#nextVersion(owner: DeviceOwner | null): number | null {
		const rows =
			owner === null
				? this.#sql.exec<{ version: number }>("UPDATE owner SET version = version + 1 RETURNING version")
				: this.#sql.exec<{ version: number }>(NEXT_VERSION, owner.account, owner.uid, FIRST_VERSION);
		return rows.toArray()[0]?.version ?? null;
	}
}

const FIRST_VERSION = 1;

const NEXT_VERSION = `INSERT INTO owner (id, account, uid, version) VALUES (1, ?, ?, ?)
	ON CONFLICT (id) DO UPDATE SET version = version + 1 RETURNING version`;

const NEXT_CHANGES = `SELECT outbox.device AS id, outbox.version, name, user_agent, created_at, updated_at
	FROM outbox LEFT JOIN devices ON devices.id = outbox.device
	ORDER BY outbox.version, outbox.device LIMIT ?`;

function presentDevice(row: StoredChange): Device[] {
	const { id, name, user_agent: userAgent, created_at: createdAt, updated_at: updatedAt } = row;
	if (userAgent === null || createdAt === null || updatedAt === null) return [];
	return [{ id, name, userAgent, createdAt, updatedAt }];
}
