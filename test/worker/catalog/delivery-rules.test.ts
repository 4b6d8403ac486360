import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { CatalogUnavailable } from "../../../worker/catalog/cache.ts";
import {
	acceptAction,
	acceptConditions,
	writeAction,
	writeConditions,
} from "../../../worker/catalog/delivery-record.ts";
import { DeliveryRules } from "../../../worker/catalog/delivery-rules.ts";
import { defaultSettings } from "../../../worker/catalog/settings-schema.ts";
import { ask, newPublisher, refusalOf } from "../../support/publisher.ts";

const NOW = 1_800_000_000_000;
const TTL_MS = 30_000;

let accounts = 0;
let account: { readonly id: string; readonly settings: typeof defaultSettings };
let rules: DeliveryRules;
beforeEach(() => {
	accounts += 1;
	account = { id: `delivery-${accounts}`, settings: defaultSettings };
	rules = new DeliveryRules(env.CATALOG, () => undefined);
});

async function storeAction(id: string, kbit: number): Promise<void> {
	const action = acceptAction({ properties: { max_video_bitrate: kbit } }, { account: account.id, id });
	if (!action.ok) throw new Error(action.issues.join("; "));
	await env.CATALOG.put(`action/${account.id}/${id}`, writeAction(action.value));
}

async function storeConditions(...then: readonly string[]): Promise<void> {
	const conditions = acceptConditions([{ if: {}, then }]);
	if (!conditions.ok) throw new Error(conditions.issues.join("; "));
	await env.CATALOG.put(`conditions/${account.id}`, writeConditions(account.id, conditions.value));
}

describe("delivery rules of the catalog", () => {
	it("are read once while they are fresh, and then anew", async () => {
		await storeAction("a", 1);
		await storeConditions("a");
		const [first, conditions] = [await rules.action(account, "a", NOW), await rules.conditions(account, NOW)];
		await storeAction("a", 2);
		await storeConditions("b");
		expect(rules.action(account, "a", NOW + TTL_MS - 1)).toBe(first);
		expect(rules.conditions(account, NOW + TTL_MS - 1)).toBe(conditions);
		expect((await rules.action(account, "a", NOW + TTL_MS))?.properties).toEqual({ max_video_bitrate: 2 });
		expect(await rules.conditions(account, NOW + TTL_MS)).toMatchObject([{ if: {} }]);
	});

	it("are read anew after they were written here", async () => {
		expect(await rules.action(account, "a", NOW)).toBeNull();
		expect(await rules.conditions(account, NOW)).toEqual([]);
		expect(await rules.areUsed(account, NOW)).toBe(false);
		await storeAction("a", 1);
		await storeConditions("a");
		rules.forget(account.id, "a");
		rules.forget(account.id, null);
		expect(await rules.action(account, "a", NOW)).not.toBeNull();
		expect(await rules.conditions(account, NOW)).toHaveLength(1);
		expect(await rules.areUsed(account, NOW)).toBe(true);
	});

	it.each(["none", "", "a/b", "..", "x".repeat(200)])("have no action %j", async (id) => {
		expect(await rules.action(account, id, NOW)).toBeNull();
	});

	it.each(["{", '{"schema":2,"account":"a","id":"b"}', '{"schema":1,"account":"a","id":"b","conditions":{}}'])(
		"that cannot be read are a fault, not an absence: %s",
		async (text) => {
			await env.CATALOG.put(`action/${account.id}/broken`, text);
			await env.CATALOG.put(`conditions/${account.id}`, text);
			for (const reading of [rules.action(account, "broken", NOW), rules.conditions(account, NOW)]) {
				await expect(reading).rejects.toThrow(CatalogUnavailable);
				await expect(reading).rejects.toThrow("delivery rule");
			}
		},
	);
});

it("playback is refused while the account's conditions cannot be read", async () => {
	const publisher = await newPublisher();
	await publisher.publishClip(env.MEDIA);
	await env.CATALOG.put(`conditions/${publisher.account}`, "{");
	const answer = await ask(`${publisher.masterPath}?bcov_auth=${await publisher.sign()}`);
	expect(await refusalOf(answer)).toMatchObject({
		status: 502,
		error_subcode: "VIDEO_URLS_RETRIEVE_FAILURE",
		reason: "catalog-unavailable",
		message: "The record of the delivery rule could not be read.",
	});
});
