import { parse as parseCookie } from "hono/utils/cookie";
import { allow, refuse } from "../decision/decision.ts";
import type { Decision } from "../decision/decision.ts";
import type { Carrier } from "../decision/refusals.ts";

const COOKIE_NAME = "bcov-auth";
const BEARER_PREFIX = "bearer ";
const MAX_NAMED_LENGTH = 64;

// In step with the values that `locateToken` collects. Brightcove's own documents spell the query name both ways.
const CARRIERS: readonly Carrier[] = ["authorization", "bcov-auth-header", "query", "query", "cookie"];

/** A query as it was sent ("?..." or ""), and parsed. */
export interface Query {
	readonly search: string;
	readonly query: URLSearchParams;
}

/** What a map and parsed parameters have in common. */
type Parameters = Pick<URLSearchParams, "size"> & {
	readonly get: (name: string) => string | null | undefined;
	readonly keys: () => Iterable<string>;
};

/**
 * Finds the one token of a request, still unparsed, in the carriers of design section 3 (reference: brightcove 4.2, 6.1).
 *
 * Empty carriers and other `Authorization` schemes count as absent. Refuses `token-repeated` when any query name occurs
 * twice, `token-conflict` when carriers hold different tokens and `token-required` when none holds one. Of several cookies
 * with the name, the first counts, as user agents send the most specific path first (RFC 6265 section 5.4).
 */
export function locateToken(headers: Headers, asked: Query): Decision<string> {
	const inQuery = isSingle(asked.search) ? singleParameter(asked.search) : asked.query;
	const repeated = refuseRepeated(inQuery);
	if (repeated !== null) {
		return repeated;
	}
	const values = [
		bearerToken(headers.get("authorization")),
		headers.get("bcov-auth"),
		inQuery.get("bcov_auth"),
		inQuery.get("bcov-auth"),
		cookieToken(headers.get("cookie")),
	];
	const token = values.find(Boolean);
	if (!token) {
		return refuse({ reason: "token-required" });
	}
	if (values.some((value) => value && value !== token)) {
		const carriers = CARRIERS.filter((_, index) => values[index]);
		return refuse({ reason: "token-conflict", carriers: [...new Set(carriers)] });
	}
	return allow(token);
}

/** Nearly every query is the token and nothing else; parsing it would be the dearest part of finding the token. */
function isSingle(search: string): boolean {
	return !/[&%+]/.test(search);
}

function singleParameter(search: string): ReadonlyMap<string, string> {
	const equals = search.indexOf("=");
	return new Map(equals < 0 ? [] : [[search.slice(1, equals), search.slice(equals + 1)]]);
}

/** `token-repeated` when a query name occurs twice, else null. */
export function refuseRepeated(query: Parameters): Decision<never> | null {
	const name = repeatedName(query);
	return name === undefined ? null : refuse({ reason: "token-repeated", parameter: name.slice(0, MAX_NAMED_LENGTH) });
}

function repeatedName(query: Parameters): string | undefined {
	if (query.size < 2) {
		return undefined;
	}
	const seen = new Set<string>();
	for (const name of query.keys()) {
		if (seen.has(name)) {
			return name;
		}
		seen.add(name);
	}
	return undefined;
}

/** RFC 6750 section 2.1; the scheme is case-insensitive (RFC 9110 section 11.1). */
function bearerToken(authorization: string | null): string | undefined {
	if (authorization?.slice(0, BEARER_PREFIX.length).toLowerCase() !== BEARER_PREFIX) {
		return undefined;
	}
	return authorization.slice(BEARER_PREFIX.length).trimStart();
}

function cookieToken(cookie: string | null): string | undefined {
	return cookie === null ? undefined : parseCookie(cookie, COOKIE_NAME)[COOKIE_NAME];
}
