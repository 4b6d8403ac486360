import { type Decision, allow } from "../decision/decision.ts";
import { checkAccount } from "./account.ts";
import type { Check, PolicyInput } from "./check.ts";
import { checkContent, checkTags } from "./content.ts";
import { checkPlayable } from "./playable.ts";
import { checkTier } from "./tier.ts";
import { checkUserAgent } from "./user-agent.ts";

/** In the order in which they are judged: who, what the token may ask, which video, which client, when. */
const checks: readonly Check[] = [checkAccount, checkTier, checkContent, checkTags, checkUserAgent, checkPlayable];

/** The first refusal, or allowed. */
export function judgePolicy(input: PolicyInput): Decision {
	for (const check of checks) {
		const decision = check(input);
		if (!decision.allowed) return decision;
	}
	return allow();
}
