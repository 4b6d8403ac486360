import { describe, expect, it } from "vitest";
import { verdict } from "./right.ts";

const page = (origin: string | null, referer: string | null = null) => ({ origin, referer });

describe("domains", () => {
	it.each<[string, string, boolean]>([
		["www.example.com", "https://www.example.com", true],
		["www.example.com", "http://www.example.com:8080", true],
		["someDomain.com", "https://SOMEDOMAIN.com", true],
		["www.example.com", "https://example.com", false],
		["example.com", "https://www.example.com", false],
		["example.com", "https://example.com.evil.test", false],
		["example.com", "https://evil-example.com", false],
		["example.com", "https://example.com@evil.test", false],
		["example.com", "https://example.com.", true],
		["*.example.com", "https://www.example.com", true],
		["*.example.com", "https://a.b.example.com", true],
		["*.example.com", "https://example.com", false],
		["*.example.com", "https://www.badexample.com", false],
		["*.example.com", "https://example.com.evil.test", false],
		["münchen.example", "https://xn--mnchen-3ya.example", true],
		["localhost", "capacitor://localhost", true],
		["127.0.0.1", "http://127.0.0.1:3000", true],
	])("%s and a page of %s: %s", (domain, origin, matches) => {
		expect(verdict({ allowed_domains: [domain] }, page(origin))).toBe(
			matches ? "allowed" : "rights-domain-not-allowed",
		);
		expect(verdict({ blocked_domains: [domain] }, page(origin))).toBe(matches ? "rights-domain-blocked" : "allowed");
	});

	it("that are blocked go before those that are allowed", () => {
		const input = { allowed_domains: ["*.example.com"], blocked_domains: ["old.example.com"] };
		expect(verdict(input, page("https://old.example.com"))).toBe("rights-domain-blocked");
		expect(verdict(input, page("https://new.example.com"))).toBe("allowed");
	});

	it.each<[string, string | null, string | null, string]>([
		["Origin before Referer", "https://good.example", "https://bad.example/page", "allowed"],
		["Referer without Origin", null, "https://good.example/page?q=1", "allowed"],
		["Referer beside an opaque Origin", "null", "https://good.example/page", "allowed"],
		["neither", null, null, "rights-domain-not-allowed"],
		["an opaque Origin", "null", null, "rights-domain-not-allowed"],
		["an Origin without host", "file:///page.html", null, "rights-domain-not-allowed"],
		["an Origin longer than any name", `app://${"a".repeat(254)}`, "https://good.example", "allowed"],
		["something that is no URL", "good.example", "/page", "rights-domain-not-allowed"],
	])("are read from %s", (_what, origin, referer, expected) => {
		expect(verdict({ allowed_domains: ["good.example"] }, page(origin, referer))).toBe(expected);
	});

	it("that are blocked let a request pass that names no page", () => {
		expect(verdict({ blocked_domains: ["bad.example"] }, page(null))).toBe("allowed");
	});
});
