import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { publishClip } from "../support/clip.ts";
import { ask } from "../support/player.ts";
import type { Client } from "../support/player.ts";
import { startTestGate } from "../support/running-gate.ts";
import type { Json, TestAccount, TestGate } from "../support/running-gate.ts";
import { eventually } from "../support/patience.ts";

// The runtime is killed again and again in the midst of load, and goes on from what is on disk. Judged from the clients' side: what they were
// told is what counts, and an answer that never came may or may not have been given.
let gate: TestGate;
beforeAll(async () => {
	gate = await startTestGate();
});
afterAll(() => gate?.stop());

const KILLS = 8;
const CLIENTS = 12;

/** What a request came to: the status and reason that were read to the end, or nothing, where the machine was lost in between. */
type Outcome = { readonly status: number; readonly reason: string | null } | null;

async function outcome(url: string, client: Client): Promise<Outcome> {
	try {
		const answer = await ask(url, client);
		await answer.arrayBuffer();
		return { status: answer.status, reason: answer.headers.get("Playgate-Reason") };
	} catch {
		return null;
	}
}

async function untilUp(): Promise<void> {
	await eventually(async () => expect((await outcome(`${gate.url}/healthz`, {}))?.status).toBe(200), 25);
}

/** Kills the runtime `KILLS` times while the clients go on asking, each for another thing each time; answers all that they were told. */
async function underFire(next: (client: number, turn: number) => Asked): Promise<readonly Outcome[]> {
	const told: Outcome[] = [];
	let isOver = false;
	const clients = Array.from({ length: CLIENTS }, async (_, client) => {
		for (let turn = 0; !isOver; turn++) {
			const { url, ...as } = next(client, turn);
			told.push(await outcome(url, as));
			if (told.at(-1) === null) await sleep(5); // the runtime that starts again needs the machine
		}
	});
	for (let kill = 0; kill < KILLS; kill++) {
		const before = told.length;
		await eventually(() => expect(told.length).toBeGreaterThan(before + 3 * CLIENTS), 2);
		process.kill(gate.running.pid(), "SIGKILL");
		await untilUp();
	}
	isOver = true;
	await Promise.all(clients);
	return told;
}

interface Asked extends Client {
	readonly url: string;
}

const allowed = (told: readonly Outcome[]): number => told.filter((each) => each?.status === 200).length;
const lost = (told: readonly Outcome[]): number => told.filter((each) => each === null || each.status >= 500).length;
const reasonsOf = (told: readonly Outcome[]) => new Set(told.map((each) => each?.reason ?? null));

async function clearVideo(): Promise<TestAccount> {
	const account = await gate.openAccount({ touch_seconds: 0, session_ttl_seconds: 3600 });
	await publishClip(gate, account, { store: "r2", protection: "" });
	return account;
}

const manage = async <T>(path: string): Promise<T> => (await (await gate.manage("GET", path)).json()) as T;
const ipOf = (number: number): string => `198.51.${100 + (number >> 8)}.${number & 255}`;

describe("while the runtime is killed in the midst of load", () => {
	it("maxu lets no more pass than it says, and takes no more than were asked", async () => {
		const [account, maxu] = [await clearVideo(), 400];
		const url = account.masterUrl("clip", await account.sign({ maxu }));
		const told = await underFire(() => ({ url }));
		const after: Outcome[] = [];
		while (after.at(-1)?.reason !== "use-limit" && after.length <= maxu) after.push(await outcome(url, {}));
		const passed = allowed([...told, ...after]);
		expect(passed).toBeLessThanOrEqual(maxu);
		expect(passed + lost(told)).toBeGreaterThanOrEqual(maxu); // nothing was spent but by a request
		expect(after.at(-1)?.reason).toBe("use-limit");
	});

	it("a request that another limit refuses spends no use", async () => {
		const [account, maxu] = [await clearVideo(), 40];
		const url = account.masterUrl("clip", await account.sign({ maxu, maxip: 1 }));
		expect((await outcome(url, { ip: ipOf(0) }))?.status).toBe(200);
		const told = await underFire((client, turn) => ({ url, ip: ipOf(1 + client + CLIENTS * turn) }));
		expect([...reasonsOf(told)].filter((reason) => reason !== null)).toContain("ip-limit");
		expect(allowed(told)).toBe(0);
		const mine: Outcome[] = [];
		for (let use = 1; use <= maxu; use++) mine.push(await outcome(url, { ip: ipOf(0) }));
		expect([allowed(mine), mine.at(-1)?.reason]).toEqual([maxu - 1, "use-limit"]);
	});

	it("maxip knows every address that it ever let in, and lets in no more", async () => {
		const [account, maxip] = [await clearVideo(), 60];
		const url = account.masterUrl("clip", await account.sign({ maxip }));
		const seen = new Map<string, Outcome[]>();
		let number = 0;
		const told = await underFire(() => {
			number = (number + 1) % 150;
			return { url, ip: ipOf(number) };
		});
		for (let each = 0; each < 150; each++) seen.set(ipOf(each), [await outcome(url, { ip: ipOf(each) })]);
		const inNow = [...seen.values()].flat().filter((each) => each?.status === 200).length;
		expect(inNow).toBe(maxip);
		expect(allowed(told)).toBeGreaterThan(0);
	});

	it("climit and dlimit hold, and what is listed is what was let in", async () => {
		const [account, limit] = [await clearVideo(), 5];
		const claims: Json = { uid: "ann", climit: limit, cbeh: "BLOCK_NEW", dlimit: limit };
		const tokens = await Promise.all(
			Array.from({ length: 30 }, (_, index) => account.sign({ ...claims, sid: `s${index}` })),
		);
		const letIn = new Set<number>();
		const told = await underFire((client, turn) => {
			const index = (client + turn * CLIENTS) % tokens.length;
			return { url: account.masterUrl("clip", tokens[index]), headers: { "BCOV-Device-Id": `d${index}` } };
		});
		for (const [index, token] of tokens.entries()) {
			const headers = { "BCOV-Device-Id": `d${index}` };
			if ((await outcome(account.masterUrl("clip", token), { headers }))?.status === 200) letIn.add(index);
		}
		const sessions = await manage<readonly { session_id: string }[]>(`${account.manageUrl}/sessions?uid=ann`);
		const devices = await manage<readonly { id: string }[]>(`${account.apiUrl}/users/ann/devices`);
		expect(letIn.size).toBe(limit);
		expect(sessions.map(({ session_id: id }) => id).toSorted()).toEqual(
			[...letIn].map((index) => `s${index}`).toSorted(),
		);
		expect(devices.map(({ id }) => id).toSorted()).toEqual([...letIn].map((index) => `d${index}`).toSorted());
		expect([...reasonsOf(told)]).toEqual(expect.arrayContaining([null, "device-limit"]));
	});
});
