import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { publishClip } from "../support/clip.ts";
import { type FillableGate, type Way, fileSizeLimit, smallDisk } from "../support/full-disk.ts";
import { ask } from "../support/player.ts";
import type { Client } from "../support/player.ts";
import type { Json, TestAccount } from "../support/running-gate.ts";

// The disk of the running gate is full for a while: truly, below SQLite. Judged from the clients' side.

/** The disk is full at once; in the midst of a commit, or a little later, when the log of an object has grown. */
const ways: readonly (readonly [string, Way])[] = [
	["no file can grow at all", fileSizeLimit(0)],
	["commits break off halfway", fileSizeLimit(6000)],
	["files can grow a little", fileSizeLimit(20_000)],
	["a file system is full", smallDisk],
];

interface Outcome {
	readonly status: number;
	readonly reason: string | null;
	readonly retryAfter: string | null;
}

async function outcome(url: string, client: Client = {}): Promise<Outcome> {
	const answer = await ask(url, client);
	await answer.arrayBuffer();
	const { headers, status } = answer;
	return { status, reason: headers.get("Playgate-Reason"), retryAfter: headers.get("Retry-After") };
}

const count = (outcomes: readonly Outcome[], status: number) =>
	outcomes.filter((each) => each.status === status).length;

const here = ways.flatMap(([what, way]) => {
	const start = way();
	return start === null ? [] : [{ what, start }];
});

it("is tried in the ways that this machine has", () => {
	expect(here.length).toBeLessThanOrEqual(ways.length);
});

describe.each(here)("while $what", ({ start }) => {
	let filled: FillableGate;
	beforeAll(async () => {
		filled = await start();
	});
	afterAll(() => filled?.stop());

	async function clearVideo(settings: Json = {}): Promise<TestAccount> {
		const account = await filled.gate.openAccount({ touch_seconds: 0, audit: "none", ...settings });
		await publishClip(filled.gate, account, { store: "r2", protection: "" });
		return account;
	}

	const times = async (many: number, url: string): Promise<Outcome[]> => {
		const outcomes: Outcome[] = [];
		for (let each = 0; each < many; each++) outcomes.push(await outcome(url));
		return outcomes;
	};

	it("nobody is let in who cannot be counted, and all goes on when there is room again, without a restart", async () => {
		const account = await clearVideo();
		const { gate, fill, free } = filled;
		const pid = gate.running.pid();
		const maxu = 12;
		const urls = await Promise.all(
			Array.from({ length: 6 }, async () => account.masterUrl("clip", await account.sign({ maxu }))),
		);
		const all = urls.map((): Outcome[] => []);
		for (let round = 0; round < 3; round++) {
			for (const [index, url] of urls.entries()) all[index]?.push(...(await times(1, url)));
			fill();
			for (const [index, url] of urls.entries()) {
				const answers = await Promise.all(Array.from({ length: 4 }, () => outcome(url)));
				all[index]?.push(...answers);
				expect(answers.filter(({ status }) => ![200, 403, 503].includes(status))).toEqual([]);
			}
			// And an object that is not there yet.
			const fresh = await outcome(account.masterUrl("clip", await account.sign({ maxu })));
			expect(fresh).toEqual({ status: 503, reason: "limits-unavailable", retryAfter: expect.stringMatching(/^[1-9]/) });
			free();
		}
		for (const [index, url] of urls.entries()) {
			all[index]?.push(...(await times(maxu, url)));
			expect(count(all[index] ?? [], 200)).toBe(maxu); // also: nothing was spent that was answered 503
			expect(all[index]?.at(-1)).toMatchObject({ status: 403, reason: "use-limit" });
		}
		expect(gate.running.pid()).toBe(pid);
	});

	it("who was let in keeps the place, and nobody gets it twice", async () => {
		const account = await clearVideo();
		const { fill, free, gate } = filled;
		const url = async (sid: string) =>
			account.masterUrl("clip", await account.sign({ uid: "ann", climit: 1, cbeh: "BLOCK_NEW", dlimit: 1, sid }));
		const headers = { "BCOV-Device-Id": "tv" };
		const [mine, others] = [await url("mine"), await url("others")];
		expect(await outcome(mine, { headers })).toMatchObject({ status: 200 });
		fill();
		expect([200, 503]).toContain((await outcome(mine, { headers })).status);
		expect([403, 503]).toContain((await outcome(others, { headers })).status);
		free();
		expect(await outcome(mine, { headers })).toMatchObject({ status: 200 });
		expect(await outcome(others, { headers })).toMatchObject({ status: 403, reason: "stream-limit-create" });
		const devices = await (await gate.manage("GET", `${account.apiUrl}/users/ann/devices`)).json();
		expect(devices).toMatchObject([{ id: "tv" }]);
	});

	it('with `when_counters_fail: "allow"` viewers play on, uncounted', async () => {
		const account = await clearVideo({ when_counters_fail: "allow" });
		const url = account.masterUrl("clip", await account.sign({ maxu: 1 }));
		filled.fill();
		const answers = await times(3, url);
		filled.free();
		expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
		expect(count(await times(2, url), 403)).toBe(1); // the one use is still there
	});

	it("a revocation is acknowledged only when it is stored", async () => {
		const account = await clearVideo();
		const { gate, fill, free } = filled;
		const token = await account.sign();
		const path = `${account.apiUrl}/blacklist/tokens/${token}`;
		fill();
		const put = await gate.manage("PUT", path);
		free();
		expect([put.status, put.headers.get("Playgate-Reason")]).toEqual([503, "object-unavailable"]);
		expect((await gate.manage("GET", path)).status).toBe(404);
		expect(await outcome(account.masterUrl("clip", token))).toMatchObject({ status: 200 });
		expect((await gate.manage("PUT", path)).status).toBe(204);
		expect(await outcome(account.masterUrl("clip", token))).toMatchObject({ status: 403, reason: "token-revoked" });
	});
});
