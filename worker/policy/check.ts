import type { AccountSettings } from "../catalog/settings-schema.ts";
import type { VideoRecord } from "../catalog/video-record.ts";
import type { Decision } from "../decision/decision.ts";
import type { Claims } from "../token/claims.ts";

/** What the rules are judged on. Plain data: no clock, no request, no bindings. */
export interface PolicyInput {
	readonly nowSeconds: number;
	readonly userAgent: string;
	readonly account: string;
	readonly settings: AccountSettings;
	readonly claims: Claims;
	/** The claim that asks most of the account's tier. */
	readonly highestTier: { readonly claim: string; readonly tier: number };
	readonly video: VideoRecord;
}

export type Check = (input: PolicyInput) => Decision;
