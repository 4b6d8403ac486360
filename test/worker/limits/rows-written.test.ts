import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { EPOCH, newViewer } from "../../support/viewer.ts";

beforeEach(() => {
	vi.useFakeTimers({ toFake: ["Date"] });
	vi.setSystemTime(EPOCH);
});
afterEach(() => {
	vi.useRealTimers();
});

it("measure", async () => {
	const viewer = newViewer();
	const info = await runInDurableObject(viewer.stub, (_o, state) => {
		const cursor = state.storage.sql.exec("SELECT 1");
		cursor.toArray();
		return { size: state.storage.sql.databaseSize, same: state.storage.sql === state.storage.sql };
	});
	console.log(JSON.stringify(info));
	const count = async (what: string, run: () => Promise<unknown>) => {
		const spies = await runInDurableObject(viewer.stub, (_o, state) => [
			vi.spyOn(state.storage.sql, "exec"),
			vi.spyOn(state.storage, "setAlarm"),
		]);
		await run();
		const rows = spies[0]!.mock.results.reduce((sum, { value }) => sum + (value?.rowsWritten ?? 0), 0);
		const alarms = spies[1]!.mock.calls.length;
		console.log(what, rows, alarms, spies[0]!.mock.calls.map(([q]) => String(q).slice(0, 50)).join(" | "));
		for (const spy of spies) spy.mockRestore();
	};
	const climit = { limits: { climit: 2 }, session: "s1" };
	await count("first start", () => viewer.ask(climit));
	vi.setSystemTime(EPOCH + 20_000);
	await count("touch", () => viewer.ask({ ...climit, intent: "renew" }));
	await count("second start", () => viewer.ask({ ...climit, session: "s2" }));
	await count("third start displaces", () => viewer.ask({ ...climit, session: "s3" }));
	await count("use", () => viewer.ask({ limits: { maxu: 9 }, use: true, session: null }));
	await count("use again", () => viewer.ask({ limits: { maxu: 9 }, use: true, session: null }));
	await count("address", () => viewer.ask({ limits: { maxip: 9 }, address: "1.2.3.4", session: null }));
	await count("known address", () => viewer.ask({ limits: { maxip: 9 }, address: "1.2.3.4", session: null }));
	await count("all", () => viewer.ask({ limits: { maxip: 9, maxu: 9, climit: 9 }, use: true, address: "1.2.3.5", session: "s9" }));
	const size = await runInDurableObject(viewer.stub, (_o, state) => state.storage.sql.databaseSize);
	console.log("size", size);
	vi.setSystemTime(EPOCH + 10 * 86_400_000);
	await count("alarm", () => runDurableObjectAlarm(viewer.stub));
	console.log("size", await runInDurableObject(viewer.stub, (_o, state) => state.storage.sql.databaseSize));
	const fresh = newViewer();
	const s = await runInDurableObject(fresh.stub, async (_o, state) => {
		await state.storage.deleteAll();
		const empty = state.storage.sql.databaseSize;
		const schema = (await import("../../../worker/limits/schema.sql")).default;
		const c = state.storage.sql.exec(schema);
		c.toArray();
		return [empty, c.rowsWritten, state.storage.sql.databaseSize];
	});
	console.log("schema", s);
});
