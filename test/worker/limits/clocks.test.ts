import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Admissions } from "../../../worker/limits/admissions.ts";
import { wire } from "../../../worker/limits/contract.ts";
import { type Asked, EPOCH, type Viewer, newViewer, sessionOf, verdict } from "../../support/viewer.ts";

// An object judges by its own clock, and by nobody else's. It may move to a machine whose clock is another, so it may jump.

beforeEach(() => {
	vi.useFakeTimers({ toFake: ["Date"] });
	vi.setSystemTime(EPOCH);
});
afterEach(() => {
	vi.useRealTimers();
});

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const at = (ms: number) => vi.setSystemTime(EPOCH + ms);
const spend: Asked = { limits: { maxu: 2 }, use: true, session: null, expiresAt: EPOCH + HOUR };
const ask = async (viewer: Viewer, asked: Asked) => verdict(await viewer.ask(asked));
const aliveOf = async (viewer: Viewer) =>
	(await viewer.stub.listSessions()).filter(({ endedBy }) => endedBy === null).map(({ key }) => key);

const jumps = [
	["back by an hour", -HOUR],
	["back by a second", -1000],
	["ahead by an hour", HOUR],
	["ahead by a day", 24 * HOUR],
] as const;

describe.each(jumps)("when the object's clock goes %s, and comes right again", (_where, jump) => {
	it.each([
		["uses", { ...spend }, "use-limit"],
		["addresses", { limits: { maxip: 2 }, session: null, expiresAt: EPOCH + HOUR }, "ip-limit"],
		["devices", { limits: { dlimit: 2 }, session: null }, "device-limit"],
	] as const)("all %s still count, cleaned up in between or not", async (_what, asked, refusal) => {
		const viewer = newViewer();
		const one = (who: number) => ask(viewer, { ...asked, address: `192.0.2.${who}`, device: `device-${who}` });
		expect([await one(1), await one(2)]).toEqual(["allowed", "allowed"]);
		at(jump);
		expect(await one(3)).toBe(refusal);
		await runDurableObjectAlarm(viewer.stub);
		await evictDurableObject(viewer.stub);
		at(1000);
		expect(await one(3)).toBe(refusal);
	});

	it("a grant whose session was ended stays refused", async () => {
		const viewer = newViewer();
		const token = { expiresAt: EPOCH + HOUR };
		const granted = sessionOf(await viewer.ask({ ...token, session: "a" }));
		await viewer.stub.endSessions("a", "operator");
		at(jump);
		await runDurableObjectAlarm(viewer.stub);
		at(1000);
		expect(await ask(viewer, { ...token, intent: "renew", session: "a", granted })).toBe("session-ended");
	});

	it("no more sessions are alive than may be, and who lost a place is refused when it is next heard of", async () => {
		const viewer = newViewer();
		const limits = { climit: 1, cbeh: "BLOCK_NEW" } as const;
		const first = sessionOf(await viewer.ask({ limits, session: "a" }));
		at(jump);
		const letIn = await ask(viewer, { limits, session: "b" });
		expect(letIn).toBe(jump > 0 ? "allowed" : "stream-limit-create"); // by that clock the first was silent for an hour
		expect(await aliveOf(viewer)).toEqual([jump > 0 ? "b" : "a"]);
		at(1000);
		expect((await aliveOf(viewer)).length).toBeLessThanOrEqual(jump > 0 ? 2 : 1);
		await ask(viewer, { limits, session: "a", intent: "renew", granted: first });
		expect(await ask(viewer, { limits, session: "c" })).toBe("stream-limit-create");
	});
});
