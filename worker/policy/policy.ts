import { type Decision, allow } from "../decision/decision.ts";
import { checkAccount } from "./account.ts";
import type { Check, PolicyInput } from "./check.ts";
import { checkContent, checkTags } from "./content.ts";
import { checkPlayable } from "./playable.ts";
import { checkTier } from "./tier.ts";
import { checkUserAgent } from "./user-agent.ts";

const ofHolder: readonly Check[] = [checkAccount, checkTier];

const ofCaller: readonly Check[] = [...ofHolder, checkUserAgent];

/** In the order in which they are judged: who, what the token may ask, which video, which client, when. */
const ofVideo: readonly Check[] = [...ofHolder, checkContent, checkTags, checkUserAgent, checkPlayable];

/** The first refusal, or allowed. */
export function judgePolicy(input: PolicyInput): Decision {
	return firstRefusal(ofVideo, input);
}

/** The same for a call that is about several videos: what is the same for all of them. */
export function judgeCaller(input: PolicyInput): Decision {
	return firstRefusal(ofCaller, input);
}

/** The same for a call that is about the holder of the token; nothing of the input's video is looked at. */
export function judgeHolder(input: PolicyInput): Decision {
	return firstRefusal(ofHolder, input);
}

function firstRefusal(checks: readonly Check[], input: PolicyInput): Decision {
	for (const check of checks) {
		const decision = check(input);
		if (!decision.allowed) return decision;
	}
	return allow();
}
