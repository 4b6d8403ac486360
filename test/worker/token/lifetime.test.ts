import { describe, expect, it } from "vitest";
import { judgeLifetime } from "../../../worker/token/lifetime.ts";
import type { LifetimeRules } from "../../../worker/token/lifetime.ts";

const NOW = 4_102_444_800; // 2100-01-01
const DAY = 86_400;
const MAX = 30 * DAY;
const SKEW = 60;
const RULES: LifetimeRules = { requireExp: false, maxLifetimeSeconds: MAX, clockSkewSeconds: SKEW };

type Times = Parameters<typeof judgeLifetime>[0];

describe("a token that is valid now", () => {
	it.each<[string, Times, number]>([
		["iat and exp", { iat: NOW - 10, exp: NOW + 10 }, NOW + 10],
		["the longest lifetime", { iat: NOW, exp: NOW + MAX }, NOW + MAX],
		["no exp: it ends with the longest lifetime", { iat: NOW - DAY }, NOW - DAY + MAX],
		["no exp, in its last second", { iat: NOW - MAX - SKEW + 1 }, NOW - SKEW + 1],
		["no iat", { exp: NOW + DAY }, NOW + DAY],
		["no iat, as far ahead as may be", { exp: NOW + MAX }, NOW + MAX],
		["iat ahead by the skew", { iat: NOW + SKEW, exp: NOW + DAY }, NOW + DAY],
		["nbf now", { nbf: NOW, exp: NOW + 1 }, NOW + 1],
		["nbf ahead by the skew", { iat: NOW, nbf: NOW + SKEW, exp: NOW + DAY }, NOW + DAY],
		["nbf long ago", { nbf: 0, exp: NOW + DAY }, NOW + DAY],
		["exp past, within the skew", { iat: NOW - DAY, exp: NOW - SKEW + 1 }, NOW - SKEW + 1],
		["exp equal to iat, within the skew", { iat: NOW, exp: NOW }, NOW],
	])("%s", (_, times, end) => {
		expect(judgeLifetime(times, RULES, NOW)).toEqual({ allowed: true, value: end });
	});
});

describe("a token that is not valid now", () => {
	it.each<[string, Times, object]>([
		["neither iat nor exp", {}, { reason: "claim-missing", claim: "exp" }],
		["neither iat nor exp, but nbf", { nbf: NOW }, { reason: "claim-missing", claim: "exp" }],
		[
			"exp before iat",
			{ iat: NOW, exp: NOW - 1 },
			{ reason: "claim-invalid", claim: "exp", detail: "must not be before iat" },
		],
		[
			"a second too long",
			{ iat: NOW, exp: NOW + MAX + 1 },
			{ reason: "token-lifetime-too-long", lifetimeSeconds: MAX + 1, maxSeconds: MAX },
		],
		[
			"75 years, as a token in the field",
			{ iat: NOW, exp: NOW + 75 * 365 * DAY },
			{ reason: "token-lifetime-too-long", lifetimeSeconds: 75 * 365 * DAY, maxSeconds: MAX },
		],
		[
			"no iat and a second too far ahead",
			{ exp: NOW + MAX + 1 },
			{ reason: "token-lifetime-too-long", lifetimeSeconds: MAX + 1, maxSeconds: MAX },
		],
		[
			"iat ahead by more than the skew",
			{ iat: NOW + SKEW + 1, exp: NOW + DAY },
			{ reason: "token-not-yet-valid", validFrom: NOW + SKEW + 1 },
		],
		[
			"nbf ahead by more than the skew",
			{ iat: NOW, nbf: NOW + SKEW + 1, exp: NOW + DAY },
			{ reason: "token-not-yet-valid", validFrom: NOW + SKEW + 1 },
		],
		[
			"iat and nbf ahead: the later is named",
			{ iat: NOW + 100, nbf: NOW + 200, exp: NOW + DAY },
			{ reason: "token-not-yet-valid", validFrom: NOW + 200 },
		],
		["exp past by the skew", { iat: NOW - DAY, exp: NOW - SKEW }, { reason: "token-expired", expiredAt: NOW - SKEW }],
		[
			"exp past by the skew, and before iat",
			{ iat: NOW, exp: NOW - SKEW },
			{ reason: "token-expired", expiredAt: NOW - SKEW },
		],
		["exp long past, no iat", { exp: 0 }, { reason: "token-expired", expiredAt: 0 }],
		["no exp, and its end past", { iat: NOW - MAX - SKEW }, { reason: "token-expired", expiredAt: NOW - SKEW }],
	])("%s", (_, times, refusal) => {
		expect(judgeLifetime(times, RULES, NOW)).toEqual({ allowed: false, refusal });
	});
});

describe("an account's own rules", () => {
	it("may require exp", () => {
		const rules = { ...RULES, requireExp: true };
		expect(judgeLifetime({ iat: NOW }, rules, NOW)).toEqual({
			allowed: false,
			refusal: { reason: "claim-missing", claim: "exp" },
		});
		expect(judgeLifetime({ iat: NOW, exp: NOW + 1 }, rules, NOW).allowed).toBe(true);
	});

	it.each([
		["shorten", 3600, false],
		["lengthen", 100 * DAY, true],
	])("may %s the longest lifetime", (_, maxLifetimeSeconds, allowed) => {
		const rules = { ...RULES, maxLifetimeSeconds };
		expect(judgeLifetime({ iat: NOW, exp: NOW + 40 * DAY }, rules, NOW).allowed).toBe(allowed);
		expect(judgeLifetime({ iat: NOW }, rules, NOW)).toEqual({ allowed: true, value: NOW + maxLifetimeSeconds });
	});

	it("may allow no skew", () => {
		const rules = { ...RULES, clockSkewSeconds: 0 };
		expect(judgeLifetime({ exp: NOW + 1 }, rules, NOW).allowed).toBe(true);
		expect(judgeLifetime({ exp: NOW }, rules, NOW).allowed).toBe(false);
		expect(judgeLifetime({ iat: NOW + 1 }, rules, NOW).allowed).toBe(false);
	});
});

it("lets a token without iat in once its end is near enough", () => {
	const exp = NOW + MAX + 10;
	expect(judgeLifetime({ exp }, RULES, NOW + 9).allowed).toBe(false);
	expect(judgeLifetime({ exp }, RULES, NOW + 10).allowed).toBe(true);
});
