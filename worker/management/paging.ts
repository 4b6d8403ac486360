import { type Decision, allow, refuse } from "../decision/decision.ts";

/** What `?page=` and `?per_page=` ask for; pages count from 0. */
export interface PageAsk {
	readonly page: number;
	readonly perPage: number;
}

const MOST_PER_PAGE = 100;
const WHOLE_NUMBER = /^\d+$/;

export function readPage(query: URLSearchParams): Decision<PageAsk> {
	const [page, perPage] = [query.get("page") ?? "0", query.get("per_page") ?? "10"];
	if (!WHOLE_NUMBER.test(page)) return mistaken("page must be a whole number, 0 or more.");
	if (!WHOLE_NUMBER.test(perPage) || Number(perPage) < 1 || Number(perPage) > MOST_PER_PAGE)
		return mistaken(`per_page must be a whole number from 1 to ${MOST_PER_PAGE}.`);
	return allow({ page: Number(page), perPage: Number(perPage) });
}

const mistaken = (detail: string) => refuse({ reason: "bad-request", detail });

/**
 * The head of a page (reference: brightcove 6.4). Links are paths with their query, so that they hold behind any host; there is no link to
 * a page that does not exist.
 */
export function pageMetadata(path: string, { page, perPage }: PageAsk, total: number) {
	const pageCount = Math.ceil(total / perPage);
	const last = Math.max(0, pageCount - 1);
	const link = (to: number): string => `${path}?page=${to}&per_page=${perPage}`;
	const links = [
		{ self: link(page) },
		{ first: link(0) },
		...(page > 0 ? [{ previous: link(page - 1) }] : []),
		...(page < last ? [{ next: link(page + 1) }] : []),
		{ last: link(last) },
	];
	return { page, per_page: perPage, page_count: pageCount, total_count: total, Links: links };
}
