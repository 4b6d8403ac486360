import { type Decision, allow } from "../decision/decision.ts";
import { parseCompact } from "./compact.ts";
import { identityOf } from "./verify.ts";

/** A token that is named, not presented: nothing of it is verified. */
export interface TokenIdentity {
	/** See `VerifiedToken.id`. */
	readonly id: string;
	/** Seconds since the epoch, or null when it has none that can be read. */
	readonly exp: number | null;
}

/** Reads a token as far as its form goes. @returns `token-malformed` for anything else. */
export function identifyToken(raw: string): Decision<TokenIdentity> {
	const token = parseCompact(raw);
	if (!token.allowed) return token;
	const { payload, signingInput } = token.value;
	const { exp } = payload;
	return allow({
		id: identityOf(signingInput),
		exp: typeof exp === "number" && Number.isSafeInteger(exp) ? exp : null,
	});
}
