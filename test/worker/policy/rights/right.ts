import { type RightRecord, acceptRight } from "../../../../worker/catalog/right-record.ts";
import type { Geo, RightFacts } from "../../../../worker/policy/rights/facts.ts";
import { judgeRight } from "../../../../worker/policy/rights/rights.ts";

/** Wednesday, 2026-11-25, 12:00:00 UTC. */
export const NOON = Date.UTC(2026, 10, 25, 12) / 1000;

export const nowhere: Geo = {
	country: null,
	continent: null,
	postalCode: null,
	metroCode: null,
	asn: null,
	proxy: null,
};

export const facts: RightFacts = {
	nowSeconds: NOON,
	geoAddress: "203.0.113.7",
	geo: nowhere,
	origin: null,
	referer: null,
};

/** A right as a publisher would write it. */
export function right(input: Readonly<Record<string, unknown>>): RightRecord {
	const accepted = acceptRight(input, { account: "acme", id: "r" });
	if (!accepted.ok) throw new Error(accepted.issues.join("; "));
	return accepted.value;
}

export function verdict(input: Readonly<Record<string, unknown>>, change: Partial<RightFacts> = {}): string {
	const decision = judgeRight(right(input), { ...facts, ...change });
	return decision.allowed ? "allowed" : decision.refusal.reason;
}
