import { env } from "cloudflare:workers";
import { evictDurableObject, runDurableObjectAlarm } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Revocation } from "../../../worker/revocation/contract.ts";
import { RevocationSnapshot } from "../../../worker/revocation/snapshot.ts";
import { RevocationWatch } from "../../../worker/revocation/watch.ts";
import { EPOCH } from "../../support/viewer.ts";

const NOW = EPOCH / 1000;
const DAY = 86_400;
let lists = 0;
const newList = () => {
	lists += 1;
	return `account-${lists}`;
};
const listOf = (account: string) => env.REVOCATION_LIST.getByName(account);
const entry = (change: Partial<Revocation> = {}): Revocation => ({
	kind: "token",
	value: "t1",
	before: null,
	expiresAt: null,
	createdAt: NOW,
	token: null,
	...change,
});
const facts = { tokenId: "t1", keyId: "k1", video: "clip", jti: "j1", uid: "ann", sid: "s1", issuedAt: NOW };

beforeEach(() => {
	vi.useFakeTimers({ toFake: ["Date"] });
	vi.setSystemTime(EPOCH);
});
afterEach(() => {
	vi.useRealTimers();
});

describe("what a revocation names", () => {
	it.each<[string, Partial<Revocation>, boolean]>([
		["the token", { kind: "token", value: "t1" }, true],
		["its jti", { kind: "jti", value: "j1" }, true],
		["its uid", { kind: "uid", value: "ann" }, true],
		["its sid", { kind: "sid", value: "s1" }, true],
		["its key", { kind: "key", value: "k1" }, true],
		["the video", { kind: "video", value: "clip" }, true],
		["a time after its issue", { kind: "issued-before", value: "", before: NOW + 1 }, true],
		["the time of its issue", { kind: "issued-before", value: "", before: NOW }, false],
		["another token", { kind: "token", value: "t2" }, false],
		["the same value of another kind", { kind: "jti", value: "t1" }, false],
		["the token, until a second ago", { expiresAt: NOW }, false],
		["the token, for another second", { expiresAt: NOW + 1 }, true],
	])("%s", async (_what, change, revoked) => {
		const account = newList();
		await listOf(account).add(entry(change));
		const snapshot = new RevocationSnapshot();
		snapshot.apply(await listOf(account).changesSince(-1));
		expect(snapshot.judge(facts, NOW)).toBe(revoked ? (change.kind ?? "token") : null);
	});

	it("a token that does not say when it was issued counts as issued before any moment", async () => {
		const account = newList();
		await listOf(account).add(entry({ kind: "issued-before", value: "", before: 1 }));
		const snapshot = new RevocationSnapshot();
		snapshot.apply(await listOf(account).changesSince(-1));
		expect(snapshot.judge({ ...facts, issuedAt: undefined }, NOW)).toBe("issued-before");
	});
});

describe("the list", () => {
	it("tells what changed since a version, removals too, across a restart", async () => {
		const account = newList();
		const snapshot = new RevocationSnapshot();
		await listOf(account).add(entry({ value: "t1" }));
		await listOf(account).add(entry({ value: "t2" }));
		snapshot.apply(await listOf(account).changesSince(snapshot.version));
		await evictDurableObject(listOf(account));
		expect(await listOf(account).remove("token", "t1")).toBe(true);
		expect(await listOf(account).remove("token", "t1")).toBe(false);
		const changes = await listOf(account).changesSince(snapshot.version);
		expect(changes.entries.map(({ value, removed }) => [value, removed])).toEqual([["t1", true]]);
		snapshot.apply(changes);
		expect(snapshot.judge(facts, NOW)).toBeNull();
		expect(snapshot.judge({ ...facts, tokenId: "t2" }, NOW)).toBe("token");
		expect((await listOf(account).list()).map(({ value }) => value)).toEqual(["t2"]);
	});

	it("gives the whole list to a reader that is older than what it remembers of removals", async () => {
		const account = newList();
		await listOf(account).add(entry({ value: "t1" }));
		const old = new RevocationSnapshot();
		old.apply(await listOf(account).changesSince(-1));
		await listOf(account).remove("token", "t1");
		vi.setSystemTime(EPOCH + 2 * DAY * 1000);
		await runDurableObjectAlarm(listOf(account));
		await listOf(account).add(entry({ value: "t3" }));
		const changes = await listOf(account).changesSince(old.version);
		expect(changes.full).toBe(true);
		old.apply(changes);
		expect(old.judge(facts, NOW)).toBeNull();
		expect(old.judge({ ...facts, tokenId: "t3" }, NOW)).toBe("token");
	});
});

describe("an isolate", () => {
	const ports = { now: () => Date.now(), newId: () => "id", fetch, log: () => {} };
	const verdict = async (watch: RevocationWatch, account: string, waitUntil = (_work: Promise<unknown>) => {}) => {
		const decision = await watch.judge(account, facts, "deny", waitUntil);
		return decision.allowed ? "allowed" : decision.refusal.reason;
	};

	it("knows of a revocation within 5 s, whoever made it", async () => {
		const account = newList();
		const watch = new RevocationWatch(env.REVOCATION_LIST, ports);
		expect(await verdict(watch, account)).toBe("allowed");
		await listOf(account).add(entry());
		vi.setSystemTime(Date.now() + 5000);
		expect(await verdict(watch, account)).toBe("token-revoked");
	});

	it("asks behind its answer when its copy is not fresh, and before it when the copy is old", async () => {
		const account = newList();
		const watch = new RevocationWatch(env.REVOCATION_LIST, ports);
		await verdict(watch, account);
		await listOf(account).add(entry());
		vi.setSystemTime(Date.now() + 3000);
		const behind: Promise<unknown>[] = [];
		expect(await verdict(watch, account, (work) => behind.push(work))).toBe("allowed");
		expect(behind).toHaveLength(1);
		await Promise.all(behind);
		expect(await verdict(watch, account)).toBe("token-revoked");
	});

	it("knows at once of a change that it made itself", async () => {
		const account = newList();
		const watch = new RevocationWatch(env.REVOCATION_LIST, ports);
		await verdict(watch, account);
		await listOf(account).add(entry());
		await watch.refresh(account);
		expect(await verdict(watch, account)).toBe("token-revoked");
	});

	it("asks once for all requests that wait for a copy, and again when that copy is old", async () => {
		const account = newList();
		await listOf(account).add(entry());
		let asked = 0;
		const changesSince = (version: number) => {
			asked += 1;
			return listOf(account).changesSince(version);
		};
		const counting = { getByName: () => ({ changesSince }) } as unknown as typeof env.REVOCATION_LIST;
		const watch = new RevocationWatch(counting, ports);
		const all = () => Promise.all(Array.from({ length: 100 }, () => verdict(watch, account)));
		expect([new Set(await all()), asked]).toEqual([new Set(["token-revoked"]), 1]);
		vi.setSystemTime(Date.now() + 5000);
		expect([new Set(await all()), asked]).toEqual([new Set(["token-revoked"]), 2]);
	});

	it("tells all who waited when the list cannot be asked, and asks again for the next", async () => {
		let asked = 0;
		const changesSince = async () => {
			asked += 1;
			await new Promise((resolve) => setTimeout(resolve, 5));
			throw new Error("unreachable");
		};
		const broken = { getByName: () => ({ changesSince }) } as unknown as typeof env.REVOCATION_LIST;
		const watch = new RevocationWatch(broken, ports);
		const all = () => Promise.all(Array.from({ length: 50 }, () => verdict(watch, "acme")));
		expect([new Set(await all()), asked]).toEqual([new Set(["limits-unavailable"]), 1]);
		expect([new Set(await all()), asked]).toEqual([new Set(["limits-unavailable"]), 2]);
	});

	it("does not take a question that was asked before its own change for an answer", async () => {
		const account = newList();
		const late = Promise.withResolvers<void>();
		let asked = 0;
		const changesSince = async (version: number) => {
			asked += 1;
			const isFirst = asked === 1;
			const changes = await listOf(account).changesSince(version);
			if (isFirst) await late.promise;
			return changes;
		};
		const slow = { getByName: () => ({ changesSince }) } as unknown as typeof env.REVOCATION_LIST;
		const watch = new RevocationWatch(slow, ports);
		const first = verdict(watch, account);
		await listOf(account).list();
		await listOf(account).add(entry());
		expect(await watch.refresh(account)).toBe(true);
		expect(await verdict(watch, account)).toBe("token-revoked");
		late.resolve();
		expect(await first).toBe("token-revoked");
	});

	it("does not wait for ever for a request that has died", async () => {
		const account = newList();
		let asked = 0;
		const changesSince = (version: number) => {
			asked += 1;
			return asked === 1 ? new Promise(() => {}) : listOf(account).changesSince(version);
		};
		const dead = { getByName: () => ({ changesSince }) } as unknown as typeof env.REVOCATION_LIST;
		const watch = new RevocationWatch(dead, ports);
		void verdict(watch, account);
		const all = await Promise.all(Array.from({ length: 20 }, () => verdict(watch, account)));
		expect([new Set(all), asked]).toEqual([new Set(["allowed"]), 2]);
	});

	it("keeps what it knows when an older answer comes late", async () => {
		const account = newList();
		const late = Promise.withResolvers<void>();
		let asked = 0;
		const changesSince = async (version: number) => {
			asked += 1;
			const isFirst = asked === 1;
			const changes = await listOf(account).changesSince(version);
			if (isFirst) await late.promise;
			return changes;
		};
		const slow = { getByName: () => ({ changesSince }) } as unknown as typeof env.REVOCATION_LIST;
		const watch = new RevocationWatch(slow, ports);
		const first = watch.refresh(account);
		await listOf(account).list(); // the first question has been answered by now
		await listOf(account).add(entry());
		await watch.refresh(account);
		late.resolve();
		await first;
		expect(await verdict(watch, account)).toBe("token-revoked");
	});

	it.each([
		["deny", "limits-unavailable"],
		["allow", "allowed"],
	] as const)("without a list: when_counters_fail %s means %s", async (whenUnavailable, expected) => {
		const broken = { getByName: () => ({ changesSince: () => Promise.reject(new Error("unreachable")) }) };
		const watch = new RevocationWatch(broken as unknown as typeof env.REVOCATION_LIST, ports);
		const decision = await watch.judge("acme", facts, whenUnavailable, () => {});
		expect(decision.allowed ? "allowed" : decision.refusal.reason).toBe(expected);
	});
});
