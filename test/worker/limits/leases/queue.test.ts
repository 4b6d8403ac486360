import { describe, expect, it } from "vitest";
import type { Kind, LeaseAsk, RecallAsk } from "../../../../worker/limits/leases/contract.ts";
import { type Judged, LeaseQueue } from "../../../../worker/limits/leases/queue.ts";
import { FETCHED_WITHIN_MS, LONGEST_WAIT_MS } from "../../../../worker/limits/leases/state.ts";

const nothing = { granted: 0, returned: 0 };

/** A shard with so many units, and the queue before it; `pass` lets time go by. */
function newShard(low: readonly Kind[] = []) {
	let now = 0;
	const timers = new Set<{ readonly at: number; readonly fire: () => void }>();
	const queue = new LeaseQueue((ms, fire) => {
		const timer = { at: now + ms, fire };
		timers.add(timer);
		return () => timers.delete(timer);
	});
	let units = 0;
	let spent = false;
	let looked = 0;
	let fault: Error | null = null;
	const judge = ({ granted, spent: kinds = [] }: LeaseAsk): Promise<Judged> => {
		looked += 1;
		if (fault) return Promise.reject(fault);
		units += granted?.uses ?? 0;
		spent ||= kinds.length > 0;
		const allowed = units > 0;
		if (allowed) units -= 1;
		const wants: Kind[] = allowed || spent ? [] : ["uses"];
		const ledger = { uses: nothing, addresses: nothing };
		const lease = { ledger, wants, demand: { uses: 0, addresses: 0 }, low: allowed ? low : [] };
		const answer = allowed
			? ({ allowed, value: { session: null, ended: [] }, lease } as const)
			: ({ allowed, refusal: { reason: "use-limit", limit: 9 }, lease } as const);
		return Promise.resolve({ answer, unused: units });
	};
	const answered: string[] = [];
	const admit = async (id: string, news: Partial<LeaseAsk> = {}, dryRun = false): Promise<void> => {
		const { allowed, lease } = await queue.admit({ id, dryRun }, { shard: 0, limits: {}, ...news }, judge);
		const how = lease.late ? "is late" : lease.wants.length > 0 ? "fetches" : allowed ? "passes" : "is refused";
		answered.push(`${id} ${how}${lease.low.length > 0 ? " and refills" : ""}`);
	};
	const hear = (news: Partial<RecallAsk>): void => {
		units += news.granted?.uses ?? 0;
		queue.hear({ shard: 0, token: { id: "", expiresAt: 0 }, kinds: [], granted: {}, ...news }, units);
	};
	const pass = async (ms: number): Promise<void> => {
		now += ms;
		for (const timer of timers) if (timer.at <= now && timers.delete(timer)) timer.fire();
		await soon();
	};
	const news = (): string[] => answered.splice(0);
	return { admit, hear, news, pass, timers, looks: () => looked, failWith: (error: Error | null) => (fault = error) };
}

const soon = () => new Promise((resolve) => setTimeout(resolve, 0));

/** A shard at which these have come, and the first of them was sent. */
async function dryShard(...ids: string[]) {
	const shard = newShard();
	for (const id of ids) void shard.admit(id);
	await soon();
	expect(shard.news()).toEqual([`${ids[0]} fetches`]);
	return shard;
}

describe("requests that find no unit at a shard", () => {
	it("send one of them, and pass with what it brings", async () => {
		const { admit, news, timers } = await dryShard("a", "b", "c");
		await admit("a", { granted: { uses: 3 } });
		await soon();
		expect(news()).toEqual(["a passes", "b passes", "c passes"]);
		expect(timers.size).toBe(0);
	});

	it("send the next when it did not bring enough, and then wait in the order in which they came", async () => {
		const { admit, news } = await dryShard("a", "b", "c", "d", "e");
		await admit("a", { granted: { uses: 2 } });
		await soon();
		expect(news()).toEqual(["a passes", "b passes", "c fetches"]);
		void admit("f");
		await soon();
		await admit("c", { granted: { uses: 2 } });
		await soon();
		expect(news()).toEqual(["c passes", "d passes", "e fetches"]);
		await admit("e", { spent: ["uses"] });
		await soon();
		expect(news()).toEqual(["e is refused", "f is refused"]);
	});

	it("look only when there may be something for them", async () => {
		const ids = Array.from({ length: 100 }, (_, index) => `waits-${index}`);
		const { admit, looks } = await dryShard("a", ...ids);
		const before = looks();
		await admit("a", { granted: { uses: 4 } });
		await soon();
		expect(looks() - before).toBe(5); // itself, the three that pass, and the one that goes next
	});

	it("send the next, and one only, when the one that was sent is not heard of for too long", async () => {
		const { pass, news, admit } = await dryShard("a", "b", "c");
		await pass(FETCHED_WITHIN_MS - 1);
		expect(news()).toEqual([]);
		await pass(1);
		expect(news()).toEqual(["b fetches"]);
		await admit("a", { granted: { uses: 1 } }); // it was only slow
		await pass(FETCHED_WITHIN_MS);
		expect(news()).toEqual(["a passes", "c fetches"]);
	});

	it("send the next when the one that was sent came to nothing", async () => {
		const { hear, news } = await dryShard("a", "b", "c");
		hear({ by: "somebody else" });
		await soon();
		expect(news()).toEqual([]);
		hear({ by: "a" });
		await soon();
		expect(news()).toEqual(["b fetches"]);
	});

	it("send the next when the one whose turn it is fails at the shard itself", async () => {
		const { admit, hear, news, failWith } = await dryShard("a");
		const lost = [admit("b"), admit("c")].map((asked) => asked.catch((fault: unknown) => String(fault)));
		await soon();
		failWith(new Error("full"));
		hear({ by: "a" });
		expect(await Promise.all(lost)).toEqual(["Error: full", "Error: full"]);
		failWith(null);
		void admit("d");
		await soon();
		expect(news()).toEqual(["d fetches"]);
	});

	it("are told when they have waited for too long, however often they looked", async () => {
		const { admit, pass, news, timers } = await dryShard("a", "b", "c", "d");
		for (const id of ["a", "b"]) {
			await pass(FETCHED_WITHIN_MS - 1);
			await admit(id, { granted: { uses: 1 } });
			await soon();
		}
		expect(news()).toEqual(["a passes", "b fetches", "b passes", "c fetches"]);
		await pass(LONGEST_WAIT_MS - 2 * (FETCHED_WITHIN_MS - 1));
		expect(news()).toEqual(["d is late"]);
		await admit("c", { granted: { uses: 1 } });
		expect([news(), timers.size]).toEqual([["c passes"], 0]);
	});

	it("go by themselves where the root cannot lend", async () => {
		const { hear, news } = await dryShard("a", "b", "c");
		hear({ by: "a", alone: true });
		await soon();
		expect(news()).toEqual(["b fetches", "c fetches"]);
	});

	it("do not wait for a dry run, nor it for them", async () => {
		const { admit, news } = newShard();
		await admit("head", {}, true);
		await admit("a");
		await admit("other head", {}, true);
		expect(news()).toEqual(["head fetches", "a fetches", "other head fetches"]);
	});

	it("wait for a refill that is on its way, and pass with it", async () => {
		const { admit, hear, news } = newShard(["uses"]);
		await admit("a", { granted: { uses: 2 } });
		await admit("b");
		for (const id of ["c", "d"]) void admit(id);
		await soon();
		expect(news()).toEqual(["a passes and refills", "b passes"]);
		hear({ by: "a", granted: { uses: 2 } });
		await soon();
		expect(news()).toEqual(["c passes and refills", "d passes"]);
	});
});
