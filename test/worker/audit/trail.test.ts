import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import type { AuditLog } from "../../../worker/audit/audit-log.ts";
import { type Batch, COLUMNS, type Row } from "../../../worker/audit/contract.ts";
import { AuditTrail } from "../../../worker/audit/trail.ts";
import { decisionOf } from "../../support/audit.ts";
import { EPOCH } from "../../support/viewer.ts";

const DAY = "2100-01-01";
const ID = COLUMNS.indexOf("decision_id");
let accounts = 0;

interface Setup {
	/** Called instead of the object; answers null where the object shall answer. */
	readonly append?: (batch: Batch, attempt: number) => Promise<number> | null;
}

/** A trail that writes to an object nobody else writes to; its waits end when the test says so. */
function newTrail({ append = () => null }: Setup = {}) {
	accounts += 1;
	const account = `trail-${accounts}`;
	const clock = { ms: EPOCH + 43_200_000 };
	const log: Record<string, unknown>[] = [];
	const batches: Batch[] = [];
	const waits: { readonly ms: number; readonly end: () => void }[] = [];
	const works: Promise<unknown>[] = [];
	const namespace = {
		getByName: (name: string) => ({
			append: (batch: Batch) => {
				batches.push(batch);
				return append(batch, batches.length) ?? env.AUDIT_LOG.getByName(name).append(batch);
			},
		}),
	} as unknown as DurableObjectNamespace<AuditLog>;
	const ports = {
		now: () => clock.ms,
		newId: () => crypto.randomUUID(),
		fetch,
		log: (entry: Readonly<Record<string, unknown>>) => void log.push(entry),
	};
	const trail = new AuditTrail(namespace, ports, (ms) => new Promise((end) => waits.push({ ms, end })));
	return {
		trail,
		account,
		clock,
		log,
		batches,
		waits,
		works,
		record: (decisionId: string, at = account) =>
			trail.record(at, decisionOf({ atMs: clock.ms, decisionId }), (work) => works.push(work)),
		/** Ends the waits that there are and what follows from them. */
		settle: async () => {
			for (const { end } of waits.splice(0)) end();
			await Promise.all(works);
		},
		written: async (at = account) => {
			const { text } = await env.AUDIT_LOG.getByName(`${at}/${DAY}`).recent({ equal: {}, before: null, limit: 1000 });
			return (JSON.parse(text) as Row[]).map((row) => row[ID]).toReversed();
		},
	};
}

describe("a decision", () => {
	it("is written at once after a quiet time", async () => {
		const { record, settle, waits, written } = newTrail();
		record("a");
		expect(waits).toEqual([]);
		await settle();
		expect(await written()).toEqual(["a"]);
	});

	it("gathers with those of the same second, and one call takes them", async () => {
		const { record, settle, waits, batches, written, clock } = newTrail();
		record("a");
		clock.ms += 300;
		for (const name of ["b", "c", "d"]) record(name);
		expect(waits.map(({ ms }) => ms)).toEqual([700]);
		await settle();
		expect(batches.map(({ texts }) => texts.length)).toEqual([1, 1]);
		expect(await written()).toEqual(["a", "b", "c", "d"]);
	});

	it("goes to the object of its own account and day", async () => {
		const { record, settle, account, clock, written } = newTrail();
		record("a");
		record("b", `${account}-other`);
		clock.ms += 86_400_000;
		record("tomorrow");
		await settle();
		expect([await written(), await written(`${account}-other`)]).toEqual([["a"], ["b"]]);
	});

	it("is not held up by a clock that was set back", async () => {
		const { record, settle, waits, clock } = newTrail();
		record("a");
		await settle();
		clock.ms -= 3_600_000;
		record("b");
		expect(waits.map(({ ms }) => ms)).toEqual([1000]);
	});

	it("that nobody sent because its request had died goes with a later one", async () => {
		const { record, works, waits, clock, written } = newTrail();
		record("a");
		record("b"); // its wait never ends
		clock.ms += 15_999;
		record("c");
		expect([works.length, waits.length]).toEqual([2, 1]);
		clock.ms += 1;
		record("d");
		await works.at(-1);
		expect(await written()).toEqual(["a", "b", "c", "d"]);
	});
});

describe("a call that fails", () => {
	it.each([
		{ what: "before it was written", early: true },
		{ what: "after it was written", early: false },
	])("$what is made again, and writes once", async ({ early }) => {
		const name = `lost-${early}`;
		const failing = async (batch: Batch): Promise<number> => {
			if (!early) await env.AUDIT_LOG.getByName(`${account}/${DAY}`).append(batch);
			throw new Error("Network connection lost.");
		};
		const { trail, record, settle, written, log, account, waits } = newTrail({
			append: (batch, attempt) => (attempt > 1 ? null : failing(batch)),
		});
		record(name);
		const flushed = trail.flush(account, DAY);
		while (!waits.some(({ ms }) => ms === 200)) await new Promise((resolve) => setTimeout(resolve, 1));
		await settle();
		await flushed;
		expect([await written(), log]).toEqual([[name], []]);
	});

	it("twice is a fault in the log with how many are lost, and nothing else", async () => {
		const { record, settle, waits, log, account } = newTrail({ append: () => Promise.reject(new Error("gone")) });
		record("a");
		while (waits.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
		await settle();
		expect(log).toEqual([{ event: "fault", where: "audit", account, day: DAY, decisions: 1, message: "Error: gone" }]);
	});

	it("because the object has too much to do is not made again", async () => {
		const overloaded = Object.assign(new Error("Durable Object is overloaded."), { overloaded: true });
		const { record, settle, batches, log } = newTrail({ append: () => Promise.reject(overloaded) });
		record("a");
		await settle();
		expect([batches.length, log.length]).toEqual([1, 1]);
	});
});

describe("what gathers", () => {
	it("is sent early when it is much, in rows that a table can hold", async () => {
		const { record, settle, batches } = newTrail({ append: () => Promise.resolve(1000) });
		for (let each = 0; each <= 5000; each++) record(`d${each}`);
		await settle();
		expect(batches.map(({ texts }) => texts.length)).toEqual([1, 25]);
		const longest = Math.max(...batches.flatMap(({ texts }) => texts.map((text) => text.length)));
		expect(longest).toBeLessThan(2_000_000);
	});

	it("waits as long as the object says", async () => {
		const { record, settle, waits, clock } = newTrail({ append: () => Promise.resolve(4000) });
		record("a");
		await settle();
		clock.ms += 500;
		record("b");
		expect(waits.map(({ ms }) => ms)).toEqual([3500]);
	});

	it("has an end, and the log says what was lost", async () => {
		let answer = (_gatherMs: number): void => {};
		const pending = new Promise<number>((resolve) => (answer = resolve));
		const { record, settle, log, batches, trail, account } = newTrail({ append: () => pending });
		for (let each = 0; each < 70_000; each++) record(`d${each}`);
		const flushed = trail.flush(account, DAY);
		answer(1000);
		await settle();
		await flushed;
		const sent = batches.flatMap(({ texts }) => texts.flatMap((text) => JSON.parse(text) as Row[])).length;
		const [{ decisions, message } = {}] = log;
		expect(sent + Number(decisions)).toBe(70_000);
		expect([log.length, message]).toEqual([1, "more came than one isolate holds"]);
	});

	it("can be flushed: then all of it is written", async () => {
		const { record, trail, account, written, batches } = newTrail();
		await trail.flush(account, DAY);
		expect(batches).toEqual([]);
		for (const name of ["a", "b", "c"]) record(name);
		await trail.flush(account, DAY);
		expect(await written()).toEqual(["a", "b", "c"]);
	});
});
