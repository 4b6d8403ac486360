import { env } from "cloudflare:workers";
import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type AdmitAnswer, unwire, wire } from "../../../worker/limits/contract.ts";
import type { ViewerLimits } from "../../../worker/limits/viewer-limits.ts";
import { breakStorage } from "../../support/broken-storage.ts";
import { type Asked, EPOCH, type Viewer, newViewer, requestOf, sessionOf, verdict } from "../../support/viewer.ts";
import { eventually } from "../../support/patience.ts";

// Alarms come late, twice, after they failed halfway, and in the midst of admissions (the platform promises at least one, from its time on).

beforeEach(() => {
	vi.useFakeTimers({ toFake: ["Date"] });
	vi.setSystemTime(EPOCH);
});
afterEach(() => {
	vi.useRealTimers();
});

const HOUR = 60 * 60_000;
const later = (ms: number) => vi.setSystemTime(Date.now() + ms);
const OWNER = { account: "alarms", uid: "ann" };
const TABLES = ["tokens", "addresses", "playbacks", "spent", "devices", "sessions", "outbox"];

const stored = (viewer: Viewer) =>
	runInDurableObject(viewer.stub, (_object, state) =>
		Object.fromEntries(TABLES.map((table) => [table, state.storage.sql.exec(`SELECT * FROM ${table}`).toArray()])),
	);

/** A viewer of whom some is dead and some still counts. */
async function livedIn(): Promise<Viewer> {
	const viewer = newViewer();
	const dead = { token: "short", expiresAt: EPOCH + 1000 };
	await viewer.ask({ ...dead, limits: { maxu: 3, maxip: 3 }, use: true, session: "dead", address: "192.0.2.1" });
	const alive: Asked = { limits: { maxu: 3, maxip: 3, dlimit: 2 }, use: true, owner: { ...OWNER } };
	await viewer.ask({ ...alive, session: "ended", device: "tv" });
	await viewer.stub.endSessions("ended", "operator");
	await viewer.ask({ ...alive, session: "playing", ttlSeconds: 86_400 * 3, device: "tv" });
	return viewer;
}

const alarmIn = (object: ViewerLimits) =>
	object.alarm().then(
		() => "done",
		() => "fault",
	);

const ways: Readonly<Record<string, (viewer: Viewer) => Promise<unknown>>> = {
	"is hours late": (viewer) => runDurableObjectAlarm(viewer.stub),
	"comes twice": async (viewer) => {
		await runDurableObjectAlarm(viewer.stub);
		await runInDurableObject(viewer.stub, alarmIn);
	},
	"comes twice at once": (viewer) =>
		runInDurableObject(viewer.stub, (object) => Promise.all([alarmIn(object), alarmIn(object)])),
	...Object.fromEntries(
		([1, 2, 3, "commit", "set alarm", "get alarm"] as const).map((moment) => [
			`fails at ${moment}, and comes again`,
			async (viewer: Viewer) => {
				await runInDurableObject(viewer.stub, async (object, state) => {
					await state.storage.deleteAlarm();
					const broken = breakStorage(state.storage, moment);
					await object.alarm().then(
						() => Promise.reject(new Error("the alarm did not fail")),
						() => broken.mend(),
					);
				});
				await runInDurableObject(viewer.stub, alarmIn);
			},
		]),
	),
	"comes after a restart": async (viewer) => {
		await evictDurableObject(viewer.stub);
		await runDurableObjectAlarm(viewer.stub);
	},
	"comes while others are let in": (viewer) =>
		runInDurableObject(viewer.stub, async (object) => {
			const dryRun = wire(requestOf({ session: "playing", dryRun: true }));
			await Promise.all([object.admit(dryRun), object.admit(dryRun), alarmIn(object), object.admit(dryRun)]);
		}),
};

describe("an alarm that", () => {
	it.each(Object.entries(ways))("%s leaves what one in time leaves", async (_how, run) => {
		const [viewer, reference] = [await livedIn(), await livedIn()];
		later(26 * HOUR); // of the 24 that rows are kept past their end
		await runDurableObjectAlarm(reference.stub);
		await run(viewer);
		expect(await stored(viewer)).toEqual(await stored(reference));
		const { tokens, sessions, devices } = await stored(viewer);
		expect([tokens, sessions, devices].map((rows) => rows?.length)).toEqual([1, 2, 1]);
		expect(await runInDurableObject(viewer.stub, (_object, state) => state.storage.getAlarm())).not.toBeNull();
	});
});

/** As long as the object clears itself, `during` runs: between the moment that the rows are gone and that in which this is on disk. */
async function whileCleared<T>(viewer: Viewer, during: (object: ViewerLimits) => Promise<T>): Promise<T> {
	return runInDurableObject(viewer.stub, async (object, state) => {
		const { promise, resolve } = Promise.withResolvers<T>();
		const clear = state.storage.deleteAll.bind(state.storage);
		const spy = vi.spyOn(state.storage, "deleteAll").mockImplementation(async () => {
			const cleared = clear();
			queueMicrotask(() => resolve(during(object)));
			await promise;
			await cleared;
		});
		await object.alarm();
		spy.mockRestore();
		return promise;
	});
}

describe("a request that comes while an object with nothing left clears itself", () => {
	it("is judged and stored as any other, and will be cleaned up", async () => {
		const viewer = newViewer();
		await viewer.ask({ session: "a" });
		later(HOUR);
		const use = { limits: { maxu: 1 }, use: true, session: null } as const;
		const answer = await whileCleared(viewer, (object) => object.admit(wire(requestOf(use))));
		expect(verdict(unwire<AdmitAnswer>(answer))).toBe("allowed");
		await evictDurableObject(viewer.stub);
		expect(verdict(await viewer.ask(use))).toBe("use-limit");
		expect(await runInDurableObject(viewer.stub, (_object, state) => state.storage.getAlarm())).not.toBeNull();
	});
});

it("admissions and alarms at once: no use is lost and none is invented", async () => {
	const viewer = newViewer();
	const use: Asked = { limits: { maxu: 25 }, use: true, session: null };
	const answers = await runInDurableObject(viewer.stub, async (object) => {
		const asked = Array.from({ length: 60 }, async (_, index) => {
			if (index % 5 === 0) await object.alarm();
			return verdict(unwire<AdmitAnswer>(await object.admit(wire(requestOf(use)))));
		});
		return Promise.all(asked);
	});
	expect(answers.filter((answer) => answer === "allowed")).toHaveLength(25);
	expect((await stored(viewer))["tokens"]).toMatchObject([{ used: 25 }]);
});

it("a change of devices is delivered by the alarm, when it comes late, twice, and the first delivery was lost", async () => {
	const [viewer, owner] = [newViewer(), { account: "alarms-delivery", uid: "ann" }];
	const index = env.DEVICE_INDEX.getByName(owner.account);
	vi.spyOn(console, "log").mockImplementation(() => {}); // the failure is logged
	await runInDurableObject(index, (_index, state) => {
		vi.spyOn(state.storage, "transactionSync").mockImplementationOnce(() => {
			throw new Error("disk full");
		});
	});
	await viewer.ask({ limits: { dlimit: 1 }, device: "tv", owner, session: null });
	await eventually(async () => expect((await stored(viewer))["outbox"]).toHaveLength(1));
	later(5 * HOUR);
	await runInDurableObject(viewer.stub, (object) => Promise.all([alarmIn(object), alarmIn(object)]));
	expect((await index.page(0, 10)).records.map(({ device }) => device.id)).toEqual(["tv"]);
	expect((await stored(viewer))["outbox"]).toEqual([]);
});

it("a grant of an ended session stays refused across a late alarm", async () => {
	const viewer = newViewer();
	const granted = sessionOf(await viewer.ask({ session: "a" }));
	await viewer.stub.endSessions("a", "operator");
	later(20 * HOUR);
	await runDurableObjectAlarm(viewer.stub);
	expect(verdict(await viewer.ask({ intent: "renew", session: "a", granted }))).toBe("session-ended");
});
