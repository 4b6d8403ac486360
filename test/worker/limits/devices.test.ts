import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Device, DeviceChanges, DeviceOwner } from "../../../worker/limits/device-contract.ts";
import { type Asked, EPOCH, type Viewer, newViewer, verdict } from "../../support/viewer.ts";
import { eventually } from "../../support/patience.ts";

beforeEach(() => {
	vi.useFakeTimers({ toFake: ["Date"] });
	vi.setSystemTime(EPOCH);
});
afterEach(() => {
	vi.useRealTimers();
});

let owners = 0;
/** An account that no other test knows, and its viewer. */
function newOwner(): DeviceOwner {
	owners += 1;
	return { account: `devices-${owners}`, uid: "ann" };
}

const later = (seconds: number) => vi.setSystemTime(Date.now() + seconds * 1000);
const on = (device: string, owner: DeviceOwner, dlimit = 10): Asked => ({
	device,
	owner,
	limits: { dlimit },
	session: null,
});
const indexOf = ({ account }: DeviceOwner) => env.DEVICE_INDEX.getByName(account);

async function listed(owner: DeviceOwner): Promise<readonly [string, string | null][]> {
	const { records, total } = await indexOf(owner).page(0, 1000);
	expect(total).toBe(records.length);
	return records.map(({ device }) => [device.id, device.name]);
}

const idsOf = (devices: readonly Device[]) => devices.map(({ id }) => id);
const soonListed = (owner: DeviceOwner, ids: readonly string[]) =>
	eventually(async () => expect((await listed(owner)).map(([id]) => id).toSorted()).toEqual(ids.toSorted()));

const rowsOf = (viewer: Viewer, table: string) =>
	runInDurableObject(viewer.stub, (_object, state) => state.storage.sql.exec(`SELECT * FROM ${table}`).toArray());
const alarmOf = (viewer: Viewer) => runInDurableObject(viewer.stub, (_object, state) => state.storage.getAlarm());

/** The index can store nothing until `mend` is called; `attempts` are the deliveries that it could not take in. */
async function breakIndex(owner: DeviceOwner) {
	vi.spyOn(console, "log").mockImplementation(() => {}); // each failure is logged
	const attempts = await runInDurableObject(indexOf(owner), (_index, state) =>
		vi.spyOn(state.storage, "transactionSync").mockImplementation(() => {
			throw new Error("disk full");
		}),
	);
	return { attempts, mend: () => attempts.mockRestore() };
}

describe("a device's registration", () => {
	it("is in the account's list at once, with what is known of it", async () => {
		const [viewer, owner] = [newViewer(), newOwner()];
		await viewer.ask({ ...on("tv", owner), agent: "TV/2" });
		await soonListed(owner, ["tv"]);
		const { records } = await indexOf(owner).page(0, 10);
		const device = { id: "tv", name: null, userAgent: "TV/2", createdAt: EPOCH, updatedAt: EPOCH };
		expect(records).toEqual([{ uid: "ann", device }]);
		expect(await viewer.stub.listDevices()).toEqual([device]);
		await eventually(async () => expect(await rowsOf(viewer, "outbox")).toEqual([]));
	});

	it.each([
		["that was refused", { device: "phone", limits: { dlimit: 1 } }],
		["of a dry run", { device: "phone", dryRun: true }],
		["of a token without dlimit", { device: "phone", limits: { maxu: 5 } }],
	] as const)("%s does not happen", async (_what, change) => {
		const [viewer, owner] = [newViewer(), newOwner()];
		await viewer.ask(on("tv", owner, 1));
		await soonListed(owner, ["tv"]);
		await viewer.ask({ ...on("tv", owner), ...change });
		expect(await rowsOf(viewer, "outbox")).toEqual([]);
		expect(idsOf(await viewer.stub.listDevices())).toEqual(["tv"]);
	});

	it("costs later decisions nothing: neither the outbox nor the owner is looked at again", async () => {
		const [viewer, owner] = [newViewer(), newOwner()];
		await viewer.ask(on("tv", owner));
		await eventually(async () => expect(await rowsOf(viewer, "outbox")).toEqual([]));
		const queries = await runInDurableObject(viewer.stub, (_object, state) => vi.spyOn(state.storage.sql, "exec"));
		await viewer.ask({ ...on("tv", owner), session: "s" });
		const texts = queries.mock.calls.map(([query]) => query);
		expect(texts.some((text) => text.includes("sessions"))).toBe(true); // the spy sees what is asked
		expect(texts.filter((text) => /outbox|owner|UPDATE devices/.test(text))).toEqual([]);
	});

	it("without a name of the viewer is not listed until someone says whose it is; then all of them are", async () => {
		const [viewer, owner] = [newViewer(), newOwner()];
		await viewer.ask({ device: "old", limits: { dlimit: 5 }, session: null });
		expect(await rowsOf(viewer, "outbox")).toEqual([]);
		await viewer.ask(on("new", owner));
		await soonListed(owner, ["old", "new"]);
	});
});

describe("a slot", () => {
	it("is free as soon as its device is removed, and its device has to register again", async () => {
		const [viewer, owner] = [newViewer(), newOwner()];
		expect(verdict(await viewer.ask(on("tv", owner, 1)))).toBe("allowed");
		expect(verdict(await viewer.ask(on("phone", owner, 1)))).toBe("device-limit");
		expect(await viewer.stub.removeDevices(owner, "tv")).toBe(1);
		expect(await listed(owner)).toEqual([]);
		expect(verdict(await viewer.ask(on("phone", owner, 1)))).toBe("allowed");
		expect(verdict(await viewer.ask(on("tv", owner, 1)))).toBe("device-limit");
		await soonListed(owner, ["phone"]);
	});

	it("is not freed by a removal that could not be stored", async () => {
		const [viewer, owner] = [newViewer(), newOwner()];
		await viewer.ask(on("tv", owner, 1));
		await runInDurableObject(viewer.stub, (_object, state) => {
			vi.spyOn(state.storage, "transactionSync").mockImplementationOnce(() => {
				throw new Error("disk full");
			});
		});
		const removal = async () => await viewer.stub.removeDevices(owner, "tv");
		await expect(removal()).rejects.toThrow("disk full");
		expect(verdict(await viewer.ask(on("phone", owner, 1)))).toBe("device-limit");
		expect(await viewer.stub.removeDevices(owner, null)).toBe(1);
		expect(verdict(await viewer.ask(on("phone", owner, 1)))).toBe("allowed");
	});

	it("many at once take exactly the limit, while others are removed, and the list ends exact", async () => {
		const [viewer, owner] = [newViewer(), newOwner()];
		const burst = (prefix: string) =>
			Promise.all(Array.from({ length: 60 }, (_, index) => viewer.ask(on(`${prefix}-${index}`, owner, 7))));
		const allowed = (await burst("a")).filter((answer) => answer.allowed);
		expect(allowed).toHaveLength(7);
		const [first = ""] = idsOf(await viewer.stub.listDevices());
		const [, again] = await Promise.all([viewer.stub.removeDevices(owner, first), burst("b")]);
		expect(again.filter((answer) => answer.allowed).length).toBeLessThanOrEqual(1);
		await viewer.ask(on("c", owner, 7));
		const ids = idsOf(await viewer.stub.listDevices());
		expect(ids).toHaveLength(7);
		await soonListed(owner, ids);
	});
});

describe("a removal", () => {
	it("is in the account's list when the call returns, also while others are being told of", async () => {
		const [viewer, owner] = [newViewer(), newOwner()];
		for (let round = 0; round < 10; round++) {
			await viewer.ask(on("tv", owner));
			await Promise.all([
				viewer.ask(on(`other-${round}`, owner, 100)),
				viewer.stub.removeDevices(owner, "tv"),
				viewer.ask(on(`another-${round}`, owner, 100)),
			]);
			expect((await listed(owner)).map(([id]) => id)).not.toContain("tv");
		}
		await soonListed(owner, idsOf(await viewer.stub.listDevices()));
	});
});

describe("a name", () => {
	it("is kept across uses and restarts, and is in the account's list when the call returns", async () => {
		const [viewer, owner] = [newViewer(), newOwner()];
		await viewer.ask(on("tv", owner));
		later(5);
		expect(await viewer.stub.renameDevice(owner, "tv", "Ann's TV")).toBe(true);
		expect(await listed(owner)).toEqual([["tv", "Ann's TV"]]);
		await viewer.ask({ ...on("tv", owner), agent: "TV/3", session: "s" });
		await evictDurableObject(viewer.stub);
		expect(await viewer.stub.listDevices()).toMatchObject([
			{ id: "tv", name: "Ann's TV", createdAt: EPOCH, updatedAt: EPOCH + 5000 },
		]);
		expect(await viewer.stub.renameDevice(owner, "phone", "x")).toBe(false);
	});
});

describe("a delivery that fails", () => {
	it("is made up for by the alarm, at growing distances", async () => {
		const [viewer, owner] = [newViewer(), newOwner()];
		const { mend } = await breakIndex(owner);
		expect(verdict(await viewer.ask(on("tv", owner)))).toBe("allowed");
		expect(await alarmOf(viewer)).toBe(EPOCH + 10_000);
		const waits: number[] = [];
		for (let attempt = 0; attempt < 9; attempt++) {
			const due = (await alarmOf(viewer)) ?? 0;
			vi.setSystemTime(due);
			await runDurableObjectAlarm(viewer.stub);
			waits.push((((await alarmOf(viewer)) ?? 0) - due) / 1000);
		}
		expect(waits).toEqual([10, 20, 40, 80, 160, 320, 640, 900, 900]);
		expect(await listed(owner)).toEqual([]);
		mend();
		await runDurableObjectAlarm(viewer.stub);
		expect(await listed(owner)).toEqual([["tv", null]]);
		expect(await rowsOf(viewer, "outbox")).toEqual([]);
		expect(await alarmOf(viewer)).toBe(Date.now() + 3_600_000);
	});

	it("outlives the object", async () => {
		const [viewer, owner] = [newViewer(), newOwner()];
		const { mend } = await breakIndex(owner);
		await viewer.ask(on("tv", owner));
		await viewer.ask(on("phone", owner));
		await viewer.stub.removeDevices(owner, "tv");
		await evictDurableObject(viewer.stub);
		mend();
		await runDurableObjectAlarm(viewer.stub);
		expect(await listed(owner)).toEqual([["phone", null]]);
	});

	it("goes with the next change that can be delivered", async () => {
		const [viewer, owner] = [newViewer(), newOwner()];
		const { attempts, mend } = await breakIndex(owner);
		await viewer.ask(on("tv", owner));
		await eventually(() => expect(attempts).toHaveBeenCalled());
		mend();
		await viewer.ask(on("phone", owner));
		await soonListed(owner, ["tv", "phone"]);
	});

	it("is not lost when everything else of the viewer is cleared", async () => {
		const [viewer, owner] = [newViewer(), newOwner()];
		await viewer.ask(on("tv", owner));
		await soonListed(owner, ["tv"]);
		const { mend } = await breakIndex(owner);
		expect(await viewer.stub.removeDevices(owner, null)).toBe(1);
		later(30 * 86_400);
		await runDurableObjectAlarm(viewer.stub);
		expect(await rowsOf(viewer, "outbox")).toHaveLength(1);
		expect((await listed(owner)).length).toBe(1);
		mend();
		await runDurableObjectAlarm(viewer.stub);
		expect(await listed(owner)).toEqual([]);
		await runDurableObjectAlarm(viewer.stub);
		expect(await rowsOf(viewer, "owner")).toEqual([]);
	});

	it("loses nothing to a viewer who was cleared and counts from one again", async () => {
		const [viewer, owner] = [newViewer(), newOwner()];
		for (const device of ["a", "b", "c"]) await viewer.ask(on(device, owner));
		await viewer.stub.removeDevices(owner, null);
		later(30 * 86_400);
		await runDurableObjectAlarm(viewer.stub);
		expect(await rowsOf(viewer, "owner")).toEqual([]);
		await viewer.ask(on("new", owner));
		await soonListed(owner, ["new"]);
		await viewer.stub.renameDevice(owner, "new", "Named");
		expect(await listed(owner)).toEqual([["new", "Named"]]);
	});

	it("of more than one batch arrives whole", async () => {
		const [viewer, owner] = [newViewer(), newOwner()];
		const ids = Array.from({ length: 1203 }, (_, index) => `d-${index}`);
		await Promise.all(ids.map((id) => viewer.ask(on(id, owner, 5000))));
		const total = async () => (await indexOf(owner).page(0, 1)).total;
		await eventually(async () => expect(await total()).toBe(1203));
		expect(await viewer.stub.removeDevices(owner, null)).toBe(1203);
		expect(await total()).toBe(0);
	});
});

describe("the account's list", () => {
	const device = (id: string, name: string | null = null, createdAt = EPOCH): Device => ({
		id,
		name,
		userAgent: "Player/1.0",
		createdAt,
		updatedAt: createdAt,
	});
	const changes = (version: number, present: readonly Device[], gone: readonly string[] = []): DeviceChanges => ({
		uid: "ann",
		version,
		present,
		gone,
	});

	it("takes in no older delivery than it has, and tells which it has", async () => {
		const index = indexOf(newOwner());
		expect(await index.take(changes(5, [device("tv", "new")], ["phone"]))).toBe(5);
		expect(await index.take(changes(4, [device("tv", "old"), device("phone")]))).toBe(5);
		const { records, total } = await index.page(0, 10);
		expect([records.map(({ device: { id, name } }) => [id, name]), total]).toEqual([[["tv", "new"]], 1]);
	});

	it("still knows a viewer's last version a day after the last device went, and forgets it then", async () => {
		const index = indexOf(newOwner());
		await index.take(changes(1, [device("tv")]));
		await index.take(changes(2, [], ["tv"]));
		later(3600);
		await runDurableObjectAlarm(index);
		expect(await index.take(changes(1, [device("tv")]))).toBe(2);
		later(86_400);
		await runDurableObjectAlarm(index);
		const users = await runInDurableObject(index, (_object, state) =>
			state.storage.sql.exec("SELECT * FROM users").toArray(),
		);
		expect(users).toEqual([]);
	});

	it("ends as the viewer's devices are, whatever is delivered twice or late", async () => {
		const change = fc.record({
			id: fc.constantFrom("a", "b", "c"),
			name: fc.option(fc.constantFrom("x", "y")),
			there: fc.boolean(),
			lateAfter: fc.array(fc.nat({ max: 20 }), { maxLength: 3 }),
		});
		await fc.assert(
			fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 12 }), async (steps) => {
				const index = indexOf(newOwner());
				const deliveries = steps.map(({ id, name, there }, at) =>
					there ? changes(at + 1, [device(id, name)]) : changes(at + 1, [], [id]),
				);
				const is = new Map<string, string | null>();
				for (const [at, { id, name, there, lateAfter }] of steps.entries()) {
					if (there) is.set(id, name);
					else is.delete(id);
					await index.take(deliveries[at] as DeviceChanges);
					for (const late of lateAfter) await index.take(deliveries[late % (at + 1)] as DeviceChanges);
				}
				const { records, total } = await index.page(0, 100);
				expect(new Map(records.map((record) => [record.device.id, record.device.name]))).toEqual(is);
				expect(total).toBe(is.size);
			}),
			{ numRuns: 40 },
		);
	});

	it("is in the order of registration, then of viewer and device, from whichever end a page is counted", async () => {
		const index = indexOf(newOwner());
		const expected: string[] = [];
		for (const [at, uid] of ["zoe", "ann", "bob"].entries()) {
			const present = ["2", "1", "3"].map((id) => device(`${uid}-${id}`, null, EPOCH + (at === 2 ? 1000 : 0)));
			await index.take({ uid, version: 1, present, gone: [] });
		}
		for (const uid of ["ann", "zoe", "bob"]) expected.push(`${uid}-1`, `${uid}-2`, `${uid}-3`);
		for (const perPage of [1, 2, 3, 4, 8, 9, 100]) {
			const pages = Math.ceil(9 / perPage);
			const seen: string[] = [];
			for (let page = 0; page < pages; page++) {
				const { records, page: given, total } = await index.page(page, perPage);
				expect([given, total]).toEqual([page, 9]);
				seen.push(...records.map((record) => record.device.id));
			}
			expect(seen).toEqual(expected);
			expect((await index.page(1e300, perPage)).page).toBe(pages - 1);
		}
	});
});
