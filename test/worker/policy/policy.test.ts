import { describe, expect, it } from "vitest";
import { defaultSettings } from "../../../worker/catalog/settings-schema.ts";
import { acceptVideo, type VideoRecord } from "../../../worker/catalog/video-record.ts";
import type { PolicyInput } from "../../../worker/policy/check.ts";
import { judgePolicy } from "../../../worker/policy/policy.ts";
import { Sealer } from "../../../worker/sealing.ts";

const NOW = 4_102_444_800;

function video(input: Readonly<Record<string, unknown>> = {}): VideoRecord {
	const place = { account: "acme", id: "clip", local: false };
	const parsed = acceptVideo({ tags: ["sport", "news"], ...input }, place, new Sealer("secret", "test"));
	if (!parsed.ok) throw new Error(parsed.issues.join());
	return parsed.value;
}

const input: PolicyInput = {
	nowSeconds: NOW,
	userAgent: "Player/1.0",
	account: "acme",
	settings: defaultSettings,
	claims: {},
	highestTier: { claim: "", tier: 1 },
	video: video(),
};

function verdict(change: Partial<PolicyInput>): string {
	const decision = judgePolicy({ ...input, ...change });
	return decision.allowed ? "allowed" : decision.refusal.reason;
}

describe("policy", () => {
	it.each<[string, Partial<PolicyInput>, string]>([
		["no claim", {}, "allowed"],
		["accid of this account", { claims: { accid: "acme" } }, "allowed"],
		["accid of another", { claims: { accid: "other" } }, "account-mismatch"],
		["accid in another case", { claims: { accid: "Acme" } }, "account-mismatch"],
		["conid of this video", { claims: { conid: "clip" } }, "allowed"],
		["conid of another", { claims: { conid: "clip2" } }, "video-not-in-token"],
		[
			"conid that is a reference id",
			{ video: video({ reference_id: "r" }), claims: { conid: "r" } },
			"video-not-in-token",
		],
		["vids with this video", { claims: { vids: ["a", "clip"] } }, "allowed"],
		["vids without it", { claims: { vids: ["a", "b"] } }, "video-not-in-token"],
		["an empty vids", { claims: { vids: [] } }, "video-not-in-token"],
		["one tag in common", { claims: { tags: ["x", "news"] } }, "allowed"],
		["no tag in common", { claims: { tags: ["x", "y"] } }, "tags-mismatch"],
		["an empty tags", { claims: { tags: [] } }, "tags-mismatch"],
		["tags, and a video without any", { claims: { tags: ["x"] }, video: video({ tags: [] }) }, "tags-mismatch"],
		["ua of this client", { claims: { ua: "Player/1.0" } }, "allowed"],
		["ua of another version", { claims: { ua: "Player/1.1" } }, "user-agent-mismatch"],
		["a claim of the account's tier", { highestTier: { claim: "uid", tier: 3 } }, "allowed"],
		[
			"a claim above the account's tier",
			{ highestTier: { claim: "maxu", tier: 2 }, settings: { ...defaultSettings, tier: 1 } },
			"claim-not-enabled",
		],
		["an inactive video", { video: video({ state: "INACTIVE" }) }, "video-not-active"],
		["a second before its start", { video: video({ schedule: { starts_at: NOW + 1 } }) }, "video-not-started"],
		["at its start", { video: video({ schedule: { starts_at: NOW } }) }, "allowed"],
		["a second before its end", { video: video({ schedule: { ends_at: NOW + 1 } }) }, "allowed"],
		["at its end", { video: video({ schedule: { ends_at: NOW } }) }, "video-ended"],
		["no schedule", { video: video({ schedule: null }) }, "allowed"],
	])("%s", (_what, change, expected) => {
		expect(verdict(change)).toBe(expected);
	});

	it("tells the first reason of several: the account before the tier before the video", () => {
		const claims = { accid: "other", conid: "other", ua: "other" };
		const highestTier = { claim: "conid", tier: 2 };
		const settings = { ...defaultSettings, tier: 1 } as const;
		expect(verdict({ claims, highestTier, settings })).toBe("account-mismatch");
		expect(verdict({ claims: { ...claims, accid: "acme" }, highestTier, settings })).toBe("claim-not-enabled");
		expect(verdict({ claims: { ...claims, accid: "acme" }, highestTier })).toBe("video-not-in-token");
	});
});
