import { describe, expect, it } from "vitest";
import { acceptRight, readRight, writeRight } from "../../../worker/catalog/right-record.ts";

const place = { account: "acme", id: "r-1" };

function issuesOf(input: unknown, at = ""): readonly string[] {
	const accepted = acceptRight(input, { ...place, at });
	return accepted.ok ? [] : accepted.issues;
}

const COUNTRY = "must be a country code of ISO 3166-1 alpha-2, in capitals";
const ADDRESS = "must be an IPv4 or IPv6 address, or a block of them such as 192.0.2.0/24";
const HOURS = 'must be hours from 0 to 48, the end after the start, such as "20-26"';
const ZIP = 'must be a country code, "-" and a postal code, in capitals, such as US-90045';
const DOMAIN =
	"must be a host name such as www.example.com, or *.example.com for its subdomains; no scheme, port or path";

describe("a right that a user writes", () => {
	it.each<[string, unknown, string]>([
		["no object", [], "the body: must be an object"],
		["an unknown field", { geos: {} }, "geos: is not a known field"],
		["an unknown field of geo", { geo: { countries: [] } }, "geo.countries: is not a known field"],
		["a flag as text", { disabled: "true" }, "disabled: must be true or false"],
		["an unknown rule", { geo_global_rule: "allow" }, 'geo_global_rule: must be "", "allow_all" or "block_all"'],
		["a list that is none", { allowed_ips: "192.0.2.1" }, "allowed_ips: must be a list"],
		["a country in lower case", { geo: { allowed_countries: ["us"] } }, `geo.allowed_countries[0]: ${COUNTRY}`],
		["a country that is none", { geo: { blocked_countries: ["US", "MIX"] } }, `geo.blocked_countries[1]: ${COUNTRY}`],
		["a postal code without country", { geo: { allowed_zip_codes: ["90045"] } }, `geo.allowed_zip_codes[0]: ${ZIP}`],
		["a postal code of no country", { geo: { blocked_zip_codes: ["QQ-1"] } }, `geo.blocked_zip_codes[0]: ${ZIP}`],
		["a market area as text", { geo: { allowed_dmas: ["803"] } }, "geo.allowed_dmas[0]: must be a number"],
		["an address that is none", { allowed_ips: ["192.0.2.1", "192.0.2"] }, `allowed_ips[1]: ${ADDRESS}`],
		["a block that is too narrow", { blocked_ips: ["0.0.0.0/40"] }, `blocked_ips[0]: ${ADDRESS}`],
		["an unknown proxy", { blocked_proxies: { vpn: true } }, "blocked_proxies.vpn: is not a known field"],
		["a domain with scheme", { allowed_domains: ["https://a.example"] }, `allowed_domains[0]: ${DOMAIN}`],
		["a domain with port", { allowed_domains: ["a.example:80"] }, `allowed_domains[0]: ${DOMAIN}`],
		["a domain with a star inside", { blocked_domains: ["a.*.example"] }, `blocked_domains[0]: ${DOMAIN}`],
		["a star alone", { blocked_domains: ["*"] }, `blocked_domains[0]: ${DOMAIN}`],
		["a time as text", { start_time: "1571242764" }, "start_time: must be a number"],
		["milliseconds", { end_time: 1e15 }, "end_time: must be seconds since 1970, not milliseconds"],
		["an end at its start", { start_time: 9, end_time: 9 }, "end_time: must be after start_time"],
		["an unknown day", { allowed_days: ["Mon"] }, "allowed_days[0]: must be one of sun, mon, tue, wed, thu, fri, sat"],
		["hours backwards", { allowed_hours: ["22-2"] }, `allowed_hours[0]: ${HOURS}`],
		["no hours at all", { allowed_hours: ["3-3"] }, `allowed_hours[0]: ${HOURS}`],
		["hours past the next day", { allowed_hours: ["40-49"] }, `allowed_hours[0]: ${HOURS}`],
		["one hour", { allowed_hours: ["3"] }, `allowed_hours[0]: ${HOURS}`],
		["another id", { id: "other" }, 'id: must be "r-1", as in the path'],
		["too many addresses", { allowed_ips: Array(10_001).fill("::1") }, "allowed_ips: must have at most 10000 entries"],
	])("with %s is refused, and the place is named", (_what, input, issue) => {
		expect(issuesOf(input)).toEqual([issue]);
	});

	it("tells all mistakes of a kind at once, below the place of the record in its file", () => {
		const input = { allowed_ips: ["x", "::1", "y"], geo: { allowed_countries: ["XX"] } };
		expect(issuesOf(input, "rights[2]")).toEqual([
			`rights[2].geo.allowed_countries[0]: ${COUNTRY}`,
			`rights[2].allowed_ips[0]: ${ADDRESS}`,
			`rights[2].allowed_ips[2]: ${ADDRESS}`,
		]);
		expect(issuesOf({ blocked_ips: Array(500).fill("x") })).toHaveLength(20);
	});

	it("has an error of its own for a country or address only where nothing else is wrong", () => {
		const invalidOf = (input: unknown) => {
			const accepted = acceptRight(input, place);
			return accepted.ok ? null : accepted.invalid;
		};
		expect(invalidOf({ geo: { allowed_countries: ["US", "MIX"] } })).toMatchObject({ kind: "country", value: "MIX" });
		expect(invalidOf({ blocked_ips: ["0.0.0.0/40"] })).toMatchObject({ kind: "ip", value: "0.0.0.0/40" });
		expect(invalidOf({ blocked_ips: ["0.0.0.0/40"], start_time: 2, end_time: 1 })).toBeNull();
		expect(invalidOf({ blocked_ips: ["0.0.0.0/40"], disabled: 1 })).toBeNull();
	});

	it("may leave out everything, and write null for what it does not set", () => {
		const empty = acceptRight({}, place);
		const nulls = {
			name: null,
			geo: null,
			blocked_proxies: null,
			allowed_days: null,
			start_time: null,
			disabled: null,
		};
		expect(empty).toMatchObject({
			ok: true,
			isDefault: false,
			value: { id: "r-1", account_id: "acme", allowed_ips: [] },
		});
		expect(acceptRight(nulls, place)).toEqual(empty);
	});

	it("may name Kosovo, which the platform tells though no standard does", () => {
		expect(issuesOf({ geo: { allowed_countries: ["XK"], allowed_zip_codes: ["XK-10000"] } })).toEqual([]);
	});
});

describe("a stored right", () => {
	it("is read as it was written", () => {
		const input = { name: "EU", geo: { allowed_countries: ["FR"] }, allowed_ips: ["2001:db8::/32"], is_default: true };
		const accepted = acceptRight(input, place);
		if (!accepted.ok) throw new Error(accepted.issues.join());
		expect(readRight(writeRight(accepted.value))).toMatchObject({ ok: true, value: accepted.value });
	});

	it.each([
		["no JSON", "{", "the record is not JSON"],
		["another schema", '{"schema":2,"account":"acme","id":"r","right":{}}', "schema: must be 1"],
		[
			"a rule that cannot be read",
			'{"schema":1,"account":"acme","id":"r","right":{"blocked_ips":["10.0.0.0/99"]}}',
			`right.blocked_ips[0]: ${ADDRESS}`,
		],
	])("that is %s is refused", (_what, text, issue) => {
		expect(readRight(text)).toMatchObject({ ok: false, issues: [issue] });
	});
});
