import { describe, expect, it } from "vitest";
import { highestTierOf, parseClaims, tierOf } from "../../../worker/token/claims.ts";
import type { ClaimName } from "../../../worker/token/claims.ts";

const LATEST = 253_402_300_799;
const ids = (length: number) => Array.from({ length }, (_, index) => `id-${index}`);

const notText = [1, 0, true, null, [], ["a"], {}, ""];
const idBounds = ["a".repeat(257), "\ud800"];
const notTime = ["1795000000", "", 1.5, -1, 1e308, LATEST + 1, true, null, [], {}, [1795000000]];
const notCount = ["3", 0, -1, 1.5, 2 ** 53, 1e308, true, null, [], {}, [3]];

interface Cases {
	readonly good: readonly unknown[];
	readonly bad: readonly unknown[];
}

const CASES: Readonly<Record<ClaimName, Cases>> = {
	accid: { good: ["1234567890001", "a", "a".repeat(256)], bad: [...notText, ...idBounds] },
	aud: { good: [[], ["a"], ids(20)], bad: [1, null, {}, "", [""], [1], [["a"]], ids(21), ["a", null]] },
	iat: { good: [0, 1_795_000_000, LATEST], bad: notTime },
	exp: { good: [0, 1_795_000_000, LATEST], bad: notTime },
	nbf: { good: [0, 1_795_000_000, LATEST], bad: notTime },
	jti: { good: ["", "a", "a".repeat(256)], bad: [1, null, [], {}, true, "a".repeat(257)] },
	prid: { good: ["right-1"], bad: [...notText, ...idBounds] },
	tags: { good: [[], ["sport"], ids(40)], bad: ["sport", 1, null, {}, ids(41), [1], [""], ["a", null]] },
	vids: { good: [[], ["6101"], ids(200)], bad: ["6101", 6101, null, {}, ids(201), [6101], [""]] },
	ip: {
		good: ["203.0.113.7", "::1", "2001:db8::1", "2001:DB8:0:0:0:0:0:1", "::ffff:203.0.113.7"],
		bad: [
			...notText,
			"1.2.3",
			"127.1",
			"0x7f.0.0.1",
			"017.0.0.1",
			"1.2.3.256",
			"2130706433",
			"1.2.3.4/8",
			" 1.2.3.4",
			"1.2.3.4\n",
			"fe80::1%eth0",
			"[::1]",
			"::1/64",
			"1::2::3",
			"2001:db8",
			"example.test",
			"::1 ",
		],
	},
	drules: { good: [[], ["action-1"], ids(50)], bad: [1, null, {}, "", [""], [1], ids(51)] },
	pro: {
		good: ["", "aes128", "widevine", "playready", "fairplay", "clearkey"],
		bad: ["drm", "AES128", " ", 1, null, [], ["aes128"], {}],
	},
	pkid: { good: ["4f3e9a"], bad: [...notText, ...idBounds] },
	vod: {
		good: [{}, { ssai: "config" }],
		bad: [1, "", "ssai", null, [], [{}], { ssai: 1 }, { ssai: "" }, { ssai: null }],
	},
	ua: { good: ["", "Mozilla/5.0 (X11)", "a".repeat(1024)], bad: [1, null, [], {}, "a".repeat(1025)] },
	conid: { good: ["6101"], bad: [...notText, ...idBounds] },
	maxip: { good: [1, 5, 2 ** 53 - 1], bad: notCount },
	maxu: { good: [1, 5, 2 ** 53 - 1], bad: notCount },
	uid: {
		good: ["a", "A".repeat(64), "Az09=/,@_.+-", "ann@example.test"],
		bad: [...notText, "a".repeat(65), "a b", "a:b", "a\n", "ü", "a*", "a\0"],
	},
	climit: { good: [1, 3, 2 ** 53 - 1], bad: notCount },
	cbeh: { good: ["BLOCK_NEW", "BLOCK_NEW_USER"], bad: ["", "block_new", "BLOCK_OLD", 1, null, ["BLOCK_NEW"]] },
	sid: {
		good: ["s", "a b", "Zoë", "😀", "a".repeat(128)],
		bad: [...notText, "a".repeat(129), "a\nb", "a\0", "\u007f", "\u2028", "\u202e", "\ud800"],
	},
	dlimit: { good: [1, 2], bad: notCount },
	join_role: {
		good: ["subscriber", "publisheronly", "publisher", "moderator"],
		bad: ["host", "", "Publisher", 1, null, ["publisher"]],
	},
	cexp: {
		good: [],
		bad: [
			...notText,
			7200,
			"2",
			"h",
			"2 h",
			"-2h",
			"+2h",
			"2h ",
			"2d",
			"2H",
			"h2",
			"1h,30m",
			"1..5h",
			".5h",
			"1e3s",
			"0s",
			"0",
			"999ms",
			"8785h",
			"9".repeat(400) + "h",
			"1h".repeat(20),
		],
	},
};

const table = (kind: keyof Cases) =>
	Object.entries(CASES).flatMap(([claim, cases]) =>
		cases[kind].map((value) => ({ claim, value, shown: JSON.stringify(value).slice(0, 60) })),
	);

describe("parseClaims", () => {
	it.each(table("good"))("reads $claim $shown", ({ claim, value }) => {
		expect(parseClaims({ [claim]: value })).toEqual({ allowed: true, value: { [claim]: value } });
	});

	it.each(table("bad"))("refuses $claim $shown", ({ claim, value }) => {
		expect(parseClaims({ accid: "1", [claim]: value })).toEqual({
			allowed: false,
			refusal: { reason: "claim-invalid", claim, detail: expect.stringMatching(/^must be ./) },
		});
	});

	it.each(["aud", "drules"])("reads %s that is one string as a list", (claim) => {
		expect(parseClaims({ [claim]: "one" })).toEqual({ allowed: true, value: { [claim]: ["one"] } });
	});

	it.each([
		["2h", 7200],
		["42m", 2520],
		["1h30m", 5400],
		["1.5h", 5400],
		["90s", 90],
		["1m0.5s", 60.5],
		["1000ms", 1],
		["1s500us", 1.0005],
		["8784h", 366 * 86_400],
	])("reads cexp %s as %d seconds", (value, seconds) => {
		expect(parseClaims({ cexp: value })).toEqual({ allowed: true, value: { cexp: seconds } });
	});

	it("drops what it does not know of vod", () => {
		expect(parseClaims({ vod: { ssai: "config", dvr: 1 } })).toEqual({
			allowed: true,
			value: { vod: { ssai: "config" } },
		});
	});

	it("names the first claim that is wrong", () => {
		expect(parseClaims({ accid: "1", exp: "soon", iat: "now" })).toMatchObject({ refusal: { claim: "exp" } });
	});

	it("does not repeat the value", () => {
		expect(JSON.stringify(parseClaims({ uid: "do not repeat me" }))).not.toContain("do not repeat");
	});

	it("ignores unknown claims, also such as objects have by themselves", () => {
		const payload: unknown = JSON.parse(
			'{"iss":1,"vuid":"x","con":{},"__proto__":{"uid":1},"constructor":1,"EXP":"x"}',
		);
		const parsed = parseClaims(payload as Record<string, unknown>);
		expect(parsed).toEqual({ allowed: true, value: {} });
	});

	it.each([
		["a course platform", { accid: "1", exp: 1_795_000_000, iat: 1_794_913_600, conid: "6101", maxip: 1 }],
		["a streaming service", { uid: "u1", accid: "1", prid: "p", conid: "6101", climit: 4, exp: 1_795_000_000 }],
	])("reads the claims of %s", (_, payload) => {
		expect(parseClaims({ ...payload, iss: "publisher" })).toEqual({ allowed: true, value: payload });
	});
});

describe("tiers", () => {
	it.each<[number, readonly ClaimName[]]>([
		[1, ["accid", "aud", "iat", "exp", "nbf", "prid", "tags", "vids", "ip", "drules", "pro", "vod", "pkid", "jti"]],
		[2, ["ua", "conid", "maxip", "maxu"]],
		[3, ["uid", "climit", "cbeh", "sid", "dlimit", "cexp"]],
	])("tier %d: %j", (tier, claims) => {
		for (const claim of claims) {
			expect(tierOf(claim)).toBe(tier);
		}
	});

	it.each([
		[{}, { claim: "", tier: 0 }],
		[
			{ accid: "1", exp: 1 },
			{ claim: "accid", tier: 1 },
		],
		[
			{ accid: "1", maxu: 1, conid: "6101" },
			{ claim: "maxu", tier: 2 },
		],
		[
			{ uid: "u", maxu: 1, climit: 1, exp: 1 },
			{ claim: "uid", tier: 3 },
		],
	])("of %j the highest is %j", (claims, highest) => {
		expect(highestTierOf(claims)).toEqual(highest);
	});
});
