import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { HOT_LIMIT } from "../../worker/limits/leases/plan.ts";
import { publishClip } from "../support/clip.ts";
import type { ClipOptions } from "../support/clip.ts";
import { ask, openPlayback, outcomeOf } from "../support/player.ts";
import { startTestGate } from "../support/running-gate.ts";
import type { Json, TestAccount, TestGate } from "../support/running-gate.ts";
import { eventually } from "../support/patience.ts";

// Tokens of a whole audience, whose limits are spread over several objects. Every other request goes through another isolate on the same state.

let gate: TestGate;
beforeAll(async () => {
	gate = await startTestGate({ elsewhere: true });
});
afterAll(() => gate.stop());

async function clipAccount(settings: Json = {}, clip: ClipOptions = {}): Promise<TestAccount> {
	const account = await gate.openAccount(settings);
	await publishClip(gate, account, { store: "r2", protection: "", ...clip });
	return account;
}

/** An IPv4 address for even numbers, an IPv6 network for odd ones. */
const addressOf = (index: number): string =>
	index % 2 === 0 ? `198.51.${(index >> 8) & 255}.${index & 255}` : `2001:db8:${index.toString(16)}::7`;

/** Asks for `url` through one isolate or the other. */
const askSome = (url: string, index: number, ip: string): Promise<string | number> =>
	outcomeOf(ask(index % 3 === 0 ? url.replace(gate.url, gate.running.elsewhereUrl ?? "") : url, { ip }));

/** How often each outcome came of `count` requests, 64 at a time. */
async function tally(count: number, one: (index: number) => Promise<string | number>) {
	const counts: Record<string, number> = {};
	let next = 0;
	const player = async (): Promise<void> => {
		while (next < count) {
			const outcome = await one(next++);
			counts[outcome] = (counts[outcome] ?? 0) + 1;
		}
	};
	await Promise.all(Array.from({ length: 64 }, player));
	return counts;
}

async function killRuntime(): Promise<void> {
	process.kill(gate.running.pid(), "SIGKILL");
	await eventually(async () => expect(await outcomeOf(ask(`${gate.url}/healthz`))).toBe(200), 100);
}

describe("a token for a whole audience", () => {
	it("lets exactly maxu requests of many addresses pass, also when the runtime is killed on the way", async () => {
		const account = await clipAccount();
		const url = account.masterUrl("clip", await account.sign({ maxu: HOT_LIMIT }));
		const from = (index: number) => askSome(url, index, addressOf(index % 700));
		expect(await tally(6000, from)).toEqual({ 200: 6000 });
		await killRuntime();
		expect(await outcomeOf(ask(url, { method: "HEAD" }))).toBe(200);
		expect(await tally(HOT_LIMIT - 5500, from)).toEqual({ 200: HOT_LIMIT - 6000, "use-limit": 500 });
		await killRuntime();
		expect(await tally(200, from)).toEqual({ "use-limit": 200 });
		expect(await outcomeOf(ask(url, { method: "HEAD" }))).toBe("use-limit");
	}, 600_000);

	it("plays: its manifest, playlist, key and segments, at one address and another", async () => {
		const account = await clipAccount({}, { protection: "aes128" });
		const url = account.masterUrl("clip", await account.sign({ maxu: HOT_LIMIT, maxip: HOT_LIMIT }));
		for (const ip of [addressOf(1), addressOf(2), "2001:db8::7"]) {
			const { key, segment } = await openPlayback(url, { ip });
			for (const part of [key, segment, key]) expect(await outcomeOf(ask(part, { ip }))).toBe(200);
		}
	});

	it("lets exactly maxip addresses pass, and a known one always", async () => {
		const account = await clipAccount({ touch_seconds: 0 });
		const url = account.masterUrl("clip", await account.sign({ maxip: HOT_LIMIT, maxu: 1_000_000 }));
		const from = (index: number) => askSome(url, index, addressOf(index));
		expect(await tally(HOT_LIMIT, from)).toEqual({ 200: HOT_LIMIT });
		expect(await tally(300, (index) => from(HOT_LIMIT + index))).toEqual({ "ip-limit": 300 });
		expect(await tally(300, (index) => from(index * 7))).toEqual({ 200: 300 });
	}, 600_000);

	it("has a million uses where it says so, for one address and for many", async () => {
		const account = await clipAccount();
		const url = account.masterUrl("clip", await account.sign({ maxu: 1_000_000 }));
		expect(await tally(500, (index) => askSome(url, index, addressOf(1)))).toEqual({ 200: 500 });
		expect(await tally(1000, (index) => askSome(url, index, addressOf(index)))).toEqual({ 200: 1000 });
	});

	it.each([HOT_LIMIT - 1, HOT_LIMIT])("is asked for the same with a limit of %i as any other", async (limit) => {
		const account = await clipAccount({}, { protection: "aes128" });
		const url = account.masterUrl("clip", await account.sign({ maxu: limit, maxip: limit }));
		for (const method of ["HEAD", "GET", "HEAD"]) expect(await outcomeOf(ask(url, { method }))).toBe(200);
		const { key, segment } = await openPlayback(url, { ip: addressOf(4) });
		for (const part of [key, segment]) expect(await outcomeOf(ask(part, { ip: addressOf(4) }))).toBe(200);
		for (const part of [key, segment]) expect(await outcomeOf(ask(part, { ip: addressOf(6) }))).toBe(200);
	});

	it("is revoked like any other", async () => {
		const account = await clipAccount();
		const token = await account.sign({ maxu: HOT_LIMIT });
		const url = account.masterUrl("clip", token);
		expect(await outcomeOf(ask(url))).toBe(200);
		expect((await gate.manage("PUT", `${account.apiUrl}/blacklist/tokens/${token}`)).status).toBe(204);
		for (const index of [0, 1]) expect(await askSome(url, 1, addressOf(index))).toBe("token-revoked");
	});

	it("counts playbacks where the account says so", async () => {
		const account = await clipAccount({ use_counting: "playbacks", touch_seconds: 0 });
		const url = account.masterUrl("clip", await account.sign({ maxu: HOT_LIMIT }));
		const from = (index: number) => askSome(url, index, addressOf(index % 20));
		expect(await tally(1000, from)).toEqual({ 200: 1000 });
	});
});
