import { afterAll, beforeAll, expect, it } from "vitest";
import { publishClip } from "../support/clip.ts";
import { ask, openPlayback, outcomeOf } from "../support/player.ts";
import { startTestGate } from "../support/running-gate.ts";
import type { Json, TestGate } from "../support/running-gate.ts";
import { eventually } from "../support/patience.ts";

let gate: TestGate;
beforeAll(async () => {
	gate = await startTestGate({ decisionLog: "decisions" });
});
afterAll(() => gate.stop());

interface Line {
	readonly event: string;
	readonly account?: string;
	readonly path: string;
	readonly allowed: boolean;
}

it.each<[string, Json]>([
	["without limits", {}],
	["with limits that each request asks for", { uid: "ann", climit: 1 }],
])("DECISION_LOG=decisions leaves out what only goes on with a playback %s", async (_, claims) => {
	const account = await gate.openAccount({ touch_seconds: 0 });
	await publishClip(gate, account, { store: "r2", protection: "aes128" });
	const { segment, key } = await openPlayback(account.masterUrl("clip", await account.sign(claims)));
	for (let index = 0; index < 5; index++) expect(await outcomeOf(ask(segment))).toBe(200);
	expect(await outcomeOf(ask(key))).toBe(200);
	expect(await outcomeOf(ask(account.masterUrl("clip")))).toBe("token-required");
	const lines = () =>
		gate.logLines
			.filter((line) => line.startsWith("{"))
			.map((line) => JSON.parse(line) as Line)
			.filter((line) => line.event === "decision" && line.account === account.id);
	await eventually(() => expect(lines().some(({ allowed }) => !allowed)).toBe(true));
	const logged = lines().filter(({ allowed }) => allowed);
	expect(logged.filter(({ path }) => path.endsWith("/master.m3u8"))).toHaveLength(1);
	expect(logged.filter(({ path }) => /\.(ts|m4s)$|index\.m3u8$/.test(path))).toEqual([]);
	expect(logged.length).toBeLessThanOrEqual(2); // and the key
});
