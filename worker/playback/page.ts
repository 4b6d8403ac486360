import { type Decision, allow, refuse } from "../decision/decision.ts";

/** A part of a list: at most `limit` entries from the `offset`th on, which counts from 0. */
export interface Page {
	readonly limit: number;
	readonly offset: number;
}

const DEFAULT_LIMIT = 20;
const MOST = 1000;
const MOST_OFFSET = 1_000_000_000;

/** The query parameters `limit` and `offset` (reference: brightcove 4.1). */
export function readPage(query: URLSearchParams): Decision<Page> {
	const limit = wholeNumber(query.get("limit") ?? String(DEFAULT_LIMIT), 1, MOST);
	if (limit === null) return wrong(`limit must be a whole number from 1 to ${MOST}.`);
	const offset = wholeNumber(query.get("offset") ?? "0", 0, MOST_OFFSET);
	if (offset === null) return wrong(`offset must be a whole number from 0 to ${MOST_OFFSET}.`);
	return allow({ limit, offset });
}

function wholeNumber(text: string, least: number, most: number): number | null {
	const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
	return value >= least && value <= most ? value : null;
}

const wrong = (detail: string) => refuse({ reason: "bad-request", detail });
