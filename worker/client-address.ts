import ipaddr from "ipaddr.js";
import type { Settings } from "./settings.ts";

/** What stands for the address of a client of whom the platform names none. */
export const NO_ADDRESS = "unknown";

/** The client's address as it is told. Behind a trusted proxy `X-Client-IP` speaks for the client (design 7). */
export function readAddress(headers: Headers, { trustClientHeaders }: Settings): string {
	const claimed = trustClientHeaders ? headers.get("X-Client-IP") : null;
	return (claimed ?? headers.get("CF-Connecting-IP") ?? NO_ADDRESS).trim();
}

/** IPv6 is counted by /64, which is what one connection gets; v4-mapped v6 is v4. Null when it is no address. */
export function normaliseAddress(text: string): string | null {
	if (text === NO_ADDRESS) return text;
	if (/^\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(text)) return ipaddr.IPv4.isValidFourPartDecimal(text) ? text : null;
	if (!ipaddr.IPv6.isValid(text)) return null;
	const address = ipaddr.IPv6.parse(text);
	if (address.isIPv4MappedAddress()) return address.toIPv4Address().toString();
	const network = address.parts.slice(0, 4).map((part) => part.toString(16));
	return `${network.join(":")}::/64`;
}

export const CLIENT_GEO = "X-Client-Geo";

/**
 * Where the client is, as the platform reads it, unless a trusted proxy speaks for the client (design 7). Null when what the proxy
 * says is no JSON object.
 */
export function readPlace(
	request: Request,
	headers: Headers,
	{ trustClientHeaders }: Settings,
): Readonly<Record<string, unknown>> | null {
	const claimed = trustClientHeaders ? headers.get(CLIENT_GEO) : null;
	if (claimed === null) return { ...request.cf };
	try {
		const place: unknown = JSON.parse(claimed);
		return typeof place === "object" && place !== null && !Array.isArray(place) ? { ...place } : null;
	} catch {
		return null;
	}
}
