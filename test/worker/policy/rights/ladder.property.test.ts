import fc from "fast-check";
import { expect, it } from "vitest";
import type { Geo } from "../../../../worker/policy/rights/facts.ts";
import { NOON, nowhere, verdict } from "./right.ts";

/** A right of small vocabularies, so that lists and clients meet often. */
const some = <T>(...values: readonly T[]) => fc.subarray([...values]);
const maybe = (...values: readonly string[]) => fc.oneof(fc.constant<string[]>([]), some(...values));
const rights = fc.record({
	geo_global_rule: fc.constantFrom("", "allow_all", "block_all"),
	allowed_ips: some("10.0.0.1", "10.0.0.0/30", "2001:db8::/32"),
	blocked_ips: some("10.0.0.1", "10.0.0.2", "10.0.0.2/31", "2001:db8::1"),
	geo: fc.record({
		allowed_countries: some("US", "CA"),
		blocked_countries: some("US", "MX"),
		allowed_zip_codes: some("US-90045", "CA-M6C1C7"),
		blocked_zip_codes: some("US-90045", "US-10001"),
		allowed_dmas: some(501, 803),
		blocked_dmas: some(803),
	}),
	start_time: fc.constantFrom(null, NOON - 86_400, NOON),
	end_time: fc.constantFrom(null, NOON + 3600, NOON + 90_000),
	allowed_days: maybe("mon", "tue", "wed", "thu"),
	allowed_hours: maybe("11-13", "13-14", "20-37", "0-24"),
	blocked_proxies: fc.record({ anonymous: fc.boolean(), hosting: fc.boolean() }),
	allowed_domains: maybe("a.example", "*.a.example"),
	blocked_domains: maybe("b.example", "*.b.a.example"),
});
type Right = typeof rights extends fc.Arbitrary<infer T> ? T : never;

const clients = fc.record({
	nowSeconds: fc.integer({ min: -30, max: 30 }).map((hours) => NOON + hours * 3600),
	geoAddress: fc.constantFrom("10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4", "2001:db8::1", "2001:db8::2", "unknown"),
	country: fc.constantFrom("US", "CA", "MX", "T1", null),
	postalCode: fc.constantFrom("90045", "10001", "M6C 1C7", null),
	metroCode: fc.constantFrom(501, 803, null),
	proxy: fc.constantFrom("anonymous" as const, "hosting" as const, "corporate" as const, null),
	origin: fc.constantFrom(
		null,
		"https://a.example",
		"https://x.a.example",
		"https://b.example",
		"https://c.b.a.example",
	),
});
type Client = typeof clients extends fc.Arbitrary<infer T> ? T : never;

/** What each entry of the vocabulary stands for, written out. */
const members: Readonly<Record<string, readonly string[]>> = {
	"10.0.0.1": ["10.0.0.1"],
	"10.0.0.2": ["10.0.0.2"],
	"2001:db8::1": ["2001:db8::1"],
	"10.0.0.0/30": ["10.0.0.1", "10.0.0.2", "10.0.0.3"],
	"10.0.0.2/31": ["10.0.0.2", "10.0.0.3"],
	"2001:db8::/32": ["2001:db8::1", "2001:db8::2"],
	"a.example": ["https://a.example"],
	"b.example": ["https://b.example"],
	"*.a.example": ["https://x.a.example", "https://c.b.a.example"],
	"*.b.a.example": ["https://c.b.a.example"],
};
const standsFor = (entry: string, value: string | null) => value !== null && (members[entry] ?? []).includes(value);

function geography(right: Right, client: Client): string | null {
	const { geo } = right;
	const isCidr = (entry: string) => entry.includes("/");
	const inIps = (list: readonly string[]) =>
		list.some((entry) => !isCidr(entry) && standsFor(entry, client.geoAddress));
	const inCidrs = (list: readonly string[]) =>
		list.some((entry) => isCidr(entry) && standsFor(entry, client.geoAddress));
	const inZips = (list: readonly string[]) =>
		list.some((zip) => zip === `${client.country}-${client.postalCode?.replace(" ", "")}`);
	const inDmas = (list: readonly number[]) => list.some((dma) => dma === client.metroCode);
	const inCountries = (list: readonly string[]) => list.some((country) => country === client.country);
	const refused =
		right.allowed_ips.length > 0 &&
		Object.entries(geo).every(([name, list]) => !name.startsWith("allowed") || list.length === 0)
			? "rights-ip-not-allowed"
			: "rights-geo-not-allowed";

	if (right.geo_global_rule === "allow_all") {
		if (inIps(right.blocked_ips) || inCidrs(right.blocked_ips)) return "rights-ip-blocked";
		const blocked = inZips(geo.blocked_zip_codes) || inDmas(geo.blocked_dmas) || inCountries(geo.blocked_countries);
		return blocked ? "rights-geo-blocked" : null;
	}
	if (right.geo_global_rule === "block_all") {
		if (inIps(right.allowed_ips) || inCidrs(right.allowed_ips)) return null;
		const allowed = inZips(geo.allowed_zip_codes) || inDmas(geo.allowed_dmas) || inCountries(geo.allowed_countries);
		return allowed ? null : refused;
	}
	if (inIps(right.blocked_ips)) return "rights-ip-blocked";
	if (inIps(right.allowed_ips)) return null;
	if (inCidrs(right.blocked_ips)) return "rights-ip-blocked";
	if (inCidrs(right.allowed_ips)) return null;
	if (inZips(geo.blocked_zip_codes)) return "rights-geo-blocked";
	if (inZips(geo.allowed_zip_codes)) return null;
	if (inDmas(geo.blocked_dmas)) return "rights-geo-blocked";
	if (inDmas(geo.allowed_dmas)) return null;
	if (inCountries(geo.blocked_countries)) return "rights-geo-blocked";
	if (geo.allowed_countries.length === 0) return null;
	return inCountries(geo.allowed_countries) ? null : refused;
}

function schedule(right: Right, { nowSeconds }: Client): string | null {
	if (right.start_time !== null && nowSeconds < right.start_time) return "rights-not-started";
	if (right.end_time !== null && nowSeconds >= right.end_time) return "rights-ended";
	const names = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
	const isOpen = (daysBack: number): boolean => {
		const day = names[new Date((nowSeconds - daysBack * 86_400) * 1000).getUTCDay()] ?? "";
		const hour = new Date(nowSeconds * 1000).getUTCHours() + daysBack * 24;
		const hours = right.allowed_hours.length === 0 ? ["0-24"] : right.allowed_hours;
		return (
			(right.allowed_days.length === 0 || right.allowed_days.includes(day)) &&
			hours.some((range) => hour >= Number(range.split("-")[0]) && hour < Number(range.split("-")[1]))
		);
	};
	if (isOpen(0) || isOpen(1)) return null;
	const today = names[new Date(nowSeconds * 1000).getUTCDay()] ?? "";
	const isDay = right.allowed_days.length === 0 || right.allowed_days.includes(today);
	return isDay ? "rights-hour-not-allowed" : "rights-day-not-allowed";
}

function proxy({ blocked_proxies: blocked }: Right, client: Client): string | null {
	const anonymous = client.proxy === "anonymous" || client.country === "T1";
	const hosting = client.proxy === "hosting";
	return (anonymous && blocked.anonymous) || (hosting && blocked.hosting) ? "rights-proxy-blocked" : null;
}

function domain(right: Right, { origin }: Client): string | null {
	if (right.blocked_domains.some((entry) => standsFor(entry, origin))) return "rights-domain-blocked";
	if (right.allowed_domains.length === 0) return null;
	return right.allowed_domains.some((entry) => standsFor(entry, origin)) ? null : "rights-domain-not-allowed";
}

it("a right is judged as the ladder written out step by step says", () => {
	const reasons = new Set<string>();
	fc.assert(
		fc.property(rights, clients, (right, client) => {
			const { nowSeconds, geoAddress, origin, ...place } = client;
			const geo: Geo = { ...nowhere, ...place };
			const expected =
				geography(right, client) ??
				schedule(right, client) ??
				proxy(right, client) ??
				domain(right, client) ??
				"allowed";
			reasons.add(expected);
			expect(verdict(right, { nowSeconds, geoAddress, origin, geo })).toBe(expected);
		}),
		{ seed: 20_261_125, numRuns: 3000 },
	);
	expect([...reasons].toSorted()).toEqual([
		"allowed",
		"rights-day-not-allowed",
		"rights-domain-blocked",
		"rights-domain-not-allowed",
		"rights-ended",
		"rights-geo-blocked",
		"rights-geo-not-allowed",
		"rights-hour-not-allowed",
		"rights-ip-blocked",
		"rights-ip-not-allowed",
		"rights-not-started",
		"rights-proxy-blocked",
	]);
});
