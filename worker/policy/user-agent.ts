import { allow, refuse } from "../decision/decision.ts";
import type { Check } from "./check.ts";

/** `ua`: exactly this User-Agent. */
export const checkUserAgent: Check = ({ claims: { ua }, userAgent }) =>
	ua === undefined || ua === userAgent ? allow() : refuse({ reason: "user-agent-mismatch" });
