import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { CatalogUnavailable } from "../../../worker/catalog/cache.ts";
import { type Account, Catalog } from "../../../worker/catalog/catalog.ts";
import { acceptRight, writeRight } from "../../../worker/catalog/right-record.ts";
import { realPorts } from "../../../worker/ports.ts";
import { parseSettings } from "../../../worker/settings.ts";

const NOW = 1_800_000_000_000;
const TTL_MS = 30_000;
const settings = parseSettings({ ...env });

let accounts = 0;
let account: Account;
let catalog: Catalog;
beforeEach(async () => {
	accounts += 1;
	catalog = new Catalog(env.CATALOG, settings, { ...realPorts, log: () => undefined });
	account = await catalog.account(`rights-${accounts}`, NOW);
});

async function store(id: string, input: Readonly<Record<string, unknown>> = {}): Promise<void> {
	const right = acceptRight(input, { account: account.id, id });
	if (!right.ok) throw new Error(right.issues.join("; "));
	await env.CATALOG.put(`right/${account.id}/${id}`, writeRight(right.value));
}

const makeDefault = (id: string) => env.CATALOG.put(`default-right/${account.id}`, id);

describe("a right of the catalog", () => {
	it("is read once while it is fresh, and then anew", async () => {
		await store("r", { name: "first" });
		const first = await catalog.right(account, "r", NOW);
		await store("r", { name: "second" });
		expect(catalog.right(account, "r", NOW + TTL_MS - 1)).toBe(first);
		expect((await catalog.right(account, "r", NOW + TTL_MS))?.record.name).toBe("second");
	});

	it("stays the same object while its record does, so that it is compiled once", async () => {
		await store("r");
		const first = await catalog.right(account, "r", NOW);
		expect(await catalog.right(account, "r", NOW + TTL_MS)).toBe(first);
	});

	it("is read anew after it was written here", async () => {
		expect(await catalog.right(account, "r", NOW)).toBeNull();
		await store("r");
		catalog.forgetRight(account.id, "r");
		expect(await catalog.right(account, "r", NOW)).not.toBeNull();
	});

	it.each(["none", "", "a/b", "x".repeat(200)])("is null for the id %j, which names none", async (id) => {
		expect(await catalog.right(account, id, NOW)).toBeNull();
	});

	it("that cannot be read is a fault, not an absence", async () => {
		await env.CATALOG.put(`right/${account.id}/broken`, "{");
		const reading = catalog.right(account, "broken", NOW);
		await expect(reading).rejects.toThrow(CatalogUnavailable);
		await expect(reading).rejects.toThrow(`right ${account.id}/broken`);
	});
});

describe("the default right of an account", () => {
	it("is the one that is named", async () => {
		await store("r", { name: "default" });
		await makeDefault("r");
		expect((await catalog.defaultRight(account, NOW))?.record.name).toBe("default");
		expect(catalog.defaultRight(account, NOW)).toBe(catalog.right(account, "r", NOW));
	});

	it("is null without one, and for the account's whole cache time", async () => {
		expect(await catalog.defaultRight(account, NOW)).toBeNull();
		await store("r");
		await makeDefault("r");
		expect(catalog.defaultRight(account, NOW + TTL_MS - 1)).toBeNull();
		expect(await catalog.defaultRight(account, NOW + TTL_MS)).not.toBeNull();
	});

	it("is null where the one that is named was deleted", async () => {
		await makeDefault("gone");
		expect(await catalog.defaultRight(account, NOW)).toBeNull();
	});

	it("is read anew after a right was written here", async () => {
		expect(await catalog.defaultRight(account, NOW)).toBeNull();
		await store("r");
		await makeDefault("r");
		catalog.forgetRight(account.id, "r");
		expect(await catalog.defaultRight(account, NOW)).not.toBeNull();
	});
});
