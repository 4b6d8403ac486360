import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { arrivalMs } from "./crowd.ts";
import { figures } from "./figures.ts";
import { simulateLeases } from "./leased.ts";
import { partOf } from "./markdown.ts";
import { type Run, SMALL, fingerprint, simulate } from "./scenarios.ts";
import { atMost, simulateOneObject } from "./shared.ts";

const docs = join(import.meta.dirname, "../../docs");
const document = readFileSync(join(docs, "scale.md"), "utf8");

describe("a flash crowd", () => {
	let run: Run;
	beforeAll(async () => {
		run = await simulate(SMALL); // throws where a limit does not hold
	});

	it("of viewers lets at most climit sessions of each play, and refuses or ends the others", () => {
		const { viewers } = run;
		expect(viewers.total("joins")).toBe(20_000);
		expect(viewers.total("start allowed")).toBeGreaterThan(15_000);
		expect(viewers.total("start stream-limit-create")).toBeGreaterThan(0);
		expect(viewers.total("renew stream-limit-renew")).toBeGreaterThan(0);
	});

	it("on one token spends the limit to the last use, and no more", () => {
		for (const tally of [run.oneObject, run.leases]) {
			expect(tally.total("use-limit")).toBeGreaterThan(0);
			expect(tally.total("allowed")).toBeLessThanOrEqual(10_000);
			expect(tally.total("allowed")).toBeGreaterThan(9990); // the answers that were lost on their way
		}
	});

	it("is the same each time, and gives what docs/scale.md was made from (npm run sim)", () => {
		expect(partOf(document, "fingerprint")).toBe(`<!-- ${fingerprint(run)} -->`);
	});
});

describe("leases", () => {
	const restarts = { shard: 10_000, root: 12_000 };

	it.each([1, 2, 3])("hold the limit, and spend it, whatever is lost or restarts (seed %i)", async (seed) => {
		const { used, tally } = await simulateLeases(6000, { maxu: 2000, shards: 8 }, seed, restarts);
		expect(used).toBe(2000);
		expect(tally.total("allowed")).toBeLessThanOrEqual(2000);
	});

	it("leave nobody out while there are uses", async () => {
		const { used, tally } = await simulateLeases(3000, { maxu: 5000, shards: 8 }, 4, restarts);
		expect([used >= 2990, tally.total("use-limit")]).toEqual([true, 0]);
	});

	it("keep nobody waiting for long, though the shards are overloaded and their root restarts", async () => {
		const { used, tally } = await simulateLeases(45_000, { maxu: 44_000, shards: 2 }, 5, restarts);
		expect(tally.total("overloads")).toBeGreaterThan(0);
		expect(used).toBeGreaterThan(25_000);
		expect(tally.percentile(1)).toBeLessThan(12_000);
	});
});

it("an object that is overloaded refuses without spending", async () => {
	const { used, tally } = await simulateOneObject(40_000, 36_000, 5);
	expect(tally.total("limits-unavailable")).toBeGreaterThan(0);
	expect(tally.total("use-limit")).toBe(0);
	expect(used).toBeGreaterThanOrEqual(tally.total("allowed"));
});

it("one more than the limit ends the run", () => {
	expect(() => atMost(2, 3)).toThrow("3 of 2 were allowed");
});

it("a crowd comes in its minute, most of it around the peak", () => {
	expect([0, 0.25, 1].map(arrivalMs)).toEqual([0, 15_000, 60_000]);
});

describe("docs/scale.md", () => {
	it.each([...figures()])("has the %s that the arithmetic gives (npm run sim)", (name, content) => {
		expect(partOf(document, name)).toBe(content);
	});

	it.each([...document.matchAll(/\]\((scale-[^)]+\.svg)\)/g)].map(([, name]) => name ?? ""))(
		"shows %s, a small file",
		(name) => {
			const svg = readFileSync(join(docs, name), "utf8");
			expect(svg).toMatch(/^<svg /);
			expect(svg.length).toBeLessThan(100_000);
		},
	);
});
