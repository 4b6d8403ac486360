import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { AdmitAnswer } from "../../../worker/limits/contract.ts";
import { type Asked, EPOCH, type Viewer, newViewer, sessionOf, verdict } from "../../support/viewer.ts";

beforeEach(() => {
	vi.useFakeTimers({ toFake: ["Date"] });
	vi.setSystemTime(EPOCH);
});
afterEach(() => {
	vi.useRealTimers();
});

const later = (seconds: number) => vi.setSystemTime(Date.now() + seconds * 1000);
const full = { climit: 1, cbeh: "BLOCK_NEW" } as const;
const conflictsOf = (answer: AdmitAnswer) =>
	!answer.allowed && "conflicts" in answer.refusal ? answer.refusal.conflicts : "none listed";
const aliveIn = async (viewer: Viewer) =>
	(await viewer.stub.listSessions()).filter(({ endedBy }) => endedBy === null).map(({ key }) => key);

describe("conflicts", () => {
	const owner = { account: "acme", uid: "ann" };

	it("are what plays, newest first, by the names of the Devices API, without an address", async () => {
		const viewer = newViewer();
		const limits = { climit: 2, cbeh: "BLOCK_NEW", dlimit: 5 } as const;
		await viewer.ask({ limits, session: "tv", device: "tv-1", agent: "Set/1", owner });
		await viewer.stub.renameDevice(owner, "tv-1", "Ann's TV");
		later(1);
		await viewer.ask({ limits, session: "phone", device: "phone-1", agent: "Phone/1", owner });
		const answer = await viewer.ask({ limits, session: "new", device: "new", listConflicts: true, owner });
		expect(verdict(answer)).toBe("stream-limit-create");
		expect(conflictsOf(answer)).toEqual([
			{
				session: "phone",
				device: "phone-1",
				deviceName: null,
				userAgent: "Phone/1",
				video: "clip",
				startedAt: EPOCH + 1000,
			},
			{
				session: "tv",
				device: "tv-1",
				deviceName: "Ann's TV",
				userAgent: "Set/1",
				video: "clip",
				startedAt: EPOCH,
			},
		]);
	});

	it("are told to the session that had to go", async () => {
		const viewer = newViewer();
		const granted = sessionOf(await viewer.ask({ limits: { climit: 1 }, session: "tv" }));
		await viewer.ask({ limits: { climit: 1 }, session: "phone" });
		const renewal: Asked = { intent: "renew", limits: { climit: 1 }, session: "tv", granted };
		expect(conflictsOf(await viewer.ask({ ...renewal, listConflicts: true }))).toMatchObject([{ session: "phone" }]);
		expect(await viewer.ask(renewal)).toEqual({ allowed: false, refusal: { reason: "stream-limit-renew" } });
	});

	it("are at most 20, and none that has lapsed or was ended", async () => {
		const viewer = newViewer();
		await viewer.ask({ session: "lapsed", ttlSeconds: 1 });
		later(5);
		for (let index = 0; index < 25; index++) await viewer.ask({ session: `s${index}` });
		await viewer.stub.endSessions("s24", "operator");
		const listed = conflictsOf(await viewer.ask({ limits: full, session: "new", listConflicts: true }));
		expect(listed).toHaveLength(20);
		expect(JSON.stringify(listed)).not.toMatch(/lapsed|s24/);
	});

	it("are not told unasked", async () => {
		const viewer = newViewer();
		await viewer.ask({ limits: full, session: "tv" });
		expect(await viewer.ask({ limits: full, session: "phone" })).toEqual({
			allowed: false,
			refusal: { reason: "stream-limit-create", limit: 1, active: 1 },
		});
	});
});

describe("a start that names a session to end", () => {
	const start: Asked = { limits: full, session: "phone", endSession: "tv" };

	it("takes its place, and the grant of the other is refused from then on", async () => {
		const viewer = newViewer();
		const granted = sessionOf(await viewer.ask({ limits: full, session: "tv" }));
		expect(await viewer.ask(start)).toMatchObject({ allowed: true, value: { ended: ["tv"] } });
		await evictDurableObject(viewer.stub);
		const renewal: Asked = { intent: "renew", limits: full, session: "tv", granted };
		expect(await viewer.ask(renewal)).toEqual({ allowed: false, refusal: { reason: "session-ended", by: "viewer" } });
		expect(await aliveIn(viewer)).toEqual(["phone"]);
	});

	it("ends it also when there is room", async () => {
		const viewer = newViewer();
		await viewer.ask({ limits: { climit: 5 }, session: "tv" });
		await viewer.ask({ ...start, limits: { climit: 5 } });
		expect(await aliveIn(viewer)).toEqual(["phone"]);
	});

	it("ends that one and not the oldest, where the oldest would have to go", async () => {
		const viewer = newViewer();
		const limits = { climit: 2 };
		await viewer.ask({ limits, session: "old" });
		later(1);
		await viewer.ask({ limits, session: "tv" });
		later(1);
		expect(await viewer.ask({ ...start, limits })).toMatchObject({ value: { ended: ["tv"] } });
		expect(await aliveIn(viewer)).toEqual(["phone", "old"]);
	});

	it.each<[string, Asked]>([
		["its address", { limits: { ...full, maxip: 1 }, address: "192.0.2.77" }],
		["its device", { limits: { ...full, dlimit: 1 }, device: "phone" }],
		["a use", { limits: { ...full, maxu: 1 }, use: true }],
	])("changes nothing when it is refused for %s", async (_what, change) => {
		const viewer = newViewer();
		const limits = { ...full, maxip: 1, dlimit: 1, maxu: 1 };
		await viewer.ask({ limits, session: "tv", device: "tv", use: true });
		expect(verdict(await viewer.ask({ ...start, device: "tv", ...change }))).toMatch(/^(ip|device|use)-limit$/);
		expect(await aliveIn(viewer)).toEqual(["tv"]);
	});

	it("changes nothing when one ended is not enough", async () => {
		const viewer = newViewer();
		for (const session of ["tv", "tablet"]) await viewer.ask({ limits: { climit: 2 }, session });
		expect(await viewer.ask(start)).toMatchObject({ refusal: { reason: "stream-limit-create", active: 2 } });
		expect((await aliveIn(viewer)).toSorted()).toEqual(["tablet", "tv"]);
	});

	it("may be that of the same address and device, for which one more may start", async () => {
		const viewer = newViewer();
		for (const session of ["tv", "tablet"]) await viewer.ask({ limits: { climit: 2 }, session, device: session });
		const limits = { climit: 1, cbeh: "BLOCK_NEW_USER" } as const;
		expect(verdict(await viewer.ask({ ...start, limits, device: "tv" }))).toBe("allowed");
		expect((await aliveIn(viewer)).toSorted()).toEqual(["phone", "tablet"]);
	});

	it.each(["nobody", "phone", "ended"])(
		"is judged as without it when the session is not alive: %s",
		async (endSession) => {
			const viewer = newViewer();
			await viewer.ask({ session: "ended" });
			await viewer.stub.endSessions("ended", "operator");
			expect(verdict(await viewer.ask({ ...start, endSession }))).toBe("allowed");
			expect(verdict(await viewer.ask({ ...start, session: "other", endSession: "ended" }))).toBe(
				"stream-limit-create",
			);
			expect((await viewer.stub.listSessions()).find(({ key }) => key === "ended")?.endedBy).toBe("operator");
		},
	);

	it("ends nothing when it goes on with a session that is alive", async () => {
		const viewer = newViewer();
		const reload: Asked = { ...start, intent: "reload", limits: { climit: 2 } };
		await viewer.ask({ limits: { climit: 2 }, session: "tv" });
		await viewer.ask(reload);
		expect(await aliveIn(viewer)).toEqual(["phone"]);
		await viewer.ask({ limits: { climit: 2 }, session: "tv" });
		await viewer.ask(reload);
		expect((await aliveIn(viewer)).toSorted()).toEqual(["phone", "tv"]);
	});

	it("writes nothing in a dry run", async () => {
		const viewer = newViewer();
		await viewer.ask({ limits: full, session: "tv" });
		expect(verdict(await viewer.ask({ ...start, dryRun: true }))).toBe("allowed");
		expect(await aliveIn(viewer)).toEqual(["tv"]);
	});

	it("either ends the one and starts the other or does neither when the commit fails", async () => {
		const viewer = newViewer();
		await viewer.ask({ limits: full, session: "tv" });
		await runInDurableObject(viewer.stub, (_object, { storage }) => {
			const run = storage.transactionSync.bind(storage);
			vi.spyOn(storage, "transactionSync").mockImplementationOnce((change) =>
				run(() => {
					change();
					throw new Error("disk full");
				}),
			);
		});
		await expect(viewer.ask(start)).rejects.toThrow("disk full");
		expect(await aliveIn(viewer)).toEqual(["tv"]);
		expect(verdict(await viewer.ask(start))).toBe("allowed");
		expect(await aliveIn(viewer)).toEqual(["phone"]);
	});

	it("of many at once that name the same session lets one start", async () => {
		const viewer = newViewer();
		await viewer.ask({ limits: full, session: "tv" });
		const answers = await Promise.all(
			Array.from({ length: 50 }, (_, index) => viewer.ask({ ...start, session: `phone ${index}` })),
		);
		expect(answers.map(verdict).filter((each) => each === "allowed")).toHaveLength(1);
		expect(await aliveIn(viewer)).toHaveLength(1);
	});
});
