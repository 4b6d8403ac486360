import { LRUCache } from "lru-cache";
import type { Ports } from "../ports.ts";

/** The catalog could not be read and nothing recent enough was at hand. */
export class CatalogUnavailable extends Error {
	override readonly name = "CatalogUnavailable";
	readonly record: RecordKind;

	/** `key` is for the log, which has it beside the cause. */
	constructor(record: RecordKind, key: string, cause: unknown) {
		super(`${record} ${key}`, { cause });
		this.record = record;
	}
}

/** What a cache holds, as a refusal names it. */
export type RecordKind =
	| "account"
	| "video"
	| "right"
	| "playlist"
	| "delivery rule"
	| "E2EE session"
	| "provider credentials"
	| "join webhook";

/** A record as it was read, and for how long it may be used. */
export interface Loaded<T> {
	readonly value: T;
	readonly ttlMs: number;
}

interface Entry<T> {
	readonly value: T;
	readonly loadedAtMs: number;
	/** Until when it is used without asking; moved on while a request reads it anew. */
	freshUntilMs: number;
}

/** While KV fails, a record that was read before goes on serving for this long. */
const STALE_WHILE_FAILING_MS = 300_000;
/** While one request reads a record anew, others use the old one for at most this long. */
const STALE_WHILE_REFRESHING_MS = 2000;

/**
 * Parsed records of this isolate. `load` gets the value held before, and may return that same object when nothing changed: what is
 * cached under its identity (verified tokens, compiled manifests) then stays good.
 */
export class RecordCache<T> {
	readonly #entries: LRUCache<string, Entry<T>>;
	readonly #log: Ports["log"];
	readonly #kind: RecordKind;

	constructor(kind: RecordKind, log: Ports["log"], most: number) {
		this.#kind = kind;
		this.#entries = new LRUCache({ max: most });
		this.#log = log;
	}

	/** The value if it is fresh; synchronous, for the hot path. */
	fresh(key: string, nowMs: number): T | undefined {
		const entry = this.#entries.get(key);
		return entry && nowMs < entry.freshUntilMs ? entry.value : undefined;
	}

	/** @throws CatalogUnavailable */
	async get(key: string, nowMs: number, load: (previous: T | undefined) => Promise<Loaded<T>>): Promise<T> {
		const entry = this.#entries.get(key);
		if (entry) {
			if (nowMs < entry.freshUntilMs) return entry.value;
			entry.freshUntilMs = nowMs + STALE_WHILE_REFRESHING_MS;
		}
		try {
			const { value, ttlMs } = await load(entry?.value);
			this.#entries.set(key, { value, loadedAtMs: nowMs, freshUntilMs: nowMs + ttlMs });
			return value;
		} catch (fault) {
			this.#log({ event: "fault", where: "catalog", record: this.#kind, key, message: String(fault) });
			if (entry && nowMs - entry.loadedAtMs < STALE_WHILE_FAILING_MS) return entry.value;
			throw new CatalogUnavailable(this.#kind, key, fault);
		}
	}

	forget(key: string): void {
		this.#entries.delete(key);
	}
}
