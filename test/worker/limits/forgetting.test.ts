import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type AdmitRequest, wire } from "../../../worker/limits/contract.ts";
import { type Asked, EPOCH, type Viewer, newViewer, sessionOf, verdict } from "../../support/viewer.ts";

// Counter-examples that the model found (model.test.ts), in the words of a viewer.

beforeEach(() => {
	vi.useFakeTimers({ toFake: ["Date"] });
	vi.setSystemTime(EPOCH);
});
afterEach(() => {
	vi.useRealTimers();
});

const later = (seconds: number) => vi.setSystemTime(Date.now() + seconds * 1000);
const cleanUp = (viewer: Viewer) => runDurableObjectAlarm(viewer.stub);
const aliveOf = async (viewer: Viewer) =>
	(await viewer.stub.listSessions()).filter(({ endedBy }) => endedBy === null).map(({ key }) => key);

const PHONE = { agent: "Phone/2", address: "198.51.100.1" };
const ELSEWHERE = { agent: "Other/1", address: "192.0.2.9", session: "elsewhere" };

describe("a grant whose session was ended", () => {
	const one = { climit: 1 } as const;

	it("does not push out who plays now, used by another player at another address", async () => {
		const viewer = newViewer();
		const granted = sessionOf(await viewer.ask({ ...PHONE, limits: one, session: "phone" }));
		const tv = sessionOf(await viewer.ask({ agent: "TV/1", address: "203.0.113.7", limits: one, session: "tv" }));
		const shared: Asked = { ...ELSEWHERE, intent: "renew", limits: one, granted };
		expect(verdict(await viewer.ask(shared))).toBe("stream-limit-renew");
		const goesOn: Asked = { agent: "TV/1", address: "203.0.113.7", intent: "renew", limits: one, session: "tv" };
		expect(verdict(await viewer.ask({ ...goesOn, granted: tv }))).toBe("allowed");
	});

	it.each([
		["another player at another address", ELSEWHERE],
		["the player, back at an address that it had left", { ...PHONE, session: "at home" }],
	])("starts nothing for %s when an operator ended it", async (_who, there) => {
		const viewer = newViewer();
		const granted = sessionOf(await viewer.ask({ ...PHONE, session: "phone" }));
		const away: Asked = { ...PHONE, address: "192.0.2.3", session: "away", intent: "renew", granted };
		expect(verdict(await viewer.ask(away))).toBe("allowed");
		await viewer.stub.endSessions(null, "operator");
		const answer = await viewer.ask({ ...there, intent: "renew", granted });
		expect(answer).toMatchObject({ allowed: false, refusal: { reason: "session-ended", by: "operator" } });
		expect(await aliveOf(viewer)).toEqual([]);
	});

	it("still serves who plays under it as a session of its own", async () => {
		const viewer = newViewer();
		const granted = sessionOf(await viewer.ask({ ...PHONE, session: "phone" }));
		const shared: Asked = { ...ELSEWHERE, intent: "renew", granted };
		expect(sessionOf(await viewer.ask(shared)).key).toBe("elsewhere");
		await viewer.stub.endSessions("phone", "operator");
		expect(sessionOf(await viewer.ask(shared)).key).toBe("elsewhere");
		expect(verdict(await viewer.ask({ ...PHONE, intent: "renew", session: "phone", granted }))).toBe("session-ended");
	});
});

describe.each([
	["has not run", async () => false],
	["has run", cleanUp],
] as const)("when the clean-up %s", (_when, cleaned) => {
	it("who plays as a session of its own goes on as that when the session of its grant has lapsed", async () => {
		const viewer = newViewer();
		const limits = { climit: 2, cbeh: "BLOCK_NEW" } as const;
		const granted = sessionOf(await viewer.ask({ ...PHONE, limits, session: "phone" }));
		const shared: Asked = { ...ELSEWHERE, intent: "renew", limits, granted };
		expect(sessionOf(await viewer.ask(shared)).key).toBe("elsewhere");
		later(60);
		await viewer.ask(shared);
		later(31); // the phone was not seen for 91 s
		await cleaned(viewer);
		expect(verdict(await viewer.ask({ limits, session: "tv" }))).toBe("allowed");
		expect(sessionOf(await viewer.ask(shared)).key).toBe("elsewhere");
		expect(await aliveOf(viewer)).toEqual(["tv", "elsewhere"]);
	});

	it("a grant whose session has lapsed starts it again wherever it is used", async () => {
		const viewer = newViewer();
		const granted = sessionOf(await viewer.ask({ ...PHONE, session: "phone" }));
		later(91);
		await cleaned(viewer);
		expect(sessionOf(await viewer.ask({ ...ELSEWHERE, intent: "renew", granted })).key).toBe("phone");
	});

	it("a session counts until it lapses, also when its token ends before", async () => {
		const viewer = newViewer();
		const limits = { climit: 1, cbeh: "BLOCK_NEW" } as const;
		await viewer.ask({ limits, session: "a", token: "short", expiresAt: EPOCH + 10_000 });
		later(80);
		await cleaned(viewer);
		expect(verdict(await viewer.ask({ limits, session: "b" }))).toBe("stream-limit-create");
		later(10);
		await cleaned(viewer);
		expect(verdict(await viewer.ask({ limits, session: "b" }))).toBe("allowed");
	});

	it("an ended session whose player goes on loading stays refused, whichever token it was played with", async () => {
		const viewer = newViewer();
		await viewer.ask({ session: "a", token: "short", expiresAt: EPOCH + 10_000 });
		await viewer.stub.endSessions("a", "operator");
		const reload: Asked = { intent: "reload", session: "a" };
		for (let poll = 0; poll < 5; poll++) {
			later(60);
			await cleaned(viewer);
			expect(verdict(await viewer.ask(reload))).toBe("session-ended");
		}
	});

	it("a request that was on its way when its token ended counts with the others", async () => {
		const viewer = newViewer();
		const everything = { maxu: 1, maxip: 1 };
		const use: Asked = { limits: everything, use: true, session: null, expiresAt: EPOCH + 10_000 };
		expect(verdict(await viewer.ask(use))).toBe("allowed");
		later(15);
		await cleaned(viewer);
		expect(verdict(await viewer.ask(use))).toBe("use-limit");
		expect(verdict(await viewer.ask({ ...use, address: "192.0.2.9" }))).toBe("ip-limit");
	});

	it("an ended session is forgotten with the last token that it was played with", async () => {
		const viewer = newViewer();
		await viewer.ask({ ...ELSEWHERE, token: "short", expiresAt: EPOCH + 100_000 });
		later(1);
		const granted = sessionOf(await viewer.ask({ ...PHONE, session: "phone" }));
		later(1);
		await viewer.stub.endSessions("elsewhere", "operator");
		const there: Asked = { ...ELSEWHERE, intent: "renew", granted };
		const stay: Asked = { ...PHONE, intent: "renew", session: "phone", granted };
		for (let seconds = 2; seconds < 182; seconds += 60) {
			expect([verdict(await viewer.ask(stay)), verdict(await viewer.ask(there))]).toEqual(["allowed", "session-ended"]);
			await cleaned(viewer);
			later(60);
		}
		expect(verdict(await viewer.ask(there))).toBe("allowed");
	});
});

it("an object that was cleared while it refused someone is cleaned up again when it holds something", async () => {
	const viewer = newViewer();
	await viewer.ask({ session: "a" });
	later(91);
	await runInDurableObject(viewer.stub, async (object, state) => {
		await state.storage.deleteAlarm();
		const refused = { ...RENEWAL_OF_NOTHING, dryRun: true };
		await Promise.all([object.alarm(), object.admit(wire(refused))]);
		await object.admit(wire(RENEWAL_OF_NOTHING));
		expect(await state.storage.getAlarm()).not.toBeNull();
	});
});

const RENEWAL_OF_NOTHING: AdmitRequest = {
	id: "request",
	intent: "start",
	use: true,
	counting: "requests",
	dryRun: false,
	token: { id: "token", expiresAt: EPOCH + 86_400_000 },
	limits: { maxu: 1 },
	client: { address: "203.0.113.1", userAgent: "Player/1.0", device: "tv" },
	session: null,
};
