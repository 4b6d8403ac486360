import { allow, refuse } from "../decision/decision.ts";
import type { Check } from "./check.ts";

/** `accid`, where given, names the account of the path. */
export const checkAccount: Check = ({ claims, account }) =>
	claims.accid === undefined || claims.accid === account ? allow() : refuse({ reason: "account-mismatch" });
