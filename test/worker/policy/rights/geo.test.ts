import { describe, expect, it } from "vitest";
import { type Geo, readGeo } from "../../../../worker/policy/rights/facts.ts";
import { judgeRight } from "../../../../worker/policy/rights/rights.ts";
import { facts, nowhere, right, verdict } from "./right.ts";

const angeleno: Geo = { ...nowhere, country: "US", continent: "NA", postalCode: "90045", metroCode: 803 };
const HOME = "203.0.113.7";

/** One rule of each kind that holds the client, from the most specific to the least. */
const lists = {
	ip: ["ips", ["203.0.113.7"]],
	cidr: ["ips", ["203.0.113.0/24"]],
	zip: ["zip_codes", ["US-90045"]],
	dma: ["dmas", [803]],
	country: ["countries", ["US"]],
} as const;
type Kind = keyof typeof lists;
const kinds = Object.keys(lists) as Kind[];

function rule(side: "allowed" | "blocked", kind: Kind): Record<string, unknown> {
	const [name, values] = lists[kind];
	return name === "ips" ? { [`${side}_ips`]: values } : { geo: { [`${side}_${name}`]: values } };
}

/** Both rules in one right. */
function both(first: Record<string, unknown>, second: Record<string, unknown>): Record<string, unknown> {
	return { ...first, ...second, geo: { ...(first["geo"] as object), ...(second["geo"] as object) } };
}

const blockedReason = (kind: Kind) => (kind === "ip" || kind === "cidr" ? "rights-ip-blocked" : "rights-geo-blocked");
const seen = (input: Record<string, unknown>, geo: Geo = angeleno) => verdict(input, { geoAddress: HOME, geo });

describe("without a global rule", () => {
	it.each(kinds)("a blocked %s is refused", (kind) => {
		expect(seen(rule("blocked", kind))).toBe(blockedReason(kind));
	});

	it.each(kinds)("an allowed %s passes", (kind) => {
		expect(seen(rule("allowed", kind))).toBe("allowed");
	});

	const pairs = kinds.flatMap((kind, index) => kinds.slice(index).map((other) => [kind, other] as const));
	it.each(pairs)("a blocked %s goes before an allowed %s", (blocked, allowed) => {
		expect(seen(both(rule("blocked", blocked), rule("allowed", allowed)))).toBe(blockedReason(blocked));
	});

	it.each(pairs.filter(([first, second]) => first !== second))(
		"an allowed %s goes before a blocked %s",
		(allowed, blocked) => {
			expect(seen(both(rule("allowed", allowed), rule("blocked", blocked)))).toBe("allowed");
		},
	);

	it.each<[string, Record<string, unknown>, string]>([
		["nothing set", {}, "allowed"],
		["only other countries allowed", { geo: { allowed_countries: ["FR", "DE"] } }, "rights-geo-not-allowed"],
		["only other addresses allowed", { allowed_ips: ["198.51.100.1"] }, "allowed"],
		["only other postal codes allowed", { geo: { allowed_zip_codes: ["US-10001"] } }, "allowed"],
		[
			"an allowed address in a country that is not",
			{ allowed_ips: [HOME], geo: { allowed_countries: ["FR"] } },
			"allowed",
		],
		["empty lists", { allowed_ips: [], geo: { allowed_countries: [] } }, "allowed"],
		["lists that are null", { allowed_ips: null, geo: { allowed_countries: null } }, "allowed"],
		["a rule that is null", { geo_global_rule: null, geo: { blocked_countries: ["US"] } }, "rights-geo-blocked"],
	])("with %s", (_what, input, expected) => {
		expect(seen(input)).toBe(expected);
	});
});

describe("allow_all", () => {
	it.each(kinds)("refuses a blocked %s, whatever is allowed", (kind) => {
		const everything = kinds.map((other) => rule("allowed", other)).reduce(both);
		expect(seen({ geo_global_rule: "allow_all", ...both(everything, rule("blocked", kind)) })).toBe(
			blockedReason(kind),
		);
	});

	it("passes everyone else, also where countries are allowed", () => {
		expect(seen({ geo_global_rule: "allow_all", geo: { allowed_countries: ["FR"] } })).toBe("allowed");
	});
});

describe("block_all", () => {
	it.each(kinds)("passes an allowed %s, whatever is blocked", (kind) => {
		const everything = kinds.map((other) => rule("blocked", other)).reduce(both);
		expect(seen({ geo_global_rule: "block_all", ...both(everything, rule("allowed", kind)) })).toBe("allowed");
	});

	it.each<[string, Record<string, unknown>, string]>([
		["nothing set", {}, "rights-geo-not-allowed"],
		["another country", { geo: { allowed_countries: ["FR"] } }, "rights-geo-not-allowed"],
		["other addresses only", { allowed_ips: ["198.51.100.0/24"] }, "rights-ip-not-allowed"],
		[
			"another address and another country",
			{ allowed_ips: ["198.51.100.1"], geo: { allowed_countries: ["FR"] } },
			"rights-geo-not-allowed",
		],
	])("refuses everyone else: %s allowed", (_what, input, expected) => {
		expect(seen({ geo_global_rule: "block_all", ...input })).toBe(expected);
	});
});

describe("an unknown place", () => {
	it("is in no list", () => {
		const everywhere = { blocked_countries: ["US"], blocked_zip_codes: ["US-90045"], blocked_dmas: [803] };
		expect(seen({ geo: everywhere }, nowhere)).toBe("allowed");
		expect(seen({ geo: { allowed_countries: ["US"] } }, nowhere)).toBe("rights-geo-not-allowed");
	});

	it("is an address that is none", () => {
		expect(verdict({ blocked_ips: ["0.0.0.0/0", "::/0"] }, { geoAddress: "unknown" })).toBe("allowed");
		const input = { geo_global_rule: "block_all", allowed_ips: ["0.0.0.0/0", "::/0"] };
		expect(verdict(input, { geoAddress: "unknown" })).toBe("rights-ip-not-allowed");
	});
});

describe("a postal code", () => {
	it.each<[string, string, string, string]>([
		["US-90045", "US", "90045", "rights-geo-blocked"],
		["US-90045", "US", "90046", "allowed"],
		["US-90045", "MX", "90045", "allowed"],
		["CA-M6C1C7", "CA", "M6C 1C7", "rights-geo-blocked"],
		["GB-SW1A 1AA", "GB", "sw1a1aa", "rights-geo-blocked"],
		["PL-00-950", "PL", "00950", "rights-geo-blocked"],
		["CA-M6C", "CA", "M6C 1C7", "allowed"],
	])("%s against %s %s: %s", (zip, country, postalCode, expected) => {
		const geo = readGeo({ country, postalCode });
		expect(verdict({ geo: { blocked_zip_codes: [zip] } }, { geo })).toBe(expected);
	});
});

describe("the refusal", () => {
	it("tells the rule and the country", () => {
		const input = right({ geo: { blocked_dmas: [803] } });
		expect(judgeRight(input, { ...facts, geo: angeleno })).toEqual({
			allowed: false,
			refusal: { reason: "rights-geo-blocked", by: "dma", country: "US" },
		});
	});
});

describe("geography as the platform tells it", () => {
	it.each<[string, Record<string, unknown>, Partial<Geo>]>([
		[
			"request.cf",
			{ country: "US", continent: "NA", postalCode: "90045", metroCode: "803", asn: 7018, colo: "LAX" },
			{ country: "US", continent: "NA", postalCode: "90045", metroCode: 803, asn: 7018 },
		],
		[
			"a trusted proxy",
			{ country: "us", metroCode: 803, proxy: "hosting" },
			{ country: "US", metroCode: 803, proxy: "hosting" },
		],
		["nothing", {}, {}],
		[
			"nonsense",
			{ country: 7, continent: "", postalCode: "9".repeat(33), metroCode: "80e3", asn: 1.5, proxy: "vpn" },
			{},
		],
	])("%s", (_what, source, expected) => {
		expect(readGeo(source)).toEqual({ ...nowhere, ...expected });
	});
});
