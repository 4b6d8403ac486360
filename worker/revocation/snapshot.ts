import type { RevokedBy } from "../decision/refusals.ts";
import type { RevocationChanges } from "./contract.ts";

/** What a revocation may name of a token or grant. Seconds since the epoch. */
export interface RevocableFacts {
	readonly tokenId: string;
	readonly keyId: string;
	readonly video: string;
	readonly jti?: string | undefined;
	readonly uid?: string | undefined;
	readonly sid?: string | undefined;
	readonly issuedAt?: number | undefined;
}

const NEVER = Number.POSITIVE_INFINITY;

/** An isolate's copy of an account's revocation list. */
export class RevocationSnapshot {
	version = -1;
	/** Until when each value is revoked, by kind. */
	readonly #until = new Map<RevokedBy, Map<string, number>>();
	#issuedBefore: { readonly before: number; readonly until: number } | null = null;

	apply(changes: RevocationChanges): void {
		if (changes.full) {
			this.#until.clear();
			this.#issuedBefore = null;
		}
		for (const { kind, value, before, expiresAt, removed } of changes.entries) {
			if (kind === "issued-before") {
				this.#issuedBefore = removed || before === null ? null : { before, until: expiresAt ?? NEVER };
			} else if (removed) this.#until.get(kind)?.delete(value);
			else this.#valuesOf(kind).set(value, expiresAt ?? NEVER);
		}
		this.version = changes.version;
	}

	/** What it was revoked by, or null. A token without `iat` counts as issued before any moment. */
	judge(facts: RevocableFacts, nowSeconds: number): RevokedBy | null {
		if (
			this.#issuedBefore &&
			this.#issuedBefore.until > nowSeconds &&
			(facts.issuedAt ?? 0) < this.#issuedBefore.before
		) {
			return "issued-before";
		}
		if (this.#until.size === 0) return null;
		const named: readonly (readonly [RevokedBy, string | undefined])[] = [
			["token", facts.tokenId],
			["jti", facts.jti],
			["uid", facts.uid],
			["sid", facts.sid],
			["key", facts.keyId],
			["video", facts.video],
		];
		for (const [kind, value] of named) {
			if (value !== undefined && (this.#until.get(kind)?.get(value) ?? 0) > nowSeconds) return kind;
		}
		return null;
	}

	#valuesOf(kind: RevokedBy): Map<string, number> {
		const known = this.#until.get(kind);
		if (known) return known;
		const fresh = new Map<string, number>();
		this.#until.set(kind, fresh);
		return fresh;
	}
}
