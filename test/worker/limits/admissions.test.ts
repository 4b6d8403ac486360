import { describe, expect, it } from "vitest";
import { allow, refuse } from "../../../worker/decision/decision.ts";
import { Admissions } from "../../../worker/limits/admissions.ts";
import type { AdmitAnswer } from "../../../worker/limits/contract.ts";

const admitted = (key = "s"): AdmitAnswer => allow({ session: { key, startedAt: 1 }, ended: [] });
const spent: AdmitAnswer = { ...refuse({ reason: "use-limit", limit: 1 }), final: true };

describe("an isolate's memory", () => {
	it("keeps an answer until the next touch", () => {
		const memory = new Admissions();
		memory.learn("ann", "tv", admitted(), [0, 20]);
		expect([memory.recall("ann", "tv", 19), memory.recall("ann", "tv", 20)]).toEqual([admitted(), null]);
		expect(memory.recall("ann", "phone", 19)).toBeNull();
	});

	it("holds 25,000 answers and then forgets the viewers that were asked for least lately", () => {
		const memory = new Admissions();
		for (let viewer = 0; viewer < 25_000; viewer++) memory.learn(`viewer-${viewer}`, "tv", admitted(), [0, 20]);
		expect(memory.recall("viewer-0", "tv", 1)).not.toBeNull();
		memory.learn("one more", "tv", admitted(), [0, 20]);
		expect(["viewer-0", "viewer-1", "viewer-2"].map((viewer) => memory.recall(viewer, "tv", 1) !== null)).toEqual([
			true,
			false,
			true,
		]);
	});

	it("holds 10,000 clients of one viewer, the latest, and they crowd out no more than that", () => {
		const memory = new Admissions();
		for (let viewer = 0; viewer < 15_000; viewer++) memory.learn(`viewer-${viewer}`, "tv", admitted(), [0, 20]);
		for (let client = 0; client < 40_000; client++) memory.learn("crowd", `client-${client}`, admitted(), [0, 20]);
		const known = (client: number) => memory.recall("crowd", `client-${client}`, 1) !== null;
		expect([known(29_999), known(30_000), known(39_999)]).toEqual([false, true, true]);
		expect([memory.recall("viewer-0", "tv", 1), memory.recall("viewer-14999", "tv", 1)]).toEqual([
			admitted(),
			admitted(),
		]);
	});

	it("has room again for what it forgot", () => {
		const memory = new Admissions();
		for (let viewer = 0; viewer < 25_000; viewer++) memory.learn(`viewer-${viewer}`, "tv", admitted(), [0, 20]);
		for (let viewer = 0; viewer < 10; viewer++) memory.forgetViewer(`viewer-${viewer}`);
		for (let viewer = 10; viewer < 20; viewer++) memory.forgetSessions(`viewer-${viewer}`, ["s"]);
		for (let viewer = 0; viewer < 20; viewer++) memory.learn(`new-${viewer}`, "tv", admitted(), [0, 20]);
		expect([memory.recall("viewer-20", "tv", 1), memory.recall("new-0", "tv", 1)]).toEqual([admitted(), admitted()]);
		memory.learn("one more", "tv", admitted(), [0, 20]);
		expect(memory.recall("viewer-21", "tv", 1)).toBeNull(); // viewer-20 was asked for just now
	});

	it("knows of a spent token until the token ends", () => {
		const memory = new Admissions();
		memory.learnSpent("acme/uid/ann", "t1", spent, 1000);
		expect(memory.recallSpent("acme/uid/ann", "t1", 999)).toEqual(spent);
		expect(memory.recallSpent("acme/uid/ann", "t1", 1000)).toBeNull();
		expect(memory.recallSpent("acme/uid/ann", "t2", 999)).toBeNull();
		expect(memory.recallSpent("other/uid/ann", "t1", 999)).toBeNull();
	});
});
