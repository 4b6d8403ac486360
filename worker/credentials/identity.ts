import { type Decision, allow, refuse } from "../decision/decision.ts";
import { covers } from "./scopes.ts";

/** Who makes a management call, and what they may do in the account that it is about. */
export interface Identity {
	/** For the log and for what the caller makes: `admin`, `token:<id>`, `access:<subject>`. Never a secret. */
	readonly actor: string;
	readonly scopes: readonly string[];
	/** When the credential ends, in seconds since the epoch; null when it has no end of its own. What it makes must not outlive it. */
	readonly expiresAt: number | null;
}

/** Refuses `scope-missing` unless the identity has one of `anyOf`. */
export function requireScope({ scopes }: Identity, anyOf: readonly string[]): Decision {
	if (anyOf.some((wanted) => covers(scopes, wanted))) return allow();
	return refuse({ reason: "scope-missing", scope: anyOf[0] ?? "" });
}
