import { describe, expect, it } from "vitest";
import { pageMetadata, readPage } from "../../../worker/management/paging.ts";

describe("what a page is asked for by", () => {
	it.each<[string, number, number]>([
		["", 0, 10],
		["page=3", 3, 10],
		["per_page=1", 0, 1],
		["page=0&per_page=100", 0, 100],
		["per_page=007&page=00", 0, 7],
		["page=99999999999999999999999", 1e23, 10],
		["other=x", 0, 10],
	])("'%s' is read", (query, page, perPage) => {
		expect(readPage(new URLSearchParams(query))).toEqual({ allowed: true, value: { page, perPage } });
	});

	it.each(["-1", "1.0", "1e1", "", " 1", "+1", "0x1", "one", "null", "٣", "1,2"])(
		"a page of '%s' is refused",
		(page) => {
			const refusal = { reason: "bad-request", detail: "page must be a whole number, 0 or more." };
			expect(readPage(new URLSearchParams({ page }))).toEqual({ allowed: false, refusal });
		},
	);

	it.each(["0", "101", "-1", "1.5", "", "all", "1e1", "99999999999999999999999"])(
		"%s a page is refused",
		(per_page) => {
			const refusal = { reason: "bad-request", detail: "per_page must be a whole number from 1 to 100." };
			expect(readPage(new URLSearchParams({ per_page }))).toEqual({ allowed: false, refusal });
		},
	);
});

describe("the head of a page", () => {
	it.each<[string, number, number, number, number, Record<string, number>]>([
		["none at all", 0, 10, 0, 0, { self: 0, first: 0, last: 0 }],
		["one page", 0, 10, 10, 1, { self: 0, first: 0, last: 0 }],
		["the first of two", 0, 10, 11, 2, { self: 0, first: 0, next: 1, last: 1 }],
		["the last of two", 1, 10, 11, 2, { self: 1, first: 0, previous: 0, last: 1 }],
		["one in the middle", 3, 10, 55, 6, { self: 3, first: 0, previous: 2, next: 4, last: 5 }],
		["the last but one", 4, 10, 55, 6, { self: 4, first: 0, previous: 3, next: 5, last: 5 }],
		["pages of one", 2, 1, 3, 3, { self: 2, first: 0, previous: 1, last: 2 }],
	])("of %s names the pages around it, in order", (_what, page, perPage, total, pageCount, links) => {
		const url = (to: number) => `/v1/accounts/a/devices?page=${to}&per_page=${perPage}`;
		expect(pageMetadata("/v1/accounts/a/devices", { page, perPage }, total)).toEqual({
			page,
			per_page: perPage,
			page_count: pageCount,
			total_count: total,
			Links: Object.entries(links).map(([name, to]) => ({ [name]: url(to) })),
		});
	});
});
