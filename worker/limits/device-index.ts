import { DurableObject } from "cloudflare:workers";
import type { Device, DeviceChanges, DevicePage } from "./device-contract.ts";
import schema from "./device-index.sql";

type StoredDevice = {
	user_id: string;
	device_id: string;
	name: string | null;
	user_agent: string;
	created_at: number;
	updated_at: number;
};

/** Longer than any delivery can be late. */
const KEEP_EMPTIED_MS = 24 * 60 * 60_000;

/**
 * All devices of one account, as the viewers' objects tell of them. It serves lists only: no decision asks it, and what it holds can be
 * behind for as long as a delivery takes.
 */
export class DeviceIndex extends DurableObject<Env> {
	constructor(ctx: DurableObjectState, env: Env) {
		super(ctx, env);
		ctx.storage.sql.exec(schema);
	}

	/**
	 * Takes in what changed of a viewer's devices, unless it knows something later already. Answers the version that it knows then: a higher one
	 * than was sent means that nothing was taken in.
	 */
	async take({ uid, version, present, gone }: DeviceChanges): Promise<number> {
		const known = this.#versionOf(uid);
		if (known > version) return known;
		const emptied = this.ctx.storage.transactionSync(() => {
			let added = 0;
			for (const device of present) added += this.#put(uid, device);
			for (const id of gone) added -= this.#remove(uid, id);
			this.#sql.exec("UPDATE totals SET devices = devices + ?", added);
			return this.#putUser(uid, version);
		});
		if (emptied && (await this.ctx.storage.getAlarm()) === null)
			await this.ctx.storage.setAlarm(Date.now() + KEEP_EMPTIED_MS);
		return version;
	}

	/**
	 * `page` counts from 0. A page is counted off from the nearer end, which reads a row of the index for each device before it: at most half
	 * as many as there are.
	 */
	page(page: number, perPage: number): DevicePage {
		const { devices: total } = this.#sql.exec<{ devices: number }>("SELECT devices FROM totals").one();
		const given = Math.min(page, Math.max(0, Math.ceil(total / perPage) - 1));
		const before = given * perPage;
		const count = Math.min(perPage, total - before);
		const after = total - before - count;
		const rows = before <= after ? this.#rows("ASC", count, before) : this.#rows("DESC", count, after).toReversed();
		return { page: given, total, records: rows.map((row) => ({ uid: row.user_id, device: toDevice(row) })) };
	}

	/** Forgets the versions of viewers who have had no device for so long that nothing of before can still arrive. */
	override async alarm(): Promise<void> {
		const now = Date.now();
		this.#sql.exec("DELETE FROM users WHERE emptied_at <= ?", now - KEEP_EMPTIED_MS);
		const left = !this.#sql.exec("SELECT 1 FROM users WHERE emptied_at IS NOT NULL LIMIT 1").next().done;
		if (left) await this.ctx.storage.setAlarm(now + KEEP_EMPTIED_MS);
	}

	get #sql(): SqlStorage {
		return this.ctx.storage.sql;
	}

	#versionOf(uid: string): number {
		const query = "SELECT version FROM users WHERE user_id = ?";
		return this.#sql.exec<{ version: number }>(query, uid).toArray()[0]?.version ?? 0;
	}

	/** True when the viewer has no device now. */
	#putUser(uid: string, version: number): boolean {
		const emptied = this.#sql.exec("SELECT 1 FROM devices WHERE user_id = ? LIMIT 1", uid).next().done === true;
		this.#sql.exec("INSERT OR REPLACE INTO users VALUES (?, ?, ?)", uid, version, emptied ? Date.now() : null);
		return emptied;
	}

	/** How many devices more there are: 0 when it was there before. */
	#put(uid: string, { id, name, userAgent, createdAt, updatedAt }: Device): number {
		const removed = this.#remove(uid, id);
		const statement = "INSERT INTO devices VALUES (?, ?, ?, ?, ?, ?)";
		this.#sql.exec(statement, uid, id, name, userAgent, createdAt, updatedAt);
		return 1 - removed;
	}

	#remove(uid: string, id: string): number {
		const statement = "DELETE FROM devices WHERE user_id = ? AND device_id = ? RETURNING 1";
		return this.#sql.exec(statement, uid, id).toArray().length;
	}

	#rows(order: "ASC" | "DESC", count: number, offset: number): StoredDevice[] {
		const ordered = `ORDER BY created_at ${order}, user_id ${order}, device_id ${order}`;
		// The cross join keeps the planner from reading all rows in order and looking each up in the page.
		const query = `SELECT devices.* FROM (SELECT user_id, device_id FROM devices ${ordered} LIMIT ? OFFSET ?) AS wanted
			CROSS JOIN devices USING (user_id, device_id) ${ordered}`;
		return this.#sql.exec<StoredDevice>(query, count, offset).toArray();
	}
}

function toDevice(row: StoredDevice): Device {
	return {
		id: row.device_id,
		name: row.name,
		userAgent: row.user_agent,
		createdAt: row.created_at,
		updatedAt: row.updated_at,
	};
}
