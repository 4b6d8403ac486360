import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { publishClip } from "../support/clip.ts";
import { ask, openPlayback, outcomeOf } from "../support/player.ts";
import type { Playback } from "../support/player.ts";
import { eventually } from "../support/patience.ts";
import { nowSeconds, startTestGate } from "../support/running-gate.ts";
import type { Json, TestAccount, TestGate } from "../support/running-gate.ts";

// Two isolates on one state: what is revoked through the first, the second has to learn while its viewers play.
let gate: TestGate;
beforeAll(async () => {
	gate = await startTestGate({ elsewhere: true });
});
afterAll(() => gate?.stop());

const throughOther = (url: string): string => url.replace(gate.url, gate.running.elsewhereUrl ?? "");

interface Viewer {
	readonly account: TestAccount;
	readonly token: string;
	readonly playback: Playback;
}

async function watchElsewhere(claims: Json = {}): Promise<Viewer> {
	const account = await gate.openAccount();
	await publishClip(gate, account, { store: "r2" });
	const token = await account.sign({ uid: "ann", sid: "tv", jti: "one", climit: 2, ...claims });
	return { account, token, playback: await openPlayback(throughOther(account.masterUrl("clip", token))) };
}

async function revoke({ account }: Viewer, body: Json): Promise<void> {
	const answer = await gate.manage("POST", `${account.manageUrl}/revocations`, body);
	expect([answer.status, await answer.text()]).toMatchObject([201, expect.any(String)]);
}

/** Plays on until it is refused. How long that may take is judged where the clock is held (test/worker/revocation/revocation.test.ts). */
async function isStopped({ playback }: Viewer): Promise<void> {
	const outcome = await eventually(async () => {
		const now = await outcomeOf(ask(playback.segment));
		expect(now).not.toBe(200);
		return now;
	}, 250);
	expect(outcome).toBe("token-revoked");
}

describe("a revocation reaches a viewer of another isolate in the midst of playing", () => {
	it.concurrent.each([
		["token", (viewer: Viewer) => ({ value: viewer.token })],
		["jti", () => ({ value: "one" })],
		["uid", () => ({ value: "ann" })],
		["sid", () => ({ value: "tv" })],
		["key", () => ({ value: "rsa" })],
		["video", () => ({ value: "clip" })],
		["issued-before", () => ({ before: nowSeconds() + 60 })],
	] as const)("by %s", async (kind, named) => {
		const viewer = await watchElsewhere();
		expect(await outcomeOf(ask(viewer.playback.segment))).toBe(200);
		const body = { kind, ...named(viewer) };
		await revoke(viewer, body);
		await isStopped(viewer);
		for (const url of [viewer.playback.key, viewer.playback.rendition, viewer.playback.segment]) {
			expect(await outcomeOf(ask(url))).toBe("token-revoked");
		}
		expect(await outcomeOf(ask(throughOther(viewer.account.masterUrl("clip", viewer.token))))).toBe("token-revoked");
	});

	it("by the Blacklist API, and a token that is taken off it plays again", async () => {
		const viewer = await watchElsewhere();
		const entry = `${viewer.account.apiUrl}/blacklist/tokens/${viewer.token}`;
		expect((await gate.manage("PUT", entry)).status).toBe(204);
		await isStopped(viewer);
		expect((await gate.manage("DELETE", entry)).status).toBe(204);
		await expect.poll(() => outcomeOf(ask(viewer.playback.segment)), { interval: 250 }).toBe(200);
	});

	it("and touches no other viewer of the account", async () => {
		const viewer = await watchElsewhere();
		const other = await viewer.account.sign({ uid: "ben", sid: "phone", jti: "two", climit: 1 });
		const playback = await openPlayback(throughOther(viewer.account.masterUrl("clip", other)), { ip: "203.0.113.9" });
		await revoke(viewer, { kind: "uid", value: "ann" });
		await isStopped(viewer);
		expect(await outcomeOf(ask(playback.segment, { ip: "203.0.113.9" }))).toBe(200);
	});
});
