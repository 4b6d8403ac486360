import { isCidr, parseAddressBlock } from "../../catalog/address-block.ts";
import type { RightRecord } from "../../catalog/right-record.ts";
import { DAYS, type ProxyType, parseDomain, parseHours, PROXY_TYPES } from "../../catalog/right-schema.ts";
import { AddressSet } from "./address-set.ts";

/** One side of the geographic rules: what is allowed, or what is blocked. */
export interface Places {
	readonly addresses: ReadonlySet<bigint>;
	readonly blocks: AddressSet;
	readonly postalCodes: ReadonlySet<string>;
	readonly marketAreas: ReadonlySet<number>;
	readonly countries: ReadonlySet<string>;
	/** Whether it names addresses, and whether it names anything else. */
	readonly hasAddresses: boolean;
	readonly hasRegions: boolean;
}

export interface Domains {
	readonly isEmpty: boolean;
	readonly hosts: ReadonlySet<string>;
	/** Hosts whose subdomains are meant. */
	readonly parents: ReadonlySet<string>;
}

/** A right in the form in which it is judged. */
export interface CompiledRight {
	readonly record: RightRecord;
	readonly allowed: Places;
	readonly blocked: Places;
	readonly allowedDomains: Domains;
	readonly blockedDomains: Domains;
	readonly blockedProxies: readonly ProxyType[];
	/** For each hour of the week, from Sunday 00:00 UTC, whether playback is allowed; null when it always is. */
	readonly week: readonly boolean[] | null;
}

const compiled = new WeakMap<RightRecord, CompiledRight>();

/** Made once for each record: the catalog keeps a record the same object while its text in KV stays the same. */
export function compileRight(record: RightRecord): CompiledRight {
	const known = compiled.get(record);
	if (known) return known;
	const { geo } = record;
	const made: CompiledRight = {
		record,
		allowed: places(record.allowed_ips, geo.allowed_zip_codes, geo.allowed_dmas, geo.allowed_countries),
		blocked: places(record.blocked_ips, geo.blocked_zip_codes, geo.blocked_dmas, geo.blocked_countries),
		allowedDomains: domains(record.allowed_domains),
		blockedDomains: domains(record.blocked_domains),
		blockedProxies: PROXY_TYPES.filter((type) => record.blocked_proxies[type]),
		week: week(record),
	};
	compiled.set(record, made);
	return made;
}

type Texts = readonly string[];

function places(ips: Texts, zips: Texts, dmas: readonly number[], countries: Texts): Places {
	const blocksOf = (texts: Texts) => texts.map(parseAddressBlock).filter((block) => block !== null);
	return {
		addresses: new Set(blocksOf(ips.filter((text) => !isCidr(text))).map(({ first }) => first)),
		blocks: new AddressSet(blocksOf(ips.filter(isCidr))),
		postalCodes: new Set(zips.map((zip) => postalKey(zip.slice(0, 2), zip.slice(3)))),
		marketAreas: new Set(dmas),
		countries: new Set(countries),
		hasAddresses: ips.length > 0,
		hasRegions: zips.length > 0 || dmas.length > 0 || countries.length > 0,
	};
}

/** Postal codes are compared without the spaces and dashes that some countries write and others leave out. */
export const postalKey = (country: string, code: string): string =>
	`${country}-${code.toUpperCase().replaceAll(/[^A-Z0-9]/g, "")}`;

function domains(texts: Texts): Domains {
	const parsed = texts.map(parseDomain).filter((domain) => domain !== null);
	const hostsOf = (subdomains: boolean) =>
		new Set(parsed.filter((domain) => domain.subdomains === subdomains).map(({ host }) => host));
	return { isEmpty: texts.length === 0, hosts: hostsOf(false), parents: hostsOf(true) };
}

/** Hours past 23 belong to the day before: Friday's "22-26" is open until Saturday, 02:00, also where Saturday is not allowed. */
function week({ allowed_days: days, allowed_hours: hours }: RightRecord): readonly boolean[] | null {
	if (days.length === 0 && hours.length === 0) return null;
	const open = Array.from({ length: 168 }, () => false);
	const ranges = hours.length === 0 ? [[0, 24] as const] : hours.map(parseHours).filter((range) => range !== null);
	for (const [index, day] of DAYS.entries()) {
		if (days.length > 0 && !days.includes(day)) continue;
		for (const [from, to] of ranges) {
			for (let hour = from; hour < to; hour += 1) open[(index * 24 + hour) % 168] = true;
		}
	}
	return open;
}
