import { env } from "cloudflare:workers";
import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Revocation } from "../../../worker/revocation/contract.ts";
import { RevocationSnapshot } from "../../../worker/revocation/snapshot.ts";
import { RevocationWatch } from "../../../worker/revocation/watch.ts";
import { EPOCH } from "../../support/viewer.ts";

beforeEach(() => {
	vi.useFakeTimers({ toFake: ["Date"] });
	vi.setSystemTime(EPOCH);
});
afterEach(() => {
	vi.useRealTimers();
});

const HOUR = 60 * 60_000;
const NOW = EPOCH / 1000;
const at = (ms: number) => vi.setSystemTime(EPOCH + ms);
let accounts = 0;
const newAccount = () => `revocation-clocks-${(accounts += 1)}`;
const listOf = (account: string) => env.REVOCATION_LIST.getByName(account);
const entry = (change: Partial<Revocation> = {}): Revocation => ({
	kind: "jti",
	value: "stolen",
	before: null,
	expiresAt: null,
	createdAt: NOW,
	token: null,
	...change,
});
const facts = { tokenId: "t1", keyId: "k1", video: "clip", jti: "stolen" };
const ports = { now: () => Date.now(), newId: () => "id", fetch, log: () => {} };

describe("an isolate whose clock jumps", () => {
	it.each([
		["back by an hour", -HOUR],
		["back by a second", -1000],
		["ahead by an hour", HOUR],
	])("%s asks for the list anew: it cannot know how old its copy is", async (_where, jump) => {
		const account = newAccount();
		const watch = new RevocationWatch(env.REVOCATION_LIST, ports);
		expect(await watch.judge(account, facts, "deny", () => {})).toMatchObject({ allowed: true });
		await listOf(account).add(entry());
		at(jump);
		const refused = { allowed: false, refusal: { reason: "token-revoked" } };
		expect(await watch.judge(account, facts, "deny", () => {})).toMatchObject(refused);
		at(0);
		expect(await watch.judge(account, facts, "deny", () => {})).toMatchObject(refused);
	});

	it("asks once, not with every request, when its clock has come back", async () => {
		const account = newAccount();
		let asked = 0;
		const counting = {
			getByName: (name: string) => ({
				changesSince: (version: number) => {
					asked += 1;
					return listOf(name).changesSince(version);
				},
			}),
		} as unknown as typeof env.REVOCATION_LIST;
		const watch = new RevocationWatch(counting, ports);
		await watch.judge(account, facts, "deny", () => {});
		at(-HOUR);
		for (let request = 0; request < 5; request++) await watch.judge(account, facts, "deny", () => {});
		expect(asked).toBe(2);
	});
});

describe("the list", () => {
	const known = async (account: string) => {
		const snapshot = new RevocationSnapshot();
		snapshot.apply(await listOf(account).changesSince(-1));
		return snapshot.judge(facts, NOW);
	};

	it("keeps what is still in force when its clock was ahead and it cleaned up", async () => {
		const account = newAccount();
		await listOf(account).add(entry({ expiresAt: NOW + 3600 }));
		at(20 * HOUR);
		await runDurableObjectAlarm(listOf(account));
		await evictDurableObject(listOf(account));
		at(0);
		expect(await known(account)).toBe("jti");
	});

	it.each(["late", "twice", "twice at once"])("is as it was after an alarm that comes %s", async (how) => {
		const account = newAccount();
		for (const each of [entry(), entry({ value: "old", expiresAt: NOW + 1 }), entry({ value: "gone" })])
			await listOf(account).add(each);
		await listOf(account).remove("jti", "gone");
		at(30 * HOUR);
		await runInDurableObject(listOf(account), async (object) => {
			await Promise.all([object.alarm(), ...(how === "twice at once" ? [object.alarm()] : [])]);
			if (how === "twice") await object.alarm();
		});
		expect((await listOf(account).list()).map(({ value }) => value)).toEqual(["stolen"]);
		const { full, entries } = await listOf(account).changesSince(1); // older than what is known of removals
		expect([full, entries.map(({ value }) => value)]).toEqual([true, ["stolen"]]);
	});

	it("goes on being cleaned when its alarm was set by a clock far ahead", async () => {
		const account = newAccount();
		at(365 * 24 * HOUR);
		await listOf(account).add(entry());
		at(0);
		await listOf(account).add(entry({ value: "other" }));
		const alarm = await runInDurableObject(listOf(account), (_object, state) => state.storage.getAlarm());
		expect(alarm).toBe(EPOCH + 24 * HOUR);
	});
});

it("an audit's day that is over takes a late batch, and is gone all the same", async () => {
	const log = env.AUDIT_LOG.getByName(`${newAccount()}/2100-01-01`);
	const batch = { id: "b", texts: ["[]"], forgetAtMs: EPOCH + HOUR, again: false };
	await log.append(batch);
	const outcome = await runInDurableObject(log, async (object, state) => {
		const clear = state.storage.deleteAll.bind(state.storage);
		vi.spyOn(state.storage, "deleteAll").mockImplementation(async () => {
			const cleared = clear();
			await object.append({ ...batch, id: "late" }); // between the moment that all is gone and that in which this is on disk
			await cleared;
		});
		await object.alarm();
		return state.storage.sql.exec("SELECT batch FROM batches").toArray();
	});
	expect(outcome).toEqual([{ batch: "late" }]);
	expect(await runInDurableObject(log, (_object, state) => state.storage.getAlarm())).toBe(EPOCH + HOUR);
	await runInDurableObject(log, (object) => Promise.all([object.alarm(), object.alarm()]));
	expect(await log.recent({ equal: {}, before: null, limit: 1 })).toEqual({ text: "[]", next: null });
});

it("a guard's alarm that comes twice, or in the midst of an attempt, loses no block", async () => {
	const guard = env.CREDENTIAL_GUARD.getByName(newAccount());
	for (let guess = 0; guess < 11; guess++) await guard.begin(`g${guess}`);
	const states = await runInDurableObject(guard, async (object) => {
		const [, , verdict] = await Promise.all([object.alarm(), object.alarm(), object.begin("another")]);
		return [verdict.state, (await object.begin("another")).state];
	});
	expect(states).toEqual(["blocked", "blocked"]);
});
