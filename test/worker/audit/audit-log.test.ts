import { env } from "cloudflare:workers";
import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type Batch, COLUMNS, type Row, type Wanted } from "../../../worker/audit/contract.ts";
import { forgetAtMs } from "../../../worker/audit/day.ts";
import { rowOf } from "../../../worker/audit/row.ts";
import { decisionOf } from "../../support/audit.ts";
import { EPOCH } from "../../support/viewer.ts";

const DAY = "2100-01-01";
const ID = COLUMNS.indexOf("decision_id");
let logs = 0;
const newLog = () => {
	logs += 1;
	const name = `account-${logs}/${DAY}`;
	return () => env.AUDIT_LOG.getByName(name);
};
type Log = ReturnType<typeof newLog>;

let batches = 0;
const batchOf = (names: readonly string[], change: Partial<Batch> = {}): Batch => {
	batches += 1;
	const rows = names.map((decisionId) => rowOf(decisionOf({ decisionId })));
	return {
		id: `batch-${batches}`,
		texts: [JSON.stringify(rows)],
		forgetAtMs: forgetAtMs(DAY),
		again: false,
		...change,
	};
};
const idsIn = (texts: readonly string[]) => texts.flatMap((text) => (JSON.parse(text) as Row[]).map((row) => row[ID]));

/** Ids of a report's decisions, page after page. */
async function reportOf(log: Log, execution: string): Promise<unknown[]> {
	const ids: unknown[] = [];
	for (let after = 0; ;) {
		const page = await log().page(execution, after);
		if (!page) throw new Error("no such report");
		ids.push(...idsIn(page.texts));
		if (page.done) return ids;
		after = page.after;
	}
}

async function recent(log: Log, wanted: Partial<Wanted> = {}) {
	const { text, next } = await log().recent({ equal: {}, before: null, limit: 100, ...wanted });
	return { ids: idsIn([text]), next };
}

beforeEach(() => {
	vi.useFakeTimers({ toFake: ["Date"] });
	vi.setSystemTime(EPOCH);
});
afterEach(() => {
	vi.useRealTimers();
});

describe("a day's decisions", () => {
	it("are kept in the order in which they came, across a restart", async () => {
		const log = newLog();
		await log().append(batchOf(["a", "b"]));
		await evictDurableObject(log());
		await log().append(batchOf(["c"]));
		await log().snapshot("report", forgetAtMs(DAY));
		expect(await reportOf(log, "report")).toEqual(["a", "b", "c"]);
	});

	it("are written once when a batch comes again, also after a restart", async () => {
		const log = newLog();
		const batch = batchOf(["a"]);
		await log().append(batch);
		await log().append(batchOf(["b"]));
		await evictDurableObject(log());
		await log().append({ ...batch, again: true });
		await log().append(batchOf(["c"], { again: true }));
		expect((await recent(log)).ids).toEqual(["c", "b", "a"]);
	});

	it("are gone 30 days after the day's end, with its reports", async () => {
		const log = newLog();
		await log().append(batchOf(["a"]));
		await log().snapshot("report", forgetAtMs(DAY));
		const alarm = await runInDurableObject(log(), (_object, { storage }) => storage.getAlarm());
		expect(new Date(alarm ?? 0).toISOString()).toBe("2100-02-01T00:00:00.000Z");
		expect(await runDurableObjectAlarm(log())).toBe(true);
		expect(await log().hasExecution("report")).toBe(false);
		expect(await log().page("report", 0)).toBeNull();
		expect((await recent(log)).ids).toEqual([]);
		await log().append(batchOf(["late"]));
		expect((await recent(log)).ids).toEqual(["late"]);
		expect(await runInDurableObject(log(), (_object, { storage }) => storage.getAlarm())).not.toBeNull();
	});

	it("are forgotten also when nothing but a report was ever asked for", async () => {
		const log = newLog();
		await log().snapshot("report", forgetAtMs(DAY));
		expect(await runDurableObjectAlarm(log())).toBe(true);
	});
});

describe("a report", () => {
	it("is of what was there when it was asked for", async () => {
		const log = newLog();
		await log().snapshot("empty", forgetAtMs(DAY));
		await log().append(batchOf(["a"]));
		await log().snapshot("one", forgetAtMs(DAY));
		await log().append(batchOf(["b"]));
		await log().snapshot("two", forgetAtMs(DAY));
		expect([await reportOf(log, "empty"), await reportOf(log, "one"), await reportOf(log, "two")]).toEqual([
			[],
			["a"],
			["a", "b"],
		]);
		expect([await log().hasExecution("one"), await log().hasExecution("three")]).toEqual([true, false]);
	});

	it("of more than fits into memory comes in pages", async () => {
		const log = newLog();
		const text = JSON.stringify([rowOf(decisionOf({ path: "x".repeat(300) }))]).padEnd(1_000_000);
		for (let batch = 0; batch < 12; batch++) await log().append(batchOf([], { texts: [text] }));
		await log().snapshot("report", forgetAtMs(DAY));
		const first = await log().page("report", 0);
		expect(first).toMatchObject({ after: 2, done: false });
		expect(await reportOf(log, "report")).toHaveLength(12);
	});
});

describe("the newest decisions", () => {
	it("come a page at a time, each once, while more are written", async () => {
		const log = newLog();
		await log().append(batchOf(["a", "b", "c"]));
		await log().append(batchOf(["d", "e"]));
		const first = await recent(log, { limit: 2 });
		expect(first.ids).toEqual(["e", "d"]);
		await log().append(batchOf(["f"]));
		const second = await recent(log, { limit: 2, before: first.next });
		expect(second.ids).toEqual(["c", "b"]);
		const third = await recent(log, { limit: 2, before: second.next });
		expect(third).toEqual({ ids: ["a"], next: null });
	});

	it("have no next page when exactly as many matched as were wanted", async () => {
		const log = newLog();
		await log().append(batchOf(["a", "b"]));
		expect(await recent(log, { limit: 2 })).toEqual({ ids: ["b", "a"], next: null });
	});

	it("are chosen by what stands in their columns, exactly", async () => {
		const log = newLog();
		const rows = [
			decisionOf({ decisionId: "a", uid: "ann" }),
			decisionOf({ decisionId: "b", uid: "ann", refusal: { reason: "ip-limit", limit: 1 } }),
			decisionOf({ decisionId: "c", uid: "Ann", refusal: { reason: "use-limit", limit: 1 } }),
			decisionOf({ decisionId: "d", uid: undefined }),
		];
		await log().append(batchOf([], { texts: [JSON.stringify(rows.map(rowOf))] }));
		const chosen = async (equal: Wanted["equal"]) => (await recent(log, { equal })).ids;
		expect(await chosen({ uid: "ann" })).toEqual(["b", "a"]);
		expect(await chosen({ allowed: false })).toEqual(["c", "b"]);
		expect(await chosen({ allowed: true, uid: "ann" })).toEqual(["a"]);
		expect(await chosen({ reason: "ip-limit" })).toEqual(["b"]);
		expect(await chosen({ uid: "nobody" })).toEqual([]);
	});

	it("are looked for a part of the day at a time where few match", async () => {
		const log = newLog();
		const text = JSON.stringify([rowOf(decisionOf({ uid: "bob" }))]).padEnd(1_000_000);
		await log().append(batchOf([], { texts: [JSON.stringify([rowOf(decisionOf({ decisionId: "a", uid: "ann" }))])] }));
		for (let batch = 0; batch < 10; batch++) await log().append(batchOf([], { texts: [text] }));
		const first = await recent(log, { equal: { uid: "ann" } });
		expect(first.ids).toEqual([]);
		expect((await recent(log, { equal: { uid: "ann" }, before: first.next })).ids).toEqual(["a"]);
	});
});

describe("isolates that write", () => {
	it("are told to gather longer when they are many, and as before when they are few again", async () => {
		const log = newLog();
		const told: number[] = [];
		for (let call = 0; call < 450; call++) told.push(await log().append(batchOf([])));
		expect([told[0], told[199], told[200], told[449]]).toEqual([1000, 1000, 2000, 3000]);
		vi.setSystemTime(EPOCH + 1000);
		expect(await log().append(batchOf([]))).toBe(1000);
	});
});
