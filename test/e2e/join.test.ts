import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openSession, openSocket } from "../support/join.ts";
import { startTestGate } from "../support/running-gate.ts";
import type { TestGate } from "../support/running-gate.ts";

let gate: TestGate;
beforeAll(async () => {
	gate = await startTestGate();
});
afterAll(() => gate?.stop());

describe("a join", () => {
	it("answers a place, a ticket and what to join with", async () => {
		const session = await openSession(gate, await gate.openAccount());
		const ann = await session.join({ uid: "ann" }, { name: "Ann" });
		expect([ann.status, ann.body]).toMatchObject([
			201,
			{ session_id: "room-1", provider: "webrtc", role: "publisher", status: "admitted" },
		]);
		const socket = await openSocket(session.socketUrl(ann.ticket));
		expect(await socket.next("welcome")).toMatchObject({ self: ann.participantId });
		expect(await session.participants()).toMatchObject([{ uid: "ann", status: "connected" }]);
		socket.socket.close();
	});
});
