import { parseAddressBlock } from "./address-block.ts";
import { isCountry } from "./countries.ts";
import { type Parsed, parse } from "./issues.ts";
import { type RightInput, rightSchema } from "./right-schema.ts";
import { readStored, writeStored } from "./stored.ts";

/** A playback right as KV holds it. Which one is the account's default is a record of its own, so that there is never more than one. */
export type RightRecord = Omit<RightInput, "id" | "is_default"> & { readonly id: string; readonly account_id: string };

/** A value that Brightcove's API refuses with an error of its own (reference: brightcove 5.1); at most 64 characters. */
export interface InvalidValue {
	readonly kind: "country" | "ip";
	readonly value: string;
}

/** `invalid` is the first wrong country or address where nothing else is wrong; `issues` name them all, with their places. */
export type AcceptedRight =
	| { readonly ok: true; readonly value: RightRecord; readonly isDefault: boolean }
	| { readonly ok: false; readonly issues: readonly string[]; readonly invalid: InvalidValue | null };

/** Where a right lives: `id` as in its path, `at` its place in a file that holds several. */
export interface RightPlace {
	readonly account: string;
	readonly id: string;
	readonly at?: string;
}

/** A file of addresses in another format would tell each of them. */
const MOST_ISSUES = 20;

/** Validates a user's right. Issues name the place within the body (or below `place.at`). */
export function acceptRight(input: unknown, { account, id, at = "" }: RightPlace): AcceptedRight {
	const right = parse(rightSchema, input, at);
	if (!right.ok) return { ...right, invalid: null };
	const prefix = at === "" ? "" : `${at}.`;
	const issues = outlineIssues(right.value, id).map((issue) => prefix + issue);
	const wrong = wrongValues(right.value);
	const invalid = issues.length === 0 ? (wrong[0] ?? null) : null;
	issues.push(...wrong.map(({ place, kind }) => `${prefix}${place}: ${WORDING[kind]}`));
	if (issues.length > 0) return { ok: false, issues: issues.slice(0, MOST_ISSUES), invalid };
	const { is_default: isDefault, ...fields } = right.value;
	return { ok: true, value: { ...fields, id, account_id: account }, isDefault };
}

const WORDING = {
	country: "must be a country code of ISO 3166-1 alpha-2, in capitals",
	ip: "must be an IPv4 or IPv6 address, or a block of them such as 192.0.2.0/24",
} as const;

function outlineIssues(right: RightInput, id: string): string[] {
	const issues: string[] = [];
	if (right.id !== undefined && right.id !== id) issues.push(`id: must be "${id}", as in the path`);
	if (right.start_time !== null && right.end_time !== null && right.end_time <= right.start_time) {
		issues.push("end_time: must be after start_time");
	}
	return issues;
}

function wrongValues({ geo, allowed_ips, blocked_ips }: RightInput): (InvalidValue & { readonly place: string })[] {
	const isAddress = (text: string): boolean => parseAddressBlock(text) !== null;
	const checked = [
		{ at: "geo.allowed_countries", kind: "country", values: geo.allowed_countries, isValid: isCountry },
		{ at: "geo.blocked_countries", kind: "country", values: geo.blocked_countries, isValid: isCountry },
		{ at: "allowed_ips", kind: "ip", values: allowed_ips, isValid: isAddress },
		{ at: "blocked_ips", kind: "ip", values: blocked_ips, isValid: isAddress },
	] as const;
	return checked.flatMap(({ at, kind, values, isValid }) =>
		values.flatMap((value, index) => (isValid(value) ? [] : [{ kind, value, place: `${at}[${index}]` }])),
	);
}

/** Parses what KV holds, by the same rules as what users write: a rule that cannot be read must not be skipped. */
export function readRight(text: string): Parsed<RightRecord> {
	const stored = readStored(text, "right");
	if (!stored.ok) return stored;
	const { account, id, record } = stored.value;
	return acceptRight(record, { account, id, at: "right" });
}

export function writeRight({ id, account_id: account, ...right }: RightRecord): string {
	return writeStored({ account, id }, "right", right);
}
