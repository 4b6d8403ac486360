import { allow, refuse } from "../decision/decision.ts";
import type { Decision } from "../decision/decision.ts";
import type { Claims } from "./claims.ts";

/** An account's rules for the life of a token. */
export interface LifetimeRules {
	/** Whether a token without `exp` is refused. */
	readonly requireExp: boolean;
	readonly maxLifetimeSeconds: number;
	/** By how much the publisher's clock may be off, either way. */
	readonly clockSkewSeconds: number;
}

/**
 * Judges when a token is valid (RFC 7519 sections 4.1.4 to 4.1.6, design section 3) and returns when it ends, in seconds
 * since the epoch: its `exp`, or `iat` plus the longest lifetime where it has none. The end returned has no skew.
 *
 * Refuses `claim-missing`, `claim-invalid`, `token-lifetime-too-long`, `token-not-yet-valid` and `token-expired`. Without
 * `iat` the lifetime is counted from now, so `token-lifetime-too-long` may then stop being true as time passes.
 */
export function judgeLifetime(
	claims: Pick<Claims, "iat" | "exp" | "nbf">,
	rules: LifetimeRules,
	nowSeconds: number,
): Decision<number> {
	const { iat, exp, nbf } = claims;
	const { maxLifetimeSeconds: maxSeconds, clockSkewSeconds } = rules;
	if (exp === undefined && (rules.requireExp || iat === undefined)) {
		return refuse({ reason: "claim-missing", claim: "exp" });
	}
	const issuedAt = iat ?? nowSeconds;
	const expiresAt = exp ?? issuedAt + maxSeconds;
	const isOver = nowSeconds >= expiresAt + clockSkewSeconds;
	// One that is over is told so: whoever tries out how a token ends often signs it with iat now.
	if (iat !== undefined && expiresAt < iat && !isOver) {
		return refuse({ reason: "claim-invalid", claim: "exp", detail: "must not be before iat" });
	}
	if (expiresAt - issuedAt > maxSeconds) {
		return refuse({ reason: "token-lifetime-too-long", lifetimeSeconds: expiresAt - issuedAt, maxSeconds });
	}
	const validFrom = Math.max(iat ?? 0, nbf ?? 0);
	if (validFrom > nowSeconds + clockSkewSeconds) {
		return refuse({ reason: "token-not-yet-valid", validFrom });
	}
	if (isOver) {
		return refuse({ reason: "token-expired", expiredAt: expiresAt });
	}
	return allow(expiresAt);
}
