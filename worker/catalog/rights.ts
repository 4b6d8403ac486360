import * as v from "valibot";
import type { Ports } from "../ports.ts";
import type { ReadRecord } from "./bulk-reader.ts";
import { RecordCache } from "./cache.ts";
import { kvKeys } from "./kv-keys.ts";
import { type RightRecord, readRight } from "./right-record.ts";
import { type Owner, ttlMsOf } from "./ttl.ts";
import { idSchema } from "./video-schema.ts";

/** A playback right as the gate uses it: the same object while its record in KV is the same. */
export interface Right {
	readonly record: RightRecord;
	/** What it was made from. */
	readonly version: string;
}

type Found = Right | null | Promise<Right | null>;

const MOST_RIGHTS = 500;
const MOST_ACCOUNTS = 500;

/** The playback rights of KV, parsed and cached per isolate. */
export class Rights {
	readonly #kv: KVNamespace;
	readonly #rights: RecordCache<Right | null>;
	/** Ids of the default rights of accounts; most have none. */
	readonly #defaults: RecordCache<string | null>;
	/** Whether accounts have any right at all. */
	readonly #used: RecordCache<boolean>;

	constructor(kv: KVNamespace, log: Ports["log"]) {
		this.#kv = kv;
		this.#rights = new RecordCache("right", log, MOST_RIGHTS);
		this.#defaults = new RecordCache("right", log, MOST_ACCOUNTS);
		this.#used = new RecordCache("right", log, MOST_ACCOUNTS);
	}

	/** The right of that id, whatever a token says it is; null when the account has none. @throws CatalogUnavailable */
	named(account: Owner, id: string, nowMs: number, read: ReadRecord = (name) => this.#kv.get(name)): Found {
		const key = `${account.id}/${id}`;
		return (
			this.#rights.fresh(key, nowMs) ??
			this.#rights.get(key, nowMs, async (previous) => {
				const right = await this.#load(account.id, id, previous, read);
				return { value: right, ttlMs: ttlMsOf(account, right !== null) };
			})
		);
	}

	/** The right of videos that name none; null when the account has no default. @throws CatalogUnavailable */
	ofAccount(account: Owner, nowMs: number): Found {
		const key = account.id;
		const rightOf = (id: string | null): Found => (id === null ? null : this.named(account, id, nowMs));
		const known = this.#defaults.fresh(key, nowMs);
		if (known !== undefined) return rightOf(known);
		const read = this.#defaults.get(key, nowMs, async () => ({
			value: await this.#kv.get(kvKeys.defaultRight(account.id)),
			ttlMs: ttlMsOf(account, true),
		}));
		return read.then(rightOf);
	}

	/** Whether the account has any playback right. @throws CatalogUnavailable */
	areUsed(account: Owner, nowMs: number): Promise<boolean> {
		return this.#used.get(account.id, nowMs, async () => {
			const { keys } = await this.#kv.list({ prefix: kvKeys.rightsOf(account.id), limit: 1 });
			return { value: keys.length > 0, ttlMs: ttlMsOf(account, keys.length > 0) };
		});
	}

	/** After a write of the right, or of which one is the default. */
	forget(account: string, id: string): void {
		this.#used.forget(account);
		this.#rights.forget(`${account}/${id}`);
		this.#defaults.forget(account);
	}

	async #load(
		account: string,
		id: string,
		previous: Right | null | undefined,
		read: ReadRecord,
	): Promise<Right | null> {
		if (!v.is(idSchema, id)) return null;
		const text = await read(kvKeys.right(account, id));
		if (text === null) return null;
		if (previous?.version === text) return previous;
		const record = readRight(text);
		if (!record.ok) throw new Error(`playback right ${account}/${id}: ${record.issues.join("; ")}`);
		return { record: record.value, version: text };
	}
}
