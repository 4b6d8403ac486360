import { describe, expect, it } from "vitest";
import type { RightFacts } from "../../../../worker/policy/rights/facts.ts";
import { judgeRight, nameRight, needsToken } from "../../../../worker/policy/rights/rights.ts";
import { NOON, facts, nowhere, right, verdict } from "./right.ts";

/** A right that refuses the client at every step, and what stands in the way when the steps before are lifted. */
const wall = {
	blocked_ips: ["203.0.113.7"],
	start_time: NOON + 1,
	blocked_proxies: { anonymous: true },
	allowed_domains: ["good.example"],
};
const client: Partial<RightFacts> = { geo: { ...nowhere, country: "T1" }, origin: "https://bad.example" };

describe("the ladder", () => {
	it.each<[string, Record<string, unknown>, string]>([
		["geography", {}, "rights-ip-blocked"],
		["then the schedule", { blocked_ips: [] }, "rights-not-started"],
		["then proxies", { blocked_ips: [], start_time: null }, "rights-proxy-blocked"],
		["then the domain", { blocked_ips: [], start_time: null, blocked_proxies: {} }, "rights-domain-not-allowed"],
		["then nothing", { blocked_ips: [], start_time: null, blocked_proxies: {}, allowed_domains: [] }, "allowed"],
	])("judges %s", (_what, lifted, expected) => {
		expect(verdict({ ...wall, ...lifted }, client)).toBe(expected);
	});

	it("goes on after an allow list of the geography has let the client in", () => {
		const input = { ...wall, blocked_ips: [], allowed_ips: ["203.0.113.7"] };
		for (const rule of ["", "allow_all", "block_all"]) {
			expect(verdict({ ...input, geo_global_rule: rule }, client)).toBe("rights-not-started");
		}
	});

	it("is not climbed for a right that is disabled, nor without a right", () => {
		expect(verdict({ ...wall, disabled: true }, client)).toBe("allowed");
		expect(judgeRight(null, { ...facts, ...client })).toEqual({ allowed: true, value: undefined });
	});

	it("is climbed for a right that needs no token", () => {
		expect(verdict({ ...wall, allow_insecure: true }, client)).toBe("rights-ip-blocked");
	});
});

describe("a token", () => {
	it.each<[string, Record<string, unknown> | null, boolean]>([
		["no right", null, true],
		["a right", {}, true],
		["a right that allows insecure playback", { allow_insecure: true }, false],
		["a disabled right", { disabled: true }, false],
	])("with %s is needed: %s", (_what, input, expected) => {
		expect(needsToken(input === null ? null : right(input))).toBe(expected);
	});
});

describe("the right that applies", () => {
	it.each([
		["prid before the video's", "p", "v", { namedBy: "prid", id: "p" }],
		["prid alone", "p", null, { namedBy: "prid", id: "p" }],
		["the video's", undefined, "v", { namedBy: "video", id: "v" }],
		["the account's default", undefined, null, null],
	])("is %s", (_what, prid, ofVideo, expected) => {
		expect(nameRight(prid === undefined ? {} : { prid }, { playback_rights_id: ofVideo })).toEqual(expected);
	});
});
