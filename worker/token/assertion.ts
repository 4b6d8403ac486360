import { type Decision, allow, refuse } from "../decision/decision.ts";
import { parseCompact } from "./compact.ts";
import { type KeySet, firstVerifying } from "./verify.ts";

/** What an assertion must say of itself. */
export interface AssertionRules {
	readonly issuer: string;
	/** It must name one of them. */
	readonly audiences: readonly string[];
	readonly clockSkewSeconds: number;
}

/** Who an identity provider vouches for. */
export interface Assertion {
	/** Id of the person, or the client id of a service token. */
	readonly subject: string;
	/** Seconds since the epoch. */
	readonly expiresAt: number;
}

type Payload = Readonly<Record<string, unknown>>;

/**
 * Verifies an application token of Cloudflare Access (its documentation, "Validate JWTs" and "Application token"): form, RS256, key,
 * signature, then issuer, audience, times and subject. Refuses `key-unknown` where another key set may know the key.
 */
export async function verifyAssertion(
	raw: string,
	{ keys }: KeySet,
	rules: AssertionRules,
	nowSeconds: number,
): Promise<Decision<Assertion>> {
	const compact = parseCompact(raw);
	if (!compact.allowed) return compact;
	const { algorithm, keyId, payload } = compact.value;
	if (algorithm !== "RS256") return refuse({ reason: "token-malformed", detail: "the header's alg must be RS256" });
	const fitting = keys.filter((key) => key.algorithm === algorithm && (keyId === undefined || key.id === keyId));
	if (fitting.length === 0) return refuse({ reason: "key-unknown" });
	if ((await firstVerifying(raw, fitting)) === undefined) return refuse({ reason: "signature-invalid" });
	return judgeClaims(payload, rules, nowSeconds);
}

function judgeClaims(payload: Payload, rules: AssertionRules, nowSeconds: number): Decision<Assertion> {
	if (payload["iss"] !== rules.issuer) return invalid("iss", "must be the team domain");
	if (!rules.audiences.some((audience) => names(payload["aud"], audience))) {
		return refuse({ reason: "audience-mismatch", expected: rules.audiences });
	}
	// The other type, "org", is the session of the whole organisation and says nothing of this application.
	if (payload["type"] !== undefined && payload["type"] !== "app") return invalid("type", "must be app");
	const expiresAt = payload["exp"];
	if (!isTime(expiresAt)) return invalid("exp", "must be whole seconds since 1970");
	if (expiresAt + rules.clockSkewSeconds <= nowSeconds) {
		return refuse({ reason: "token-expired", expiredAt: expiresAt });
	}
	for (const claim of ["nbf", "iat"]) {
		const time = payload[claim];
		if (time === undefined) continue;
		if (!isTime(time)) return invalid(claim, "must be whole seconds since 1970");
		if (time - rules.clockSkewSeconds > nowSeconds) return refuse({ reason: "token-not-yet-valid", validFrom: time });
	}
	// A service token has an empty `sub` and its client id in `common_name`.
	const subject = [payload["sub"], payload["common_name"]].find((name) => typeof name === "string" && name !== "");
	return typeof subject === "string" ? allow({ subject, expiresAt }) : invalid("sub", "is missing");
}

const names = (audience: unknown, wanted: string): boolean =>
	Array.isArray(audience) ? audience.includes(wanted) : audience === wanted;

const isTime = (value: unknown): value is number => Number.isSafeInteger(value);

function invalid(claim: string, detail: string): Decision<never> {
	return refuse({ reason: "claim-invalid", claim, detail });
}
