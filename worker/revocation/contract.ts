import type { RevokedBy } from "../decision/refusals.ts";

/**
 * One entry of an account's revocation list. `value` is the SHA-256 of the signing input (`token`), or the claim, key or video id as it
 * is; for `issued-before` it is the empty string and `before` holds the time. Seconds since the epoch throughout.
 */
export interface Revocation {
	readonly kind: RevokedBy;
	readonly value: string;
	/** Tokens issued before this are refused; only with `issued-before`. */
	readonly before: number | null;
	/** Null: until it is taken off the list. */
	readonly expiresAt: number | null;
	readonly createdAt: number;
	/** The whole token, for the Blacklist API, which lists tokens as they were given. */
	readonly token: string | null;
}

/** What changed after a version. `full`: the list as it is now, because the changes since are no longer known. */
export interface RevocationChanges {
	readonly version: number;
	readonly full: boolean;
	readonly entries: readonly (Omit<Revocation, "token" | "createdAt"> & { readonly removed: boolean })[];
}
