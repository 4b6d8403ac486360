import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Admissions } from "../../../worker/limits/admissions.ts";
import { wire } from "../../../worker/limits/contract.ts";
import { type Asked, EPOCH, type Viewer, newViewer, sessionOf, verdict } from "../../support/viewer.ts";

// An object judges by its own clock, and by nobody else's. It may move to a machine whose clock is another, so it may jump.

beforeEach(() => {
	vi.useFakeTimers({ toFake: ["Date"] });
	vi.setSystemTime(EPOCH);
});
afterEach(() => {
	vi.useRealTimers();
});

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const at = (ms: number) => vi.setSystemTime(EPOCH + ms);
const spend: Asked = { limits: { maxu: 2 }, use: true, session: null, expiresAt: EPOCH + HOUR };
const ask = async (viewer: Viewer, asked: Asked) => verdict(await viewer.ask(asked));
const aliveOf = async (viewer: Viewer) =>
	(await viewer.stub.listSessions()).filter(({ endedBy }) => endedBy === null).map(({ key }) => key);

const jumps = [
	["back by an hour", -HOUR],
	["back by a second", -1000],
	["ahead by an hour", HOUR],
	["ahead by a day", 24 * HOUR],
] as const;

describe.each(jumps)("when the object's clock goes %s, and comes right again", (_where, jump) => {
	it.each([
		["uses", { ...spend }, "use-limit"],
		["addresses", { limits: { maxip: 2 }, session: null, expiresAt: EPOCH + HOUR }, "ip-limit"],
		["devices", { limits: { dlimit: 2 }, session: null }, "device-limit"],
	] as const)("all %s still count, cleaned up in between or not", async (_what, asked, refusal) => {
		const viewer = newViewer();
		const one = (who: number) => ask(viewer, { ...asked, address: `192.0.2.${who}`, device: `device-${who}` });
		expect([await one(1), await one(2)]).toEqual(["allowed", "allowed"]);
		at(jump);
		expect(await one(3)).toBe(refusal);
		await runDurableObjectAlarm(viewer.stub);
		await evictDurableObject(viewer.stub);
		at(1000);
		expect(await one(3)).toBe(refusal);
	});

	it("a grant whose session was ended stays refused", async () => {
		const viewer = newViewer();
		const token = { expiresAt: EPOCH + HOUR };
		const granted = sessionOf(await viewer.ask({ ...token, session: "a" }));
		await viewer.stub.endSessions("a", "operator");
		at(jump);
		await runDurableObjectAlarm(viewer.stub);
		at(1000);
		expect(await ask(viewer, { ...token, intent: "renew", session: "a", granted })).toBe("session-ended");
	});

	it("no more sessions are alive than may be, and who lost a place is refused when it is next heard of", async () => {
		const viewer = newViewer();
		const limits = { climit: 1, cbeh: "BLOCK_NEW" } as const;
		const first = sessionOf(await viewer.ask({ limits, session: "a" }));
		at(jump);
		const letIn = await ask(viewer, { limits, session: "b" });
		expect(letIn).toBe(jump > 0 ? "allowed" : "stream-limit-create"); // by that clock the first was silent for an hour
		expect(await aliveOf(viewer)).toEqual([jump > 0 ? "b" : "a"]);
		at(1000);
		expect(await aliveOf(viewer)).toEqual([jump > 0 ? "b" : "a"]); // no place is given twice
		await ask(viewer, { limits, session: "a", intent: "renew", granted: first });
		expect(await ask(viewer, { limits, session: "c" })).toBe("stream-limit-create");
	});
});

it("however the clock jumps, no limit is passed, and no ended session goes on", async () => {
	const moves = fc.constantFrom(0, 1000, 20_000, 95_000, -1000, -95_000, HOUR, -HOUR, 23 * HOUR, -23 * HOUR);
	const steps = fc.array(
		fc.record({
			moves,
			does: fc.constantFrom("start", "start", "renew", "end", "use", "clean up", "restart"),
			who: fc.nat({ max: 3 }),
		}),
		{ minLength: 5, maxLength: 30 },
	);
	const limits = { climit: 2, cbeh: "BLOCK_NEW", maxu: 3, maxip: 3 } as const;
	await fc.assert(
		fc.asyncProperty(steps, async (plan) => {
			vi.setSystemTime(EPOCH + 24 * HOUR);
			const viewer = newViewer();
			const token = { expiresAt: EPOCH + 24 * HOUR + MINUTE, limits };
			await viewer.stub.listSessions(); // from now on there is an object
			const grants = new Map<string, { key: string; startedAt: number }>();
			const ended: (readonly [string, { key: string; startedAt: number }])[] = [];
			let used = 0;
			for (const { moves: by, does, who } of plan) {
				// Right, on the whole: a clock that is wrong by more than a day is not promised anything.
				const now = Math.min(Math.max(Date.now() + by, EPOCH), EPOCH + 47 * HOUR);
				vi.setSystemTime(now);
				const asked: Asked = { ...token, session: `s${who}`, address: `192.0.2.${who}` };
				const granted = grants.get(`s${who}`);
				if (does === "start" || (does === "renew" && granted)) {
					const renewal = does === "renew" && granted ? { intent: "renew" as const, granted } : {};
					const answer = await viewer.ask({ ...asked, ...renewal });
					if (answer.allowed) grants.set(`s${who}`, sessionOf(answer));
				} else if (does === "end" && granted && (await viewer.stub.endSessions(granted.key, "operator")).length > 0)
					ended.push([`s${who}`, granted]);
				else if (does === "use") {
					const answer = await viewer.ask({ ...asked, session: null, use: true, address: "192.0.2.0" });
					used += answer.allowed ? 1 : 0;
				} else if (does === "clean up") await runDurableObjectAlarm(viewer.stub);
				else if (does === "restart") await evictDurableObject(viewer.stub);
				expect((await aliveOf(viewer)).length).toBeLessThanOrEqual(limits.climit);
				expect(used).toBeLessThanOrEqual(limits.maxu);
				const rows = await runInDurableObject(viewer.stub, (_object, state) =>
					state.storage.sql.exec("SELECT address FROM addresses").toArray(),
				);
				expect(rows.length).toBeLessThanOrEqual(limits.maxip);
				for (const [session, grant] of ended) {
					if (now >= token.expiresAt + MINUTE) continue; // no isolate lets the token in any more
					const again: Asked = { ...asked, intent: "renew", session, granted: grant, dryRun: true };
					expect(verdict(await viewer.ask({ ...again, limits: {} }))).toBe("session-ended");
				}
			}
		}),
		{ numRuns: 60, seed: 20_260_101 },
	);
});

describe("a use is given back at most once", () => {
	it("also when the clock went back in between", async () => {
		const viewer = newViewer();
		const back = (id: string) => viewer.stub.refund(wire({ id, token: "token-1" }));
		at(HOUR);
		await viewer.ask({ ...spend, id: "a", limits: { maxu: 1 } });
		await evictDurableObject(viewer.stub);
		at(0);
		await back("a");
		await evictDurableObject(viewer.stub);
		at(HOUR + 30_000);
		expect(await ask(viewer, { ...spend, limits: { maxu: 1 } })).toBe("allowed");
		await back("a");
		expect(await ask(viewer, { ...spend, limits: { maxu: 1 } })).toBe("use-limit");
	});
});

it("an alarm that was set by a clock far ahead is set again to when it is due", async () => {
	const viewer = newViewer();
	at(365 * 24 * HOUR);
	await viewer.ask({ session: "a" });
	await evictDurableObject(viewer.stub);
	at(0);
	await viewer.ask({ session: "b" });
	const alarm = await runInDurableObject(viewer.stub, (_object, state) => state.storage.getAlarm());
	expect(alarm).toBe(EPOCH + HOUR);
});

describe("an isolate", () => {
	const answer = { allowed: true, value: { session: null, ended: [] } } as const;

	it.each([
		["a moment later", 1000, true],
		["by a request that began before", -5000, true],
		["when its time is over", 20_000, false],
		["when its clock went back: nobody knows how old the answer is", -HOUR, false],
	])("uses what it remembers of an object: %s", (_when, ms, remembers) => {
		const admissions = new Admissions();
		admissions.learn("viewer", "client", answer, [EPOCH, EPOCH + 20_000]);
		expect(admissions.recall("viewer", "client", EPOCH + ms)).toEqual(remembers ? answer : null);
	});

	it.each([-25 * HOUR, -HOUR, HOUR, 25 * HOUR])(
		"whose clock is wrong by %d ms changes nothing at the object, which has a clock of its own",
		async (wrong) => {
			const viewer = newViewer();
			const limits = { climit: 1, cbeh: "BLOCK_NEW", maxu: 1 } as const;
			// All that an isolate tells of its time is when the token ends, and the grant's start is the object's own.
			const expiresAt = EPOCH + 48 * HOUR + wrong;
			expect(await ask(viewer, { limits, use: true, session: "a", expiresAt })).toBe("allowed");
			expect(await ask(viewer, { limits, use: true, session: "a", expiresAt: EPOCH + 48 * HOUR })).toBe("use-limit");
			expect(await ask(viewer, { limits, session: "b", expiresAt })).toBe("stream-limit-create");
		},
	);
});
