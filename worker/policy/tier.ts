import { allow, refuse } from "../decision/decision.ts";
import type { Check } from "./check.ts";

/** A claim above the account's security tier is refused: ignoring it would play without the limit that it asks for. */
export const checkTier: Check = ({ settings: { tier }, highestTier }) =>
	highestTier.tier <= tier
		? allow()
		: refuse({ reason: "claim-not-enabled", claim: highestTier.claim, tier, neededTier: highestTier.tier });
