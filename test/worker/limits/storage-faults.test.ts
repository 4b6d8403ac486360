import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type AdmitAnswer, type AdmitRequest, type Limits, unwire, wire } from "../../../worker/limits/contract.ts";
import type { ViewerLimits } from "../../../worker/limits/viewer-limits.ts";
import { MOMENTS, type Moment, breakStorage } from "../../support/broken-storage.ts";
import { type Asked, EPOCH, type Viewer, newViewer, requestOf, verdict } from "../../support/viewer.ts";

beforeEach(() => {
	vi.useFakeTimers({ toFake: ["Date"] });
	vi.setSystemTime(EPOCH);
});
afterEach(() => {
	vi.useRealTimers();
});

const FAULT = "fault";
const LIMIT = 3;

/** Asked from within the object, all at once, for the runtime prints each fault that leaves one. */
function verdictsIn(object: ViewerLimits, asks: readonly Asked[]): Promise<string[]> {
	return Promise.all(asks.map((asked) => verdictIn(object, requestOf(asked))));
}

const verdictIn = (object: ViewerLimits, request: AdmitRequest): Promise<string> =>
	object.admit(wire(request)).then(
		(answer) => verdict(unwire<AdmitAnswer>(answer)),
		() => FAULT,
	);

/** Asks while storage fails, then mends it. */
const whileBroken = (viewer: Viewer, moment: Moment, asks: readonly Asked[], times?: number) =>
	runInDurableObject(viewer.stub, async (object, state) => {
		const broken = breakStorage(state.storage, moment, times);
		const answers = await verdictsIn(object, asks);
		broken.mend();
		return { answers, failures: broken.failures() };
	});

const inOrder = async (viewer: Viewer, asks: readonly Asked[]): Promise<string[]> => {
	const answers: string[] = [];
	for (const asked of asks) answers.push(verdict(await viewer.ask(asked)));
	return answers;
};
const allowedOf = (answers: readonly string[]) => answers.filter((answer) => answer === "allowed").length;

/** One of many that want to be let in; each is somebody else. */
const kinds: Readonly<Record<keyof Limits, (index: number) => Asked>> = {
	maxu: (index) => ({ id: `use-${index}`, limits: { maxu: LIMIT }, use: true, session: null }),
	maxip: (index) => ({ limits: { maxip: LIMIT }, address: `198.51.100.${index}`, session: null }),
	dlimit: (index) => ({ limits: { dlimit: LIMIT }, device: `device-${index}`, session: null }),
	climit: (index) => ({ limits: { climit: LIMIT, cbeh: "BLOCK_NEW" }, session: `s${index}` }),
	cbeh: (index) => ({
		limits: { maxu: LIMIT, maxip: LIMIT, dlimit: LIMIT, climit: LIMIT, cbeh: "BLOCK_NEW" },
		use: true,
		address: `198.51.100.${index}`,
		device: `device-${index}`,
		session: `s${index}`,
	}),
};
const cases = Object.entries(kinds).flatMap(([claim, ask]) => MOMENTS.map((moment) => ({ claim, ask, moment })));
const some = (ask: (index: number) => Asked, from: number, count: number) =>
	Array.from({ length: count }, (_, index) => ask(from + index));

describe.each(cases)("$claim, while storage fails at $moment", ({ ask, moment }) => {
	it("nobody is let in who was not stored, and afterwards the limit is exactly what it was", async () => {
		const viewer = newViewer();
		expect(await inOrder(viewer, some(ask, 0, 1))).toEqual(["allowed"]);
		await evictDurableObject(viewer.stub); // so that the alarm is looked for again
		const { answers } = await whileBroken(viewer, moment, some(ask, 1, 2));
		const letIn = 1 + allowedOf(answers);
		const after = await inOrder(viewer, some(ask, 10, 4));
		// What failed before its commit is as if it had not been; behind it, it may turn out to be stored, but nobody was told so.
		const isStored = moment === "sync" || moment === "get alarm" || moment === "set alarm";
		const stored = isStored ? answers.filter((answer) => answer === FAULT).length : 0;
		expect(letIn + stored + allowedOf(after)).toBe(LIMIT);
		expect(after.at(-1)).not.toBe("allowed");
	});
});

it.each([1, "commit", "sync"] as const)("who was told so stays let in when storage fails at %s", async (moment) => {
	const viewer = newViewer();
	const tv = kinds.dlimit(0);
	await viewer.ask(tv);
	const { answers } = await whileBroken(viewer, moment, [kinds.dlimit(1), kinds.dlimit(2)]);
	expect(answers).toEqual([FAULT, FAULT]);
	expect(verdict(await viewer.ask(tv))).toBe("allowed");
});

it.each([1, "commit"] as const)(
	"the image on the heap goes with what could not be stored (%s): the next is judged on what is on disk",
	async (moment) => {
		const viewer = newViewer();
		const first: Asked = { limits: { maxu: 1, maxip: 1, dlimit: 1, climit: 1, cbeh: "BLOCK_NEW" }, use: true };
		const { answers } = await whileBroken(viewer, moment, [{ ...first, session: "a", address: "192.0.2.1" }]);
		expect(answers).toEqual([FAULT]);
		const next: Asked = { ...first, session: "b", address: "192.0.2.2", device: "phone" };
		expect(verdict(await viewer.ask(next))).toBe("allowed"); // nothing of the first is remembered
		expect(await viewer.stub.listSessions()).toMatchObject([{ key: "b" }]);
	},
);

it("a request that is repeated after its answer was lost spends once, whether or not it was stored", async () => {
	for (const moment of [1, "commit", "sync"] as const) {
		const viewer = newViewer();
		const lost = kinds.maxu(0);
		expect((await whileBroken(viewer, moment, [lost])).answers).toEqual([FAULT]);
		expect(await inOrder(viewer, [lost, ...some(kinds.maxu, 1, LIMIT)])).toEqual([
			...Array.from({ length: LIMIT }, () => "allowed"),
			"use-limit",
		]);
	}
});

it("one failure among many that wait costs only those whom it hit", async () => {
	const viewer = newViewer();
	const { answers, failures } = await whileBroken(viewer, "commit", some(kinds.maxu, 0, 20), 1);
	expect(failures).toBe(1);
	expect(allowedOf(answers)).toBe(LIMIT);
	expect(answers.filter((answer) => answer === FAULT).length).toBeLessThanOrEqual(1);
});

it("a request that cannot be judged does not spoil those that wait with it", async () => {
	const viewer = newViewer();
	const answers = await runInDurableObject(viewer.stub, async (object) => {
		const [good, other] = [requestOf(kinds.climit(0)), requestOf(kinds.climit(1))];
		const unreadable = { ...requestOf(kinds.climit(2)), client: null } as unknown as AdmitRequest;
		return Promise.all([good, good, unreadable, other].map((request) => verdictIn(object, request)));
	});
	expect(answers).toEqual(["allowed", "allowed", FAULT, "allowed"]);
	expect((await viewer.stub.listSessions()).map(({ key }) => key).toSorted()).toEqual(["s0", "s1"]);
});

describe.each([1, "commit", "sync"] as const)("while storage fails at %s", (moment) => {
	const tryTo = async <T>(viewer: Viewer, call: (object: ViewerLimits) => Promise<T>): Promise<T | typeof FAULT> =>
		runInDurableObject(viewer.stub, async (object, state) => {
			const broken = breakStorage(state.storage, moment);
			const outcome = await call(object).catch((): typeof FAULT => FAULT);
			broken.mend();
			return outcome;
		});

	it("a session is not said to be ended", async () => {
		const viewer = newViewer();
		await viewer.ask({ session: "a" });
		expect(await tryTo(viewer, (object) => object.endSessions("a", "operator"))).toBe(FAULT);
		const [session] = await viewer.stub.listSessions();
		expect(session?.endedBy).toBe(moment === "sync" ? "operator" : null); // what is listed is what is stored
		await viewer.stub.endSessions("a", "operator");
		expect((await viewer.stub.listSessions())[0]?.endedBy).toBe("operator");
	});

	it("a use is not given back twice", async () => {
		const viewer = newViewer();
		await inOrder(viewer, some(kinds.maxu, 0, LIMIT));
		const back = wire({ id: "use-0", token: "token-1" });
		expect(await tryTo(viewer, (object) => object.refund(back))).toBe(FAULT);
		await viewer.stub.refund(back);
		expect(await inOrder(viewer, some(kinds.maxu, 10, 2))).toEqual(["allowed", "use-limit"]);
	});

	it("a device is not said to be removed", async () => {
		const viewer = newViewer();
		const owner = { account: "storage-faults", uid: "ann" };
		await viewer.ask(kinds.dlimit(0));
		expect(await tryTo(viewer, (object) => object.removeDevices(owner, "device-0"))).toBe(FAULT);
		expect(await viewer.stub.listDevices()).toHaveLength(moment === "sync" ? 0 : 1);
		expect(verdict(await viewer.ask(kinds.dlimit(0)))).toBe("allowed");
	});
});

it("whatever fails when, no limit is passed and none is lost that somebody was told of", async () => {
	const steps = fc.array(
		fc.record({
			count: fc.integer({ min: 1, max: 4 }),
			fails: fc.option(fc.constantFrom(...MOMENTS), { freq: 1 }),
			restarts: fc.boolean(),
		}),
		{ minLength: 1, maxLength: 8 },
	);
	const claims = fc.constantFrom("maxu", "maxip", "dlimit", "cbeh");
	await fc.assert(
		fc.asyncProperty(claims, steps, async (claim, plan) => {
			const [viewer, ask] = [newViewer(), kinds[claim as keyof typeof kinds]];
			let [asked, letIn] = [0, 0];
			for (const { count, fails, restarts } of plan) {
				const asks = some(ask, asked, count);
				const answers = fails === null ? await inOrder(viewer, asks) : (await whileBroken(viewer, fails, asks)).answers;
				asked += count;
				letIn += allowedOf(answers);
				if (restarts) await evictDurableObject(viewer.stub);
			}
			const after = await inOrder(viewer, some(ask, 100, LIMIT + 1));
			expect(letIn + allowedOf(after)).toBeLessThanOrEqual(LIMIT);
			expect(after.at(-1)).not.toBe("allowed");
		}),
		{ numRuns: 60, seed: 20_260_101 },
	);
});
