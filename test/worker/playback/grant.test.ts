import { describe, expect, it } from "vitest";
import { type Grant, GrantBox, lastingClaims } from "../../../worker/playback/grant.ts";

const grant: Grant = {
	account: "acme",
	video: "clip",
	source: 0,
	tokenId: "t".repeat(43),
	keyId: "k1",
	expiresAt: 4_102_444_800,
	claims: { uid: "ann", climit: 1 },
	started: true,
	session: { key: "s1", startedAt: 1 },
	device: null,
};

describe("a grant", () => {
	it("opens to what was signed, for any isolate with the secret", () => {
		expect(new GrantBox(["secret"]).open(new GrantBox(["secret"]).sign(grant))).toEqual(grant);
	});

	it.each([undefined, "mobile"])("carries the delivery rule that was asked for: %s", (configId) => {
		const text = new GrantBox(["secret"]).sign(configId === undefined ? grant : { ...grant, configId });
		expect(new GrantBox(["secret"]).open(text)?.configId).toBe(configId);
	});

	it("keeps the address that it was given to, where nobody can read it", () => {
		const home = { address: "2001:db8:1:2::/64", userAgent: "0a1b2c3d" };
		const text = new GrantBox(["old"]).sign({ ...grant, home });
		expect(new GrantBox(["new", "old"]).open(text)?.home).toEqual(home);
		expect(Buffer.from(text, "base64url").toString("latin1")).not.toContain("2001:db8");
		expect(new GrantBox(["old"]).sign({ ...grant, home })).toBe(text);
	});

	it("is one path segment", () => {
		expect(new GrantBox(["secret"]).sign(grant)).toMatch(/^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{32}$/);
	});

	it("opens while the secret that signed it is still the previous one, and no longer", () => {
		const text = new GrantBox(["old"]).sign(grant);
		expect(new GrantBox(["new", "old"]).open(text)).toEqual(grant);
		expect(new GrantBox(["newer", "new"]).open(text)).toBeNull();
	});

	it("does not open with any character changed, added or left out", () => {
		const text = new GrantBox(["secret"]).sign(grant);
		const box = new GrantBox(["secret"]);
		for (let index = 0; index < text.length; index++) {
			const other = text[index] === "A" ? "B" : "A";
			expect(box.open(text.slice(0, index) + other + text.slice(index + 1))).toBeNull();
			expect(box.open(text.slice(0, index) + text.slice(index + 1))).toBeNull();
		}
		expect(box.open(`${text}A`)).toBeNull();
	});

	it.each(["", ".", "a", "a.b", `.${"A".repeat(32)}`, "a".repeat(20_000)])("does not open from %j", (text) => {
		expect(new GrantBox(["secret"]).open(text)).toBeNull();
	});
});

describe("the claims that a grant carries on", () => {
	it("are those that are judged again", () => {
		const all = {
			accid: "acme",
			aud: ["x"],
			iat: 1,
			exp: 2,
			nbf: 1,
			jti: "j",
			prid: "p",
			tags: ["t"],
			vids: ["v"],
			ip: "192.0.2.1",
			drules: ["d"],
			pro: "aes128",
			pkid: "k",
			vod: { ssai: "s" },
			ua: "u",
			conid: "v",
			maxip: 1,
			maxu: 1,
			uid: "ann",
			climit: 1,
			cbeh: "BLOCK_NEW",
			sid: "s",
			dlimit: 1,
			cexp: 1,
		} as const;
		expect(Object.keys(lastingClaims(all)).toSorted()).toEqual(
			[
				"cbeh",
				"climit",
				"dlimit",
				"drules",
				"iat",
				"ip",
				"jti",
				"maxip",
				"maxu",
				"prid",
				"pro",
				"sid",
				"ua",
				"uid",
				"vod",
			].toSorted(),
		);
	});
});
