import { evictDurableObject } from "cloudflare:test";
import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { wire } from "../../../worker/limits/contract.ts";
import { EPOCH, type Viewer, newViewer, verdict } from "../../support/viewer.ts";

const TOKEN = "token-1";
const ask = async (viewer: Viewer, id: string, maxu = 1): Promise<string> =>
	verdict(await viewer.ask({ id, token: TOKEN, use: true, limits: { maxu } }));
const giveBack = (viewer: Viewer, id: string, token = TOKEN): Promise<boolean> =>
	viewer.stub.refund(wire({ id, token }));

describe("a use that is given back", () => {
	it("can be had again, once", async () => {
		const viewer = newViewer();
		expect(await ask(viewer, "a")).toBe("allowed");
		await giveBack(viewer, "a");
		expect([await ask(viewer, "b"), await ask(viewer, "c")]).toEqual(["allowed", "use-limit"]);
	});

	it("is given back only once, whatever is called again", async () => {
		const viewer = newViewer();
		await ask(viewer, "a", 2);
		await ask(viewer, "b", 2);
		await Promise.all([giveBack(viewer, "a"), giveBack(viewer, "a")]);
		await evictDurableObject(viewer.stub);
		await giveBack(viewer, "a");
		expect([await ask(viewer, "c", 2), await ask(viewer, "d", 2)]).toEqual(["allowed", "use-limit"]);
	});

	it.each([
		["nobody made", "x", TOKEN],
		["was refused", "b", TOKEN],
		["is of another token", "a", "token-2"],
	])("is none of a request that %s", async (_, id, token) => {
		const viewer = newViewer();
		expect([await ask(viewer, "a"), await ask(viewer, "b")]).toEqual(["allowed", "use-limit"]);
		await giveBack(viewer, id, token);
		expect(await ask(viewer, "c")).toBe("use-limit");
	});

	it("never lets more than the limit come to something, however calls interleave", async () => {
		const viewer = newViewer();
		let kept = 0;
		await Promise.all(
			Array.from({ length: 60 }, async (_, index) => {
				const id = `request-${index}`;
				if ((await ask(viewer, id, 7)) !== "allowed") return;
				if (index % 3 === 0) await giveBack(viewer, id);
				else kept += 1;
			}),
		);
		for (let index = 0; (await ask(viewer, `later-${index}`, 7)) === "allowed"; index++) kept += 1;
		expect(kept).toBe(7);
	});

	it("is possible for two minutes, and only after that is a refusal final", async () => {
		vi.useFakeTimers({ toFake: ["Date"] });
		vi.setSystemTime(EPOCH);
		const viewer = newViewer();
		const later = async (id: string, ms: number, counting: "requests" | "playbacks" = "requests") => {
			vi.setSystemTime(EPOCH + ms);
			return (await viewer.ask({ id, token: TOKEN, use: true, counting, limits: { maxu: 1 } })).final ?? false;
		};
		await ask(viewer, "a");
		expect([await later("b", 0), await later("c", 119_000)]).toEqual([false, false]);
		await giveBack(viewer, "a");
		expect([await ask(viewer, "d"), await later("e", 119_000)]).toEqual(["allowed", false]);
		expect([await later("f", 239_000), await later("g", 239_000, "playbacks")]).toEqual([true, false]);
		await evictDurableObject(viewer.stub);
		expect(await later("h", 600_000)).toBe(true);
		vi.useRealTimers();
	});

	it("is spent anew by the request that is made again", async () => {
		const viewer = newViewer();
		await ask(viewer, "a");
		await giveBack(viewer, "a");
		expect([await ask(viewer, "a"), await ask(viewer, "b")]).toEqual(["allowed", "use-limit"]);
	});

	it("is on disk", async () => {
		const viewer = newViewer();
		await ask(viewer, "a");
		await giveBack(viewer, "a");
		await evictDurableObject(viewer.stub);
		expect([await ask(viewer, "b"), await ask(viewer, "c")]).toEqual(["allowed", "use-limit"]);
	});
});

describe("a use that several share", () => {
	const share = async (viewer: Viewer, id: string): Promise<string> =>
		verdict(await viewer.ask({ id, token: TOKEN, use: true, shared: true, limits: { maxu: 1 } }));

	it("is one, however many ask", async () => {
		const viewer = newViewer();
		expect(await Promise.all(["a", "a", "a", "b"].map((id) => share(viewer, id)))).toEqual([
			"allowed",
			"allowed",
			"allowed",
			"use-limit",
		]);
	});

	it("is given back as long as one has it alone, and by none once another relies on it", async () => {
		const viewer = newViewer();
		await share(viewer, "a");
		await giveBack(viewer, "a");
		expect([await share(viewer, "b"), await share(viewer, "b")]).toEqual(["allowed", "allowed"]);
		await evictDurableObject(viewer.stub);
		await giveBack(viewer, "b");
		expect(await share(viewer, "c")).toBe("use-limit");
	});

	it("never lets more questions than the limit come to something, whoever of those that ask gives it back, and when", async () => {
		const step = fc.record({ asker: fc.nat(11), keeps: fc.boolean() });
		await fc.assert(
			fc.asyncProperty(fc.array(step, { maxLength: 40 }), fc.integer({ min: 1, max: 3 }), async (steps, maxu) => {
				const viewer = newViewer();
				const stands = new Map<number, "allowed" | "over">();
				const held = new Set<string>();
				for (const { asker, keeps } of steps) {
					const id = `question-${asker % 4}`; // of three askers each
					const before = stands.get(asker);
					if (before === "over") continue;
					if (before === undefined) {
						const answer = await viewer.ask({ id, token: TOKEN, use: true, shared: true, limits: { maxu } });
						stands.set(asker, answer.allowed ? "allowed" : "over");
						continue;
					}
					stands.set(asker, "over");
					if (keeps) held.add(id);
					else await giveBack(viewer, id);
				}
				expect(held.size).toBeLessThanOrEqual(maxu);
			}),
			{ numRuns: 60 },
		);
	});
});
