import { describe, expect, it } from "vitest";
import {
	LICENSE_AUDIENCES,
	PLAYBACK_API_AUDIENCES,
	STATIC_URL_AUDIENCES,
	judgeAudience,
} from "../../../worker/token/audience.ts";

const STATIC = "static.api.brightcove.com";
const PLAYBACK = "playback.api.brightcove.com";

describe("judgeAudience", () => {
	it.each([
		["a static URL", STATIC_URL_AUDIENCES, [STATIC], true],
		["a static URL", STATIC_URL_AUDIENCES, [PLAYBACK], false],
		["the Playback API", PLAYBACK_API_AUDIENCES, [PLAYBACK], true],
		["the Playback API", PLAYBACK_API_AUDIENCES, [STATIC], false],
		["a licence", LICENSE_AUDIENCES, [PLAYBACK], true],
		["a licence", LICENSE_AUDIENCES, [STATIC], true],
		["a licence", LICENSE_AUDIENCES, ["other.test"], false],
		["any use that is among several", PLAYBACK_API_AUDIENCES, ["other.test", STATIC, PLAYBACK], true],
		["a use in another case", STATIC_URL_AUDIENCES, [STATIC.toUpperCase()], false],
		["a use that only contains the name", STATIC_URL_AUDIENCES, [`${STATIC}.evil.test`, `x${STATIC}`], false],
		["nothing", STATIC_URL_AUDIENCES, [], false],
	])("for %s (%j), a token for %j: %s", (_, expected, aud, allowed) => {
		for (const requireAud of [false, true]) {
			expect(judgeAudience({ aud }, expected, requireAud)).toEqual(
				allowed ? { allowed, value: undefined } : { allowed, refusal: { reason: "audience-mismatch", expected } },
			);
		}
	});

	it("takes a token without aud for any use", () => {
		expect(judgeAudience({}, STATIC_URL_AUDIENCES, false).allowed).toBe(true);
	});

	it("refuses a token without aud where the account requires it", () => {
		expect(judgeAudience({}, STATIC_URL_AUDIENCES, true)).toEqual({
			allowed: false,
			refusal: { reason: "claim-missing", claim: "aud" },
		});
	});
});
