import { addressNumber } from "../../catalog/address-block.ts";
import type { GeoGlobalRule } from "../../catalog/right-schema.ts";
import { type Decision, allow, refuse } from "../../decision/decision.ts";
import { type CompiledRight, type Places, postalKey } from "./compiled.ts";
import type { RightFacts } from "./facts.ts";

/** The client's place, in the form of the compiled lists. Null is unknown and in no list. */
interface Whereabouts {
	readonly address: bigint | null;
	readonly postalCode: string | null;
	readonly marketArea: number | null;
	readonly country: string | null;
}

const has = <T>(set: { has(value: T): boolean }, value: T | null): boolean => value !== null && set.has(value);

/** Whether a place is in a list, from the most specific kind of list to the least. */
const matchers = {
	ip: (list: Places, { address }: Whereabouts) => has(list.addresses, address),
	cidr: (list: Places, { address }: Whereabouts) => has(list.blocks, address),
	zip: (list: Places, { postalCode }: Whereabouts) => has(list.postalCodes, postalCode),
	dma: (list: Places, { marketArea }: Whereabouts) => has(list.marketAreas, marketArea),
	country: (list: Places, { country }: Whereabouts) => has(list.countries, country),
};

type Kind = keyof typeof matchers;
type Step = readonly [list: "allowed" | "blocked", kind: Kind];

const KINDS: readonly Kind[] = ["ip", "cidr", "zip", "dma", "country"];

/** The steps of each rule in their order: the first whose list holds the client decides. */
const ladders: Readonly<Record<GeoGlobalRule, readonly Step[]>> = {
	allow_all: KINDS.map((kind) => ["blocked", kind]),
	block_all: KINDS.map((kind) => ["allowed", kind]),
	"": KINDS.flatMap((kind): Step[] => [
		["blocked", kind],
		["allowed", kind],
	]),
};

/** What becomes of a client that no step decided about. */
const passesAtTheEnd: Readonly<Record<GeoGlobalRule, (right: CompiledRight) => boolean>> = {
	allow_all: () => true,
	block_all: () => false,
	"": ({ allowed }) => allowed.countries.size === 0,
};

/** The geographic ladder (reference: brightcove 5.3, step 1). An address list is a step of it like any other. */
export function judgeGeo(right: CompiledRight, facts: RightFacts): Decision {
	const rule = right.record.geo_global_rule;
	const where = whereabouts(right, facts);
	for (const [list, kind] of ladders[rule]) {
		if (matchers[kind](right[list], where)) return list === "allowed" ? allow() : blocked(kind, where.country);
	}
	return passesAtTheEnd[rule](right) ? allow() : notAllowed(right, where.country);
}

function whereabouts({ allowed, blocked: denied }: CompiledRight, { geoAddress, geo }: RightFacts): Whereabouts {
	const { country, postalCode, metroCode } = geo;
	return {
		address: allowed.hasAddresses || denied.hasAddresses ? addressNumber(geoAddress) : null,
		postalCode: country === null || postalCode === null ? null : postalKey(country, postalCode),
		marketArea: metroCode,
		country,
	};
}

function blocked(kind: Kind, country: string | null): Decision {
	return kind === "ip" || kind === "cidr"
		? refuse({ reason: "rights-ip-blocked" })
		: refuse({ reason: "rights-geo-blocked", by: kind, country });
}

/** Where addresses are all that could have let the client in, its place is not what was wrong. */
function notAllowed({ allowed }: CompiledRight, country: string | null): Decision {
	return allowed.hasAddresses && !allowed.hasRegions
		? refuse({ reason: "rights-ip-not-allowed" })
		: refuse({ reason: "rights-geo-not-allowed", country });
}
