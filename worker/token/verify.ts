import { createHash } from "node:crypto";
import { compactVerify, errors } from "jose";
import { LRUCache } from "lru-cache";
import { allow, refuse } from "../decision/decision.ts";
import type { Decision } from "../decision/decision.ts";
import type { SignatureAlgorithm } from "./algorithms.ts";
import { highestTierOf, parseClaims } from "./claims.ts";
import type { Claims } from "./claims.ts";
import { parseCompact } from "./compact.ts";
import type { CompactToken } from "./compact.ts";

/** A public key of an account. `id` is what `kid` and `pkid` name; `algorithm` is the only one the key is used with. */
export interface VerificationKey {
	readonly id: string;
	readonly algorithm: SignatureAlgorithm;
	readonly key: CryptoKey;
}

/** The keys of an account. The object is replaced, never changed: its identity says which keys vouched for a token. */
export interface KeySet {
	readonly keys: readonly VerificationKey[];
}

/** A token whose signature and claims hold. Its times, audience and everything else are still to be judged. */
export interface VerifiedToken {
	/** base64url SHA-256 of `header.payload`. The token's identity: its string is not, as signatures have aliases. */
	readonly id: string;
	/** The key that verified it. */
	readonly keyId: string;
	readonly claims: Claims;
	/** The claim that asks most of the account's tier (see `highestTierOf`). */
	readonly highestTier: { readonly claim: string; readonly tier: number };
}

interface CachedToken {
	readonly keys: KeySet;
	readonly decision: Decision<VerifiedToken>;
}

// One bound for the isolate, whatever the number of accounts.
const MAX_CACHED_TOKENS = 2_000;
const cache = new LRUCache<string, CachedToken>({ max: MAX_CACHED_TOKENS });

const JOSE_OPTIONS = { RS256: { algorithms: ["RS256"] }, ES256: { algorithms: ["ES256"] } };

/**
 * Verifies a raw token with the keys of its account: form, key, signature, then claims. Refuses `token-malformed`,
 * `key-unknown`, `signature-invalid` or `claim-invalid`. Time is not judged here (`judgeLifetime` does), so that what was
 * verified can be remembered: by its exact string and key set, per isolate, allowed tokens only.
 */
export function verifyToken(raw: string, keys: KeySet): Decision<VerifiedToken> | Promise<Decision<VerifiedToken>> {
	const cached = cache.get(raw);
	return cached?.keys === keys ? cached.decision : verifyNew(raw, keys);
}

async function verifyNew(raw: string, keys: KeySet): Promise<Decision<VerifiedToken>> {
	const compact = parseCompact(raw);
	if (!compact.allowed) {
		return compact;
	}
	const candidates = candidateKeys(compact.value, keys);
	if (candidates.length === 0) {
		return refuse({ reason: "key-unknown" });
	}
	const key = await firstVerifying(raw, candidates);
	if (key === undefined) {
		return refuse({ reason: "signature-invalid" });
	}
	const claims = parseClaims(compact.value.payload);
	if (!claims.allowed) {
		return claims;
	}
	const decision = allow<VerifiedToken>({
		id: identityOf(compact.value.signingInput),
		keyId: key.id,
		claims: claims.value,
		highestTier: highestTierOf(claims.value),
	});
	cache.set(raw, { keys, decision });
	return decision;
}

/**
 * Keys that may have signed the token: of its algorithm, and of the one id that it names, if it does. The payload's
 * `pkid` is only a hint here; as a claim it is read after the signature.
 */
function candidateKeys({ algorithm, keyId, payload }: CompactToken, { keys }: KeySet): readonly VerificationKey[] {
	const hint = typeof payload.pkid === "string" ? payload.pkid : undefined;
	if (keyId !== undefined && hint !== undefined && keyId !== hint) {
		return [];
	}
	const id = keyId ?? hint;
	return keys.filter((key) => key.algorithm === algorithm && (id === undefined || key.id === id));
}

/** The first of the keys that verifies the signature of a token whose form was checked before. */
export async function firstVerifying(
	raw: string,
	keys: readonly VerificationKey[],
): Promise<VerificationKey | undefined> {
	for (const key of keys) {
		try {
			await compactVerify(raw, key.key, JOSE_OPTIONS[key.algorithm]);
			return key;
		} catch (error) {
			// Anything else is a fault: the form was checked before and the algorithm is the key's own.
			if (!(error instanceof errors.JWSSignatureVerificationFailed)) {
				throw error;
			}
		}
	}
	return undefined;
}

/** Identity of a token: see `VerifiedToken.id`. */
export function identityOf(signingInput: string): string {
	return createHash("sha256").update(signingInput).digest("base64url");
}
