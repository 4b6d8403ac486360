import type { AccountSettings } from "./settings-schema.ts";

/** What the caches of records need of an account. */
export interface Owner {
	readonly id: string;
	readonly settings: AccountSettings;
}

/** Records that do not exist are asked for again soon: they are what ops is about to add. */
const MISSING_TTL_MS = 2000;

/** How long a record of the account is used without asking again, in milliseconds. */
export function ttlMsOf({ settings }: Owner, exists: boolean): number {
	const ttlMs = settings.catalog_cache_seconds * 1000;
	return exists ? ttlMs : Math.min(ttlMs, MISSING_TTL_MS);
}
