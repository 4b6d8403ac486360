import { describe, expect, it } from "vitest";
import type { Limits } from "../../../../worker/limits/contract.ts";
import { shardCount, shardOf, shardsFor } from "../../../../worker/limits/leases/plan.ts";

describe("a token's shards", () => {
	it.each<[string, Limits, string | undefined, number]>([
		["no limit", {}, undefined, 0],
		["a limit just below", { maxu: 9999 }, undefined, 0],
		["the least large limit", { maxu: 10_000 }, undefined, 2],
		["one more unit", { maxu: 10_001 }, undefined, 3],
		["a large number of addresses", { maxip: 50_000 }, undefined, 10],
		["a million", { maxu: 1_000_000 }, undefined, 200],
		["as many as there ever are", { maxu: 1_000_000_000 }, undefined, 256],
		["two large limits: of the smaller one", { maxu: 1_000_000, maxip: 20_000 }, undefined, 4],
		["a small limit beside a large one", { maxu: 1_000_000, maxip: 5 }, undefined, 0],
		["the large limit of a viewer", { maxu: 1_000_000 }, "ann", 0],
		["streams", { maxu: 1_000_000, climit: 20_000 }, undefined, 0],
		["devices", { maxu: 1_000_000, dlimit: 20_000 }, undefined, 0],
		["a behaviour alone limits nothing", { maxu: 10_000, cbeh: "BLOCK_NEW" }, undefined, 2],
	])("%s", (_what, limits, name, expected) => {
		expect(shardCount(limits, name)).toBe(expected);
	});

	it.each([
		["distinct", { maxu: 20_000, maxip: 20_000 }, 4],
		["sessions", { maxu: 20_000, maxip: 20_000 }, 0],
		["sessions", { maxip: 20_000 }, 0],
		["sessions", { maxu: 20_000 }, 4],
	] as const)("with ip_counting %s and %o are %i", (ipCounting, limits, expected) => {
		expect(shardsFor(shardCount(limits, undefined), limits, ipCounting)).toBe(expected);
	});

	it("take an address always in the same place, and addresses about evenly", () => {
		const counts = Array.from({ length: 8 }, () => 0);
		for (let index = 0; index < 8000; index++) {
			const shard = shardOf(`198.51.${index >> 8}.${index & 255}`, 8);
			counts[shard] = (counts[shard] ?? 0) + 1;
		}
		expect(shardOf("198.51.100.1", 8)).toBe(shardOf("198.51.100.1", 8));
		expect(Math.min(...counts)).toBeGreaterThan(850);
	});
});
