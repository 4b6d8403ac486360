import ipaddr from "ipaddr.js";

/** Addresses from `first` to `last`, both included, as numbers of `addressNumber`. */
export interface AddressBlock {
	readonly first: bigint;
	readonly last: bigint;
}

const V6_BITS = 128;
const V4_BITS = 32;
/** IPv4 lies behind all of IPv6, so that no IPv6 block (`::/0`) holds an IPv4 address. */
const V4_BASE = 1n << 128n;
const MAPPED_BITS = V6_BITS - V4_BITS;
const PREFIX_LENGTH = /^(?:0|[1-9]\d{0,2})$/;

/** An address as one number for both families, or null when `text` is none. IPv4 mapped into IPv6 is IPv4; zones are refused. */
export function addressNumber(text: string): bigint | null {
	if (ipaddr.IPv4.isValidFourPartDecimal(text)) return fromParts(text.split(".").map(Number), 8, V4_BASE);
	const address = parseV6(text);
	if (address === null) return null;
	return address.isIPv4MappedAddress()
		? fromParts(address.toIPv4Address().octets, 8, V4_BASE)
		: fromParts(address.parts, 16, 0n);
}

/** Parsed once, not tested and then parsed: this is on the path of every request that a right with addresses judges. */
function parseV6(text: string): ipaddr.IPv6 | null {
	if (!text.includes(":") || text.includes("%")) return null;
	try {
		return ipaddr.IPv6.parse(text);
	} catch {
		return null;
	}
}

function fromParts(parts: readonly number[], bits: number, base: bigint): bigint {
	let value = 0n;
	for (const part of parts) value = (value << BigInt(bits)) | BigInt(part);
	return base + value;
}

/** Whether `text` is written as a block, with a prefix length: `10.0.0.0/8`. */
export const isCidr = (text: string): boolean => text.includes("/");

/** Reads an IPv4 or IPv6 address, or a block in CIDR notation (RFC 4632 3.1, RFC 4291 2.3); null when `text` is neither. */
export function parseAddressBlock(text: string): AddressBlock | null {
	const slash = text.indexOf("/");
	const address = addressNumber(slash < 0 ? text : text.slice(0, slash));
	if (address === null) return null;
	if (slash < 0) return { first: address, last: address };
	const isV4 = address >= V4_BASE;
	const free = freeBits(text.slice(slash + 1), isV4, isV4 && text.includes(":"));
	if (free === null) return null;
	const first = (address >> BigInt(free)) << BigInt(free);
	return { first, last: first + (1n << BigInt(free)) - 1n };
}

/** How many bits a block leaves free. The prefix of a mapped block counts from the start of IPv6. */
function freeBits(prefix: string, isV4: boolean, mapped: boolean): number | null {
	if (!PREFIX_LENGTH.test(prefix)) return null;
	const length = Number(prefix) - (mapped ? MAPPED_BITS : 0);
	const bits = isV4 ? V4_BITS : V6_BITS;
	return length < 0 || length > bits ? null : bits - length;
}
