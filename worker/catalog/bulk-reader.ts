/** Text of a KV record; null when there is none. */
export type ReadRecord = (key: string) => Promise<string | null>;

/** KV returns at most 25 MiB at once, and a record is at most 1 MiB. */
const READ_AT_ONCE = 20;

/**
 * Reads many records for one request: keys that are asked for in one turn go out together, and a key that was asked for before is not
 * read again. A bulk read is one operation, and an invocation has 1000 of them.
 */
export class BulkReader {
	/** Whether KV failed for any key. */
	failed = false;
	readonly #kv: KVNamespace;
	readonly #asked = new Map<string, PromiseWithResolvers<string | null>>();
	#waiting: string[] = [];

	constructor(kv: KVNamespace) {
		this.#kv = kv;
	}

	readonly read: ReadRecord = (key) => {
		const known = this.#asked.get(key);
		if (known) return known.promise;
		const asked = Promise.withResolvers<string | null>();
		this.#asked.set(key, asked);
		if (this.#waiting.length === 0) queueMicrotask(() => this.#send());
		this.#waiting.push(key);
		return asked.promise;
	};

	#send(): void {
		const keys = this.#waiting;
		this.#waiting = [];
		for (let start = 0; start < keys.length; start += READ_AT_ONCE) {
			void this.#readSome(keys.slice(start, start + READ_AT_ONCE));
		}
	}

	async #readSome(keys: string[]): Promise<void> {
		try {
			const texts = await this.#kv.get(keys, "text");
			for (const key of keys) this.#asked.get(key)?.resolve(texts.get(key) ?? null);
		} catch (fault) {
			this.failed = true;
			for (const key of keys) this.#asked.get(key)?.reject(fault);
		}
	}
}
