import { describe, expect, it } from "vitest";
import { SingleFlight } from "../../worker/flight.ts";
import { TimeoutError, within } from "../../worker/within.ts";

const behind = (): void => {};
const soon = <T>(value: T, ms = 5): Promise<T> => new Promise((resolve) => setTimeout(() => resolve(value), ms));
const never = new Promise<never>(() => {});

describe("what another request has begun", () => {
	it("is waited for", async () => {
		expect(await within(soon("done"), 1000)).toBe("done");
		await expect(within(Promise.reject(new Error("away")), 1000)).rejects.toThrow("away");
	});

	it("is not waited for for ever", async () => {
		await expect(within(never, 5)).rejects.toThrow(TimeoutError);
	});
});

describe("work that many want at once", () => {
	it("is done once, and again for whoever comes later", async () => {
		const flights = new SingleFlight<number>(1000);
		let done = 0;
		const share = () => flights.share("a", () => soon((done += 1)), behind);
		expect(await Promise.all(Array.from({ length: 50 }, share))).toEqual(Array.from({ length: 50 }, () => 1));
		expect(await share()).toBe(2);
	});

	it("is not shared with what has another name", async () => {
		const flights = new SingleFlight<string>(1000);
		const share = (name: string) => flights.share(name, () => soon(name), behind);
		expect(await Promise.all(["a", "b", "a"].map(share))).toEqual(["a", "b", "a"]);
	});

	it("fails for all who waited, and is tried again by the next", async () => {
		const flights = new SingleFlight<string>(1000);
		const failing = () => flights.share("a", () => soon("").then(() => Promise.reject(new Error("away"))), behind);
		const outcomes = await Promise.allSettled([failing(), failing(), failing()]);
		expect(outcomes.map(({ status }) => status)).toEqual(["rejected", "rejected", "rejected"]);
		expect(await flights.share("a", () => soon("back"), behind)).toBe("back");
	});

	it("is done by one of those who wait, when the request that began it has died", async () => {
		const flights = new SingleFlight<string>(20);
		void flights.share("a", () => never, behind);
		let done = 0;
		const share = () =>
			flights.share(
				"a",
				() => {
					done += 1;
					return soon("done");
				},
				behind,
			);
		expect(await Promise.all(Array.from({ length: 20 }, share))).toEqual(Array.from({ length: 20 }, () => "done"));
		expect(done).toBe(1);
	});

	it("goes on when its request has ended", async () => {
		const flights = new SingleFlight<string>(1000);
		const kept: Promise<unknown>[] = [];
		void flights.share(
			"a",
			() => soon("done"),
			(work) => kept.push(work),
		);
		expect(await Promise.all(kept)).toEqual(["done"]);
	});
});
