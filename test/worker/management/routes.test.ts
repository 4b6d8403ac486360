import { beforeAll, describe, expect, it } from "vitest";
import { managementCalls } from "../../support/management.ts";
import { newPublisher, refusalOf } from "../../support/publisher.ts";
import type { Publisher } from "../../support/publisher.ts";

let publisher: Publisher;
beforeAll(async () => {
	publisher = await newPublisher();
});

const patterns = [...new Set(managementCalls.map(({ pattern }) => pattern))];

describe("every management path", () => {
	it.each(patterns.filter((pattern) => !pattern.endsWith("*")))(
		"%s tells a wrong method those that it has",
		async (pattern) => {
			const calls = managementCalls.filter((call) => call.pattern === pattern);
			const methods = calls.map(({ method }) => method);
			const answer = await publisher.manage("PROPFIND", calls[0]?.path(publisher.account) ?? "");
			expect(answer.status).toBe(405);
			const told = answer.headers.get("Allow")?.split(", ") ?? [];
			expect(told.toSorted()).toEqual([...methods, ...(methods.includes("GET") ? ["HEAD"] : []), "OPTIONS"].toSorted());
		},
	);

	it.each(managementCalls)("$method $pattern takes each parameter once", async ({ method, path }) => {
		const answer = await publisher.manage(method, `${path(publisher.account)}?uid=ann&uid=bob`);
		expect(await refusalOf(answer)).toMatchObject({ status: 400, error_subcode: "DUPLICATE_PARAMETERS" });
	});
});
