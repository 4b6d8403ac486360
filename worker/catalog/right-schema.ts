import * as v from "valibot";
import { isCountry } from "./countries.ts";
import { flag, list, text, whole } from "./fields.ts";
import { object } from "./issues.ts";
import { idSchema, epochSeconds } from "./video-schema.ts";

export const GEO_GLOBAL_RULES = ["", "allow_all", "block_all"] as const;
export const PROXY_TYPES = ["anonymous", "public", "corporate", "transparent", "hosting"] as const;
/** Days of the week in the order of `Date.getUTCDay`. */
export const DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"] as const;

export type GeoGlobalRule = (typeof GEO_GLOBAL_RULES)[number];
export type ProxyType = (typeof PROXY_TYPES)[number];

const short = text(64);
const off = v.nullish(flag, false);
/** Absent and null are the empty list: some clients write null for a list that they do not set. */
const listOrNone = <S extends v.GenericSchema>(item: S, most: number) => v.nullish(list(item, most), []);

const postalCode = v.pipe(
	short,
	v.check(
		(text) => /^[A-Z]{2}-[A-Z0-9][A-Z0-9 -]{0,15}$/.test(text) && isCountry(text.slice(0, 2)),
		'must be a country code, "-" and a postal code, in capitals, such as US-90045',
	),
);

const marketArea = whole(1, 9999);

/** `"22-26"`: from 22:00 to 01:59 of the day after, UTC. The end is not included. */
const hourRange = v.pipe(
	short,
	v.check((text) => parseHours(text) !== null, 'must be hours from 0 to 48, the end after the start, such as "20-26"'),
);

/** Hours as `[start, end)`, counted from 00:00 UTC of the day that they belong to, 24 and more on the next; null when they are none. */
export function parseHours(text: string): readonly [number, number] | null {
	const [, start, end] = /^(\d{1,2})-(\d{1,2})$/.exec(text) ?? [];
	if (start === undefined || end === undefined) return null;
	const [from, to] = [Number(start), Number(end)];
	return from < to && to <= 48 ? [from, to] : null;
}

const domain = v.pipe(
	text(255),
	v.check(
		(text) => parseDomain(text) !== null,
		"must be a host name such as www.example.com, or *.example.com for its subdomains; no scheme, port or path",
	),
);

/** A domain of a right: its host in lower case and Punycode, and whether it stands for the subdomains of that host instead. */
export function parseDomain(text: string): { readonly host: string; readonly subdomains: boolean } | null {
	const subdomains = text.startsWith("*.");
	const name = subdomains ? text.slice(2) : text;
	if (!/^[^\s/\\:@?#%*[\]]+$/.test(name) || !URL.canParse(`http://${name}`)) return null;
	return { host: canonicalHost(new URL(`http://${name}`).hostname), subdomains };
}

/** Host names are one whatever their case and with or without the dot of the root. */
export const canonicalHost = (host: string): string => host.toLowerCase().replace(/\.$/, "");

/**
 * A playback right (reference: brightcove 5.2). Times are seconds since 1970. Countries and addresses are only bounded here:
 * a wrong one is an error of its own kind (`acceptRight`).
 */
export const rightSchema = object({
	id: v.optional(idSchema),
	name: v.nullish(text(1000), ""),
	allow_insecure: off,
	disabled: off,
	is_default: off,
	geo_global_rule: v.nullish(v.picklist(GEO_GLOBAL_RULES, 'must be "", "allow_all" or "block_all"'), ""),
	geo: v.nullish(
		object({
			allowed_countries: listOrNone(short, 300),
			blocked_countries: listOrNone(short, 300),
			allowed_zip_codes: listOrNone(postalCode, 50_000),
			blocked_zip_codes: listOrNone(postalCode, 50_000),
			allowed_dmas: listOrNone(marketArea, 1000),
			blocked_dmas: listOrNone(marketArea, 1000),
		}),
		{},
	),
	allowed_ips: listOrNone(short, 10_000),
	blocked_ips: listOrNone(short, 10_000),
	blocked_proxies: v.nullish(
		object({ anonymous: off, public: off, corporate: off, transparent: off, hosting: off }),
		{},
	),
	allowed_domains: listOrNone(domain, 1000),
	blocked_domains: listOrNone(domain, 1000),
	start_time: v.nullish(epochSeconds, null),
	end_time: v.nullish(epochSeconds, null),
	allowed_days: listOrNone(v.picklist(DAYS, `must be one of ${DAYS.join(", ")}`), 7),
	allowed_hours: listOrNone(hourRange, 48),
});

export type RightInput = v.InferOutput<typeof rightSchema>;
