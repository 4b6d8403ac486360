import { runInDurableObject } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { stored, written } from "../../sim/rows.ts";
import { EPOCH, type Asked, type Viewer, newViewer } from "../../support/viewer.ts";

beforeEach(() => {
	vi.useFakeTimers({ toFake: ["Date"] });
	vi.setSystemTime(EPOCH);
});
afterEach(() => {
	vi.useRealTimers();
});

const streams: Asked = { limits: { climit: 2 }, session: "first" };
const use: Asked = { limits: { maxu: 1000 }, use: true, session: null };
const address: Asked = { limits: { maxip: 9 }, address: "198.51.100.9", session: null };
const byGrant: Asked = { ...address, intent: "renew", address: "2001:db8::/64", grantedTo: "198.51.100.9" };
const roaming: Asked = { limits: { maxip: 9 }, address: "198.51.100.9", ipCounting: "sessions" };
const roams: Asked = { ...roaming, intent: "renew", granted: { key: "own", startedAt: EPOCH } };
const all: Asked = { limits: { maxip: 9, maxu: 9, climit: 9 }, use: true, session: "all" };

interface Case {
	/** What was asked before. */
	readonly before: readonly Asked[];
	readonly laterMs?: number;
	/** The request that is counted. */
	readonly ask: Asked;
}

const cases: Readonly<Record<keyof typeof written, Case>> = {
	"a start, the first of an object": { before: [], ask: streams },
	"a start": { before: [streams], ask: { ...streams, session: "second" } },
	"a start that ends another session": {
		before: [streams, { ...streams, session: "second" }],
		ask: { ...streams, session: "third" },
	},
	"a touch": { before: [streams], laterMs: 20_000, ask: { ...streams, intent: "renew", noteAfterMs: 5000 } },
	"a touch, 4 s after one of another isolate": {
		before: [streams],
		laterMs: 4000,
		ask: { ...streams, intent: "renew", noteAfterMs: 5000 },
	},
	"a use (`maxu`) that comes alone": { before: [use], ask: use },
	"a new address (`maxip`)": { before: [use], ask: address },
	"a known address": { before: [address], ask: address },
	"a start with a use and a new address": { before: [use], ask: all },
	"an address of the other family, under a grant": { before: [address], ask: byGrant },
	'a start at a new address, `ip_counting: "sessions"`': { before: [use], ask: roaming },
	"a touch at the same address, the same": { before: [roaming], laterMs: 20_000, ask: roams },
	"a touch at another address, which replaces it": {
		before: [roaming],
		laterMs: 20_000,
		ask: { ...roams, address: "192.0.2.7" },
	},
};

describe("rows written", () => {
	it.each(Object.entries(cases))("by %s", async (what, { before, laterMs = 0, ask }) => {
		const viewer = newViewer();
		for (const ask of before) await viewer.ask(ask);
		vi.setSystemTime(EPOCH + laterMs);
		expect(await countWrites(viewer, ask)).toEqual(written[what as keyof typeof written]);
	});
});

it("an object's storage is as large as docs/scale.md says", async () => {
	const viewer = newViewer();
	const size = () => runInDurableObject(viewer.stub, (_object, state) => state.storage.sql.databaseSize);
	expect(await size()).toBe(stored.empty);
	await viewer.ask(streams);
	expect(await size()).toBe(stored.used);
});

async function countWrites(viewer: Viewer, ask: Asked) {
	const [exec, setAlarm] = await runInDurableObject(viewer.stub, (_object, state) => [
		vi.spyOn(state.storage.sql, "exec"),
		vi.spyOn(state.storage, "setAlarm"),
	]);
	await viewer.ask(ask);
	const rows = exec?.mock.results.reduce((sum, { value }) => sum + (value as SqlStorageCursor<never>).rowsWritten, 0);
	return { rows, alarms: setAlarm?.mock.calls.length };
}
