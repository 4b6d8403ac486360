import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { publishClip } from "../support/clip.ts";
import { openPlayback } from "../support/player.ts";
import { startTestGate } from "../support/running-gate.ts";
import type { Json, TestGate } from "../support/running-gate.ts";

let gate: TestGate;
beforeAll(async () => {
	gate = await startTestGate({ elsewhere: true });
});
afterAll(() => gate.stop());

const times = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

/** Requests that meet in an isolate share calls of the object, and the one that makes a call may go away at any moment. */
describe("requests that share a call", () => {
	/** Asks; gives up after `patienceMs`, where that is not null. */
	async function statusOf(url: string, patienceMs: number | null): Promise<number | "gave up"> {
		const leaving = new AbortController();
		const timer = patienceMs === null ? undefined : setTimeout(() => leaving.abort(), patienceMs);
		try {
			const response = await fetch(url, { signal: leaving.signal });
			await response.arrayBuffer();
			return response.status;
		} catch {
			return "gave up";
		} finally {
			clearTimeout(timer);
		}
	}

	async function clip(settings: Json, claims: Json) {
		const account = await gate.openAccount(settings);
		await publishClip(gate, account, { store: "r2", protection: "aes128" });
		return await openPlayback(account.masterUrl("clip", await account.sign(claims)));
	}

	it("are answered all, though half of them go away in the middle, and no use is spent beyond the limit", async () => {
		const { key } = await clip({}, { maxu: 400 });
		let played = 0;
		for (let round = 0; round < 6; round++) {
			const outcomes = await Promise.all(
				times(120).map((index) => statusOf(key, index % 2 === 0 ? null : (index % 12) / 2)),
			);
			const stayed = outcomes.filter((_, index) => index % 2 === 0);
			expect(stayed.filter((status) => status !== 200 && status !== 403)).toEqual([]);
			played += outcomes.filter((status) => status === 200).length;
		}
		// Who went away before the request was on its way has spent nothing.
		for (let status = await statusOf(key, null); status !== 403 && played <= 400; status = await statusOf(key, null)) {
			expect(status).toBe(200);
			played += 1;
		}
		expect(played).toBeLessThanOrEqual(400);
		expect(await statusOf(key, null)).toBe(403);
	});

	it("of one session go on, though those that asked first went away", async () => {
		const { segment } = await clip({ touch_seconds: 1 }, { uid: "ann", climit: 1 });
		for (let round = 0; round < 3; round++) {
			await new Promise((resolve) => setTimeout(resolve, 1100));
			const leaving = times(10).map((index) => statusOf(segment, index / 4));
			const staying = times(20).map(() => statusOf(segment, null));
			expect(new Set(await Promise.all(staying))).toEqual(new Set([200]));
			await Promise.all(leaving);
		}
	});

	it("of two isolates meet the limit exactly", async () => {
		const { key } = await clip({}, { maxu: 50 });
		const there = `${gate.running.elsewhereUrl ?? ""}${key.slice(gate.url.length)}`;
		const outcomes = await Promise.all(times(200).map((index) => statusOf(index % 2 === 0 ? key : there, null)));
		expect(outcomes.filter((status) => status === 200)).toHaveLength(50);
		expect(outcomes.filter((status) => status === 403)).toHaveLength(150);
	});
});
