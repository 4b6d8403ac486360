import type { ParseArgsOptionsConfig } from "node:util";
import { parseClaims } from "../../worker/token/claims.ts";
import { UsageError, quote } from "../local/command.ts";
import type { RawClaims } from "./sign.ts";

type Kind = "text" | "count" | "list" | "time";

/** Each claim that has a flag of its name (reference: brightcove 2.2 and 2.3), with how its value is written. */
const kinds = {
	accid: "text",
	iat: "time",
	exp: "time",
	nbf: "time",
	jti: "text",
	aud: "list",
	prid: "text",
	tags: "list",
	vids: "list",
	conid: "text",
	ip: "text",
	ua: "text",
	maxip: "count",
	maxu: "count",
	uid: "text",
	sid: "text",
	climit: "count",
	cbeh: "text",
	cexp: "text",
	dlimit: "count",
	drules: "list",
	pro: "text",
	pkid: "text",
	"vod.ssai": "text",
} as const satisfies Readonly<Record<string, Kind>>;

/** The flags for `parseArgs`: lists may be repeated, or written with commas. */
export const claimOptions: ParseArgsOptionsConfig = Object.fromEntries(
	Object.entries(kinds).map(([name, kind]) => [name, { type: "string", multiple: kind === "list" }]),
);

/**
 * Reads the claims from parsed flags. Without flags of their own, `iat` is now and `exp` two hours later; `none` leaves a
 * time out.
 *
 * @param nowSeconds seconds since the epoch, from which durations count
 * @throws UsageError that names the flag and what it must be, by the gate's own rules for that claim
 */
export function claimsFromFlags(values: Readonly<Record<string, unknown>>, nowSeconds: number): RawClaims {
	const flags = { iat: "0s", exp: "2h", ...values };
	const claims: Record<string, unknown> = {};
	for (const [name, kind] of Object.entries(kinds)) {
		const value = (flags as Record<string, unknown>)[name];
		if (value !== undefined) Object.assign(claims, claimOf(name, readers[kind](name, value, nowSeconds)));
	}
	const parsed = parseClaims(claims);
	if (parsed.allowed) return claims;
	const { refusal } = parsed;
	throw new UsageError(refusal.reason === "claim-invalid" ? `--${refusal.claim} ${refusal.detail}.` : refusal.reason);
}

function claimOf(name: string, value: unknown): RawClaims {
	if (value === undefined) return {};
	return name === "vod.ssai" ? { vod: { ssai: value } } : { [name]: value };
}

const readers: Readonly<Record<Kind, (name: string, value: unknown, nowSeconds: number) => unknown>> = {
	text: (_name, value) => value,
	count: (name, value) => readCount(name, String(value)),
	list: (_name, value) => (value as readonly string[]).flatMap((part) => part.split(",")),
	time: (name, value, nowSeconds) => readTime(name, String(value), nowSeconds),
};

function readCount(name: string, value: string): number {
	if (!/^\d+$/.test(value)) throw new UsageError(`--${name} must be a whole number, not ${quote(value)}.`);
	return Number(value);
}

const unitSeconds: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

/** A duration from now (`2h`, `-30m`), seconds since the epoch, or `none`. */
function readTime(name: string, value: string, nowSeconds: number): number | undefined {
	if (value === "none") return undefined;
	if (/^\d+$/.test(value)) return Number(value);
	const [, amount, unit] = /^([+-]?\d+)([smhd])$/.exec(value) ?? [];
	const seconds = unitSeconds[unit ?? ""];
	if (seconds !== undefined) return nowSeconds + Number(amount) * seconds;
	throw new UsageError(
		`--${name} must be a duration from now (90s, 30m, 2h, 7d, -2h), seconds since the epoch, or none, not ${quote(value)}.`,
	);
}
