import { env } from "cloudflare:workers";
import { describe, expect, it, vi } from "vitest";
import { BulkReader } from "../../../worker/catalog/bulk-reader.ts";

describe("a bulk reader", () => {
	it("reads what is asked for in one turn together, twenty at a time, and nothing twice", async () => {
		const names = Array.from({ length: 45 }, (_, index) => `bulk/${index}`);
		await Promise.all(names.map((name) => env.CATALOG.put(name, `value of ${name}`)));
		const get = vi.spyOn(env.CATALOG, "get");
		const reader = new BulkReader(env.CATALOG);
		const asked = [...names, "bulk/0", "bulk/missing"];
		const read = await Promise.all(asked.map(reader.read));
		expect(read).toEqual([...names.map((name) => `value of ${name}`), "value of bulk/0", null]);
		expect(await reader.read("bulk/7")).toBe("value of bulk/7");
		expect(get).toHaveBeenCalledTimes(3);
		expect(reader.failed).toBe(false);
	});

	it("says that KV failed, to whoever asked", async () => {
		vi.spyOn(env.CATALOG, "get").mockRejectedValue(new Error("KV is away"));
		const reader = new BulkReader(env.CATALOG);
		const results = await Promise.allSettled([reader.read("a"), reader.read("b")]);
		expect(results.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
		expect(reader.failed).toBe(true);
	});
});
