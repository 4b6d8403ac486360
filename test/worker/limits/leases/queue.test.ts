import { describe, expect, it } from "vitest";
import type { Kind, LeaseAsk } from "../../../../worker/limits/leases/contract.ts";
import { LeaseQueue } from "../../../../worker/limits/leases/queue.ts";
import type { LeasedAnswer } from "../../../../worker/limits/leases/shard.ts";

const nothing = { granted: 0, returned: 0 };

/** A shard with so many units, and the queue before it; `timeUp` ends all waits. */
function newShard() {
	const timers = new Set<() => void>();
	const queue = new LeaseQueue((fire) => {
		timers.add(fire);
		return () => timers.delete(fire);
	});
	let units = 0;
	const judge = ({ granted }: LeaseAsk): Promise<LeasedAnswer> => {
		units += granted?.uses ?? 0;
		const wants: Kind[] = units > 0 ? [] : ["uses"];
		const ledger = { uses: nothing, addresses: nothing };
		const lease = { ledger, wants, demand: { uses: 0, addresses: 0 }, low: [] };
		if (units === 0) return Promise.resolve({ allowed: false, refusal: { reason: "use-limit", limit: 9 }, lease });
		units -= 1;
		return Promise.resolve({ allowed: true, value: { session: null, ended: [] }, lease });
	};
	const answered: string[] = [];
	const admit = async (id: string, news: Partial<LeaseAsk> = {}, dryRun = false): Promise<void> => {
		const { allowed } = await queue.admit({ id, dryRun }, { shard: 0, limits: {}, ...news }, judge);
		answered.push(`${id} ${allowed ? "passes" : "fetches"}`);
	};
	return { queue, admit, answered, timers, timeUp: () => timers.forEach((fire) => fire()) };
}

const soon = () => new Promise((resolve) => setTimeout(resolve, 0));

describe("requests that find no unit at a shard", () => {
	it("send one of them, and pass with what it brings", async () => {
		const { admit, answered, timers } = newShard();
		const all = ["a", "b", "c"].map((id) => admit(id));
		await soon();
		expect(answered).toEqual(["a fetches"]);
		await Promise.all([admit("a", { granted: { uses: 3 } }), ...all]);
		expect(answered).toEqual(["a fetches", "a passes", "b passes", "c passes"]);
		expect(timers.size).toBe(0);
	});

	it("send the next when it did not bring enough", async () => {
		const { admit, answered } = newShard();
		for (const id of ["a", "b", "c"]) void admit(id);
		await soon();
		await admit("a", { granted: { uses: 2 } });
		await soon();
		expect(answered).toEqual(["a fetches", "a passes", "b passes", "c fetches"]);
	});

	it.each([
		["is not heard of for too long", ({ timeUp }: ReturnType<typeof newShard>) => timeUp()],
		["came to nothing", ({ queue }: ReturnType<typeof newShard>) => queue.giveUp()],
	])("go by themselves when the one that was sent %s", async (_what, end) => {
		const shard = newShard();
		for (const id of ["a", "b", "c"]) void shard.admit(id);
		await soon();
		end(shard);
		await soon();
		expect(shard.answered).toEqual(["a fetches", "b fetches", "c fetches"]);
		void shard.admit("d");
		void shard.admit("e");
		await soon();
		expect(shard.answered.slice(3)).toEqual(["d fetches"]);
	});

	it("do not wait for a dry run, nor it for them", async () => {
		const { admit, answered } = newShard();
		await admit("head", {}, true);
		await admit("a");
		await admit("other head", {}, true);
		expect(answered).toEqual(["head fetches", "a fetches", "other head fetches"]);
	});
});
