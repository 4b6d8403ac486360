import { describe, expect, it } from "vitest";
import { type AuditedDecision, COLUMNS } from "../../../worker/audit/contract.ts";
import { normaliseAddress } from "../../../worker/client-address.ts";
import { rowOf } from "../../../worker/audit/row.ts";
import { decisionOf } from "../../support/audit.ts";

const cellsOf = (change: Partial<AuditedDecision>) =>
	Object.fromEntries(rowOf(decisionOf(change)).map((cell, index) => [COLUMNS[index], cell]));

describe("what is kept of a decision", () => {
	it("when it was allowed", () => {
		expect(cellsOf({ decisionId: "d1", atMs: Date.UTC(2026, 10, 22, 7) })).toEqual({
			time: "2026-11-22T07:00:00.000Z",
			decision_id: "d1",
			allowed: true,
			status: 200,
			reason: null,
			detail: null,
			method: "GET",
			path: "/playback/v1/accounts/acme/videos/clip/master.m3u8",
			video_id: "clip",
			token_id: "token-hash",
			key_id: "2026-11",
			uid: "ann",
			country: "DE",
			asn: 64_500,
			address: "203.0.113.0/24",
			user_agent: "Player/1.0",
		});
	});

	it("when it was refused: the true reason, and what it tells", () => {
		const refusal = { reason: "claim-invalid", claim: "climit", detail: "must be at least 1" } as const;
		expect(cellsOf({ refusal, status: 401 })).toMatchObject({
			allowed: false,
			status: 401,
			reason: "claim-invalid",
			detail: '{"claim":"climit","detail":"must be at least 1"}',
		});
		expect(cellsOf({ refusal: { reason: "key-unknown" } })).toMatchObject({ reason: "key-unknown", detail: null });
	});

	it.each([
		["203.0.113.255", "203.0.113.0/24"],
		["0.0.0.0", "0.0.0.0/24"],
		["2001:db8:1:2:3:4:5:6", "2001:db8:1::/48"],
		["2001:db8::1", "2001:db8:0::/48"],
		["::ffff:203.0.113.7", "203.0.113.0/24"],
		["fe80::1%eth0", "fe80:0:0::/48"],
		["::1", "0:0:0::/48"],
		["unknown", null],
		["", null],
		["203.0.113", null],
		["203.0.113.7, 198.51.100.1", null],
		["=1+1", null],
	])("of the address %s its network: %s", (address, network) => {
		expect(cellsOf({ address: normaliseAddress(address) })["address"]).toBe(network);
	});

	it.each([
		["/g/secret-grant.mac/low/seg0.ts", "/g/*/low/seg0.ts"],
		["/g/secret-grant.mac", "/g/*"],
		[
			"/playback/v1/accounts/a/videos/aaaaaaaaaaaa.bbbbbbbbbbbb.cccc/master.m3u8",
			"/playback/v1/accounts/a/videos/*/master.m3u8",
		],
		["/v1/audit/reports/secret", "/v1/audit/reports/*"],
		[`/${"x".repeat(400)}`, `/${"x".repeat(299)}`],
	])("of the path %s no grant and no token", (path, safe) => {
		expect(cellsOf({ path })["path"]).toBe(safe);
	});

	it.each([
		["de", "DE"],
		["T1", "T1"],
		["DEU", null],
		["=1", null],
		["", null],
		[7, null],
		[null, null],
		[undefined, null],
	])("of the country %s: %s", (country, kept) => {
		expect(cellsOf({ country })["country"]).toBe(kept);
	});

	it("of a User-Agent its beginning, of a network's number nothing but a number", () => {
		expect(cellsOf({ userAgent: "x".repeat(1000) })["user_agent"]).toBe("x".repeat(256));
		expect(cellsOf({ asn: "=cmd" })["asn"]).toBeNull();
	});
});
