import { PROXY_TYPES, type ProxyType } from "../../catalog/right-schema.ts";

/** Where the client's connection comes from. Null is what is not known: it matches no list. */
export interface Geo {
	/** ISO 3166-1 alpha-2, or "T1" for Tor. */
	readonly country: string | null;
	readonly continent: string | null;
	readonly postalCode: string | null;
	/** Nielsen designated market area. */
	readonly metroCode: number | null;
	/** Autonomous system of the network. */
	readonly asn: number | null;
	/** Told by a trusted proxy; the platform itself classifies none. */
	readonly proxy: ProxyType | null;
}

/** What a playback right is judged on. */
export interface RightFacts {
	readonly nowSeconds: number;
	/** Address that the `ip` claim of the token names, else the client's, in full: not the /64 that limits count. */
	readonly geoAddress: string;
	readonly geo: Geo;
	/** The headers `Origin` and `Referer`, as sent. */
	readonly origin: string | null;
	readonly referer: string | null;
}

/** Reads `request.cf`, or an object of the same names that a trusted proxy sends; members of other types count as not known. */
export function readGeo(source: Readonly<Record<string, unknown>>): Geo {
	return {
		country: textOf(source["country"]),
		continent: textOf(source["continent"]),
		postalCode: textOf(source["postalCode"]),
		metroCode: numberOf(source["metroCode"]),
		asn: numberOf(source["asn"]),
		proxy: PROXY_TYPES.find((type) => type === source["proxy"]) ?? null,
	};
}

const textOf = (value: unknown): string | null =>
	typeof value === "string" && value.length > 0 && value.length <= 32 ? value.toUpperCase() : null;

/** The platform tells the market area as text. */
function numberOf(value: unknown): number | null {
	if (typeof value === "number") return Number.isSafeInteger(value) ? value : null;
	return typeof value === "string" && /^\d{1,10}$/.test(value) ? Number(value) : null;
}
