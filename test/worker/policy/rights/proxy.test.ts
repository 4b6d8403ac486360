import { describe, expect, it } from "vitest";
import type { Geo } from "../../../../worker/policy/rights/facts.ts";
import { nowhere, verdict } from "./right.ts";

const types = ["anonymous", "public", "corporate", "transparent", "hosting"] as const;

describe("proxies", () => {
	it.each(types)("%s, as a trusted proxy tells it, is refused where blocked and only there", (proxy) => {
		const others = Object.fromEntries(types.map((type) => [type, type !== proxy]));
		const geo = { ...nowhere, proxy };
		expect(verdict({ blocked_proxies: { [proxy]: true } }, { geo })).toBe("rights-proxy-blocked");
		expect(verdict({ blocked_proxies: others }, { geo })).toBe("allowed");
		expect(verdict({}, { geo })).toBe("allowed");
	});

	it.each<[string, Partial<Geo>, readonly string[], string]>([
		["Tor", { country: "T1" }, ["anonymous"], "rights-proxy-blocked"],
		["Tor", { country: "T1" }, ["hosting"], "allowed"],
		["a cloud's network", { country: "US", asn: 16_509 }, ["hosting"], "rights-proxy-blocked"],
		["a cloud's network", { country: "US", asn: 16_509 }, ["anonymous", "public"], "allowed"],
		["a carrier's network", { country: "US", asn: 7018 }, ["hosting", "anonymous"], "allowed"],
		["a corporate proxy in a cloud", { asn: 16_509, proxy: "corporate" }, ["hosting"], "allowed"],
		["no network", {}, [...types], "allowed"],
	])("%s (%o) where %j are blocked: %s", (_what, geo, blocked, expected) => {
		const input = { blocked_proxies: Object.fromEntries(blocked.map((type) => [type, true])) };
		expect(verdict(input, { geo: { ...nowhere, ...geo } })).toBe(expected);
	});
});
