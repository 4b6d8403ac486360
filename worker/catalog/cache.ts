import { LRUCache } from "lru-cache";
import type { Ports } from "../ports.ts";

/** The catalog could not be read and nothing recent enough was at hand. */
export class CatalogUnavailable extends Error {
	override readonly name = "CatalogUnavailable";
}

interface Entry<T> {
	readonly value: T;
	readonly loadedAtMs: number;
	refreshingSinceMs: number | null;
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
	readonly #ports: Ports;
	readonly #ttlMs: (value: T) => number;

	constructor(ports: Ports, most: number, ttlMs: (value: T) => number) {
		this.#entries = new LRUCache({ max: most });
		this.#ports = ports;
		this.#ttlMs = ttlMs;
	}

	/** The value if it is fresh; synchronous, for the hot path. */
	fresh(key: string): T | undefined {
		const entry = this.#entries.get(key);
		if (!entry) return undefined;
		const nowMs = this.#ports.now();
		if (nowMs - entry.loadedAtMs < this.#ttlMs(entry.value)) return entry.value;
		const refreshing = entry.refreshingSinceMs !== null && nowMs - entry.refreshingSinceMs < STALE_WHILE_REFRESHING_MS;
		return refreshing ? entry.value : undefined;
	}

	/** @throws CatalogUnavailable */
	async get(key: string, load: (previous: T | undefined) => Promise<T>): Promise<T> {
		const fresh = this.fresh(key);
		if (fresh !== undefined) return fresh;
		const entry = this.#entries.get(key);
		const startedMs = this.#ports.now();
		if (entry) entry.refreshingSinceMs = startedMs;
		try {
			const value = await load(entry?.value);
			this.#entries.set(key, { value, loadedAtMs: startedMs, refreshingSinceMs: null });
			return value;
		} catch (fault) {
			this.#ports.log({ event: "fault", where: "catalog", key, message: String(fault) });
			if (entry && startedMs - entry.loadedAtMs < STALE_WHILE_FAILING_MS) return entry.value;
			throw new CatalogUnavailable(key, { cause: fault });
		}
	}

	forget(key: string): void {
		this.#entries.delete(key);
	}
}
