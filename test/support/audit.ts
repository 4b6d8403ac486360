import type { AuditedDecision } from "../../worker/audit/contract.ts";
import { EPOCH } from "./viewer.ts";

let decisions = 0;

/** A decision that was allowed, unless the change says otherwise. */
export function decisionOf(change: Partial<AuditedDecision> = {}): AuditedDecision {
	decisions += 1;
	return {
		atMs: EPOCH,
		decisionId: `decision-${decisions}`,
		status: 200,
		refusal: undefined,
		method: "GET",
		path: "/playback/v1/accounts/acme/videos/clip/master.m3u8",
		video: "clip",
		tokenId: "token-hash",
		keyId: "2026-11",
		uid: "ann",
		address: "203.0.113.7",
		userAgent: "Player/1.0",
		country: "DE",
		asn: 64_500,
		...change,
	};
}
