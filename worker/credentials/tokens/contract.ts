/** What an account keeps of a management token. Seconds since the epoch throughout. */
export interface TokenRecord {
	readonly id: string;
	readonly name: string;
	readonly scopes: readonly string[];
	readonly createdAt: number;
	/** `actor` of who made it. */
	readonly createdBy: string;
	/** Null: until it is revoked. */
	readonly expiresAt: number | null;
	/** To the hour; null when it was never used. */
	readonly lastUsedAt: number | null;
}

/** Whether a token is one of the account's. `expired` is told only of the right secret. */
export type TokenVerdict =
	| { readonly state: "unknown" }
	| { readonly state: "expired"; readonly expiredAt: number }
	| { readonly state: "valid"; readonly scopes: readonly string[]; readonly expiresAt: number | null };
