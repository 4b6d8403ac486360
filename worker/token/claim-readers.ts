import ipaddr from "ipaddr.js";
import { isJsonObject } from "./json-object.ts";

/** Reads one JSON value as a `T`, never coercing; `undefined` where it is not what `expected` says ("must be ..."). */
export interface Reader<T> {
	readonly expected: string;
	readonly read: (value: unknown) => T | undefined;
}

const MAX_TIME_SECONDS = 253_402_300_799; // 9999-12-31T23:59:59Z

/** A string of `min` to `max` UTF-16 code units without lone surrogates, which storage would fold into one another. */
export function text(min: number, max: number): Reader<string> {
	return {
		expected: `a string of ${min} to ${max} characters`,
		read: (value) =>
			typeof value === "string" && value.length >= min && value.length <= max && value.isWellFormed()
				? value
				: undefined,
	};
}

/** A string that `pattern` describes in full. */
export function matching(pattern: RegExp, expected: string): Reader<string> {
	return { expected, read: (value) => (typeof value === "string" && pattern.test(value) ? value : undefined) };
}

/** One of a fixed list of strings, spelled exactly. */
export function oneOf<const T extends string>(values: readonly T[]): Reader<T> {
	const known = new Map<unknown, T>(values.map((value) => [value, value]));
	return {
		expected: `one of ${values.map((value) => JSON.stringify(value)).join(", ")}`,
		read: (value) => known.get(value),
	};
}

/** An array of at most `maxItems` values of one kind. */
export function list<T>(item: Reader<T>, maxItems: number): Reader<readonly T[]> {
	return {
		expected: `an array of at most ${maxItems} items, each ${item.expected}`,
		read: (value) => {
			if (!Array.isArray(value) || value.length > maxItems) {
				return undefined;
			}
			const items: T[] = [];
			for (const entry of value) {
				const read = item.read(entry);
				if (read === undefined) {
					return undefined;
				}
				items.push(read);
			}
			return items;
		},
	};
}

/** One value, or an array of them; read as an array. */
export function oneOrList<T>(item: Reader<T>, maxItems: number): Reader<readonly T[]> {
	const items = list(item, maxItems);
	return {
		expected: `${item.expected}, or ${items.expected}`,
		read: (value) => (Array.isArray(value) ? items.read(value) : items.read([value])),
	};
}

/** Seconds since the epoch: a NumericDate (RFC 7519 section 2) without a fraction. */
export const time: Reader<number> = {
	expected: `a whole number of seconds from 0 to ${MAX_TIME_SECONDS}`,
	read: (value) =>
		typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= MAX_TIME_SECONDS ? value : undefined,
};

/** A limit or count. */
export const count: Reader<number> = {
	expected: "a whole number of at least 1",
	read: (value) => (typeof value === "number" && Number.isSafeInteger(value) && value >= 1 ? value : undefined),
};

/** A full IPv4 or IPv6 address: four decimal parts, or IPv6 without a zone. Returned as it was written. */
export const address: Reader<string> = {
	expected: "a full IPv4 or IPv6 address",
	read: (value) => {
		if (typeof value !== "string" || value.includes("%")) {
			return undefined;
		}
		return ipaddr.IPv4.isValidFourPartDecimal(value) || ipaddr.IPv6.isValid(value) ? value : undefined;
	},
};

const UNIT_SECONDS: Readonly<Record<string, number>> = {
	h: 3600,
	m: 60,
	s: 1,
	ms: 1e-3,
	us: 1e-6,
	µs: 1e-6, // U+00B5, and below U+03BC: Go accepts both
	μs: 1e-6,
	ns: 1e-9,
};
const DURATION = /^(?:\d+(?:\.\d+)?(?:ns|us|µs|μs|ms|s|m|h))+$/;
const DURATION_PARTS = /([\d.]+)([^\d.]+)/g;
const MAX_DURATION_LENGTH = 32;
const MAX_DURATION_SECONDS = 366 * 86_400;

/** A duration as Go writes it ("1h30m"), read as seconds. */
export const duration: Reader<number> = {
	expected: `a duration such as "2h" or "1h30m", from 1 second to ${MAX_DURATION_SECONDS / 86_400} days`,
	read: (value) => {
		if (typeof value !== "string" || value.length > MAX_DURATION_LENGTH || !DURATION.test(value)) {
			return undefined;
		}
		let seconds = 0;
		for (const [, amount, unit = ""] of value.matchAll(DURATION_PARTS)) {
			seconds += Number(amount) * (UNIT_SECONDS[unit] ?? Number.NaN);
		}
		return seconds >= 1 && seconds <= MAX_DURATION_SECONDS ? seconds : undefined;
	},
};

/** An object with the given optional member; its other members are dropped. */
export function objectWith<const K extends string, T>(member: K, reader: Reader<T>): Reader<{ readonly [M in K]?: T }> {
	return {
		expected: `an object whose ${member}, if present, is ${reader.expected}`,
		read: (value) => {
			if (!isJsonObject(value)) {
				return undefined;
			}
			const found = value[member];
			if (found === undefined) {
				return {};
			}
			const read = reader.read(found);
			return read === undefined ? undefined : ({ [member]: read } as { [M in K]?: T });
		},
	};
}
