import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ViewerLimits } from "../../../worker/limits/viewer-limits.ts";
import { EPOCH } from "../../support/viewer.ts";
import { type Claims, type Opened, type Publisher, ask, newPublisher, refusalOf } from "../../support/publisher.ts";

/** Calls of limits objects, counted where they arrive. */
let calls: { readonly mock: { readonly calls: readonly unknown[] } };
beforeEach(() => {
	vi.useFakeTimers({ toFake: ["Date"] });
	vi.setSystemTime(EPOCH);
	calls = vi.spyOn(ViewerLimits.prototype, "admit");
});
afterEach(() => {
	vi.useRealTimers();
	vi.restoreAllMocks();
});

const times = (count: number): number[] => Array.from({ length: count }, (_, index) => index);
const later = (seconds: number): void => void vi.setSystemTime(Date.now() + seconds * 1000);

/** How many calls of objects `work` made. */
async function callsOf(work: () => Promise<unknown>): Promise<number> {
	const before = calls.mock.calls.length;
	await work();
	return calls.mock.calls.length - before;
}

async function watching(claims: Claims, settings: Claims = {}): Promise<Opened & { readonly publisher: Publisher }> {
	const publisher = await newPublisher(settings);
	await publisher.publishClip(env.MEDIA);
	const opened = await publisher.open(await publisher.sign(claims));
	expect(opened.status).toBe(200);
	return { ...opened, publisher };
}

async function segments(segment: string, count: number, ip?: string): Promise<void> {
	const answers = await Promise.all(times(count).map(() => ask(segment, ip === undefined ? {} : { ip })));
	expect(answers.map(({ status }) => status)).toEqual(times(count).map(() => 200));
	await Promise.all(answers.map((answer) => answer.arrayBuffer()));
}

describe("a session is touched", () => {
	it.each<[string, Claims]>([
		["climit", { uid: "ann", climit: 1 }],
		["maxip", { maxip: 2 }],
		["dlimit", { uid: "ann", dlimit: 2 }],
	])("at most once per touch_seconds, however many segments are asked for (%s)", async (_, claims) => {
		const { segment } = await watching(claims, { touch_seconds: 20 });
		expect(await callsOf(() => segments(segment, 20))).toBe(0); // the start was heard of just now
		later(19.9);
		expect(await callsOf(() => segments(segment, 20))).toBe(0);
		later(0.2);
		expect(await callsOf(() => segments(segment, 20))).toBe(1);
		expect(await callsOf(() => segments(segment, 1))).toBe(0);
		later(19.9);
		expect(await callsOf(() => segments(segment, 5))).toBe(0);
		later(0.2);
		expect(await callsOf(() => segments(segment, 20))).toBe(1);
	});

	it("before it lapses, also when touch_seconds is longer than half its life", async () => {
		const { segment } = await watching({ uid: "ann", climit: 1 }, { touch_seconds: 20, session_ttl_seconds: 20 });
		later(9);
		expect(await callsOf(() => segments(segment, 3))).toBe(0);
		later(2);
		expect(await callsOf(() => segments(segment, 3))).toBe(1);
	});

	it("by each request when touch_seconds is 0", async () => {
		const { segment } = await watching({ uid: "ann", climit: 1 }, { touch_seconds: 0 });
		expect(
			await callsOf(async () => {
				for (let index = 0; index < 3; index++) await segments(segment, 1);
			}),
		).toBe(3);
	});

	it("for each client of its own", async () => {
		const { segment } = await watching({ maxip: 4 }, { touch_seconds: 20 });
		later(21);
		const all = () => Promise.all([1, 2, 3].map((host) => segments(segment, 10, `198.51.100.${host}`)));
		const once = await callsOf(all);
		expect(once).toBeGreaterThanOrEqual(1);
		expect(once).toBeLessThanOrEqual(3); // they may share a call
		expect(await callsOf(all)).toBe(0);
	});

	it("and all who waited for one touch are refused with it", async () => {
		const { segment, publisher } = await watching({ uid: "ann", climit: 1 }, { touch_seconds: 20 });
		await publisher.open(await publisher.sign({ uid: "ann", climit: 1 }), { ip: "203.0.113.99" });
		later(21);
		const answers: string[] = [];
		const made = await callsOf(async () => {
			const asked = await Promise.all(times(10).map(() => ask(segment)));
			for (const answer of asked) answers.push((await refusalOf(answer)).reason);
		});
		expect([new Set(answers), made <= 1]).toEqual([new Set(["stream-limit-renew"]), true]);
	});
});

describe("requests that spend", () => {
	it("share calls and not uses", async () => {
		const { key } = await watching({ maxu: 7 });
		const statuses: number[] = [];
		const made = await callsOf(async () => {
			const answers = await Promise.all(times(60).map(() => ask(key)));
			for (const answer of answers) statuses.push(answer.status);
			await Promise.all(answers.map((answer) => answer.arrayBuffer()));
		});
		expect(statuses.filter((status) => status === 200)).toHaveLength(7);
		expect(made).toBeLessThan(20);
	});
});

describe("a token whose uses are all spent", () => {
	const statusOf = async (url: string, ip: string): Promise<string> => {
		const answer = await ask(url, { ip });
		if (answer.status !== 200) return (await refusalOf(answer)).reason;
		await answer.arrayBuffer();
		return "allowed";
	};

	it("asks no object any more once none of them can be given back", async () => {
		const { key } = await watching({ maxu: 1 });
		expect([await statusOf(key, "198.51.100.1"), await statusOf(key, "198.51.100.2")]).toEqual([
			"allowed",
			"use-limit",
		]);
		later(180);
		expect(await callsOf(() => statusOf(key, "198.51.100.3"))).toBe(1);
		later(600);
		const made = await callsOf(async () => {
			for (const host of [4, 5, 6]) expect(await statusOf(key, `198.51.100.${host}`)).toBe("use-limit");
		});
		expect(made).toBe(0);
	});

	it("asks on as long as a use may be given back", async () => {
		const { key } = await watching({ maxu: 1 });
		await statusOf(key, "198.51.100.1");
		expect(await callsOf(() => statusOf(key, "198.51.100.2"))).toBe(1);
		expect(await callsOf(() => statusOf(key, "198.51.100.3"))).toBe(1);
	});

	it("is no other token of the same viewer", async () => {
		const { key, publisher } = await watching({ uid: "ann", maxu: 1 });
		await statusOf(key, "198.51.100.1");
		later(180);
		expect(await statusOf(key, "198.51.100.1")).toBe("use-limit");
		const other = await publisher.open(await publisher.sign({ uid: "ann", maxu: 1, jti: "another" }));
		expect(await statusOf(other.key, "203.0.113.7")).toBe("allowed");
	});

	it("is heard of for each playback by itself where playbacks are counted", async () => {
		const { key } = await watching({ maxu: 1 }, { use_counting: "playbacks" });
		expect(await statusOf(key, "203.0.113.7")).toBe("allowed");
		later(180);
		expect(await statusOf(key, "198.51.100.9")).toBe("use-limit");
		expect(await callsOf(() => statusOf(key, "198.51.100.10"))).toBe(1);
	});
});
