import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
	type GuardState,
	INNOCENT,
	attempted,
	failed,
	isBlocked,
	isForgiven,
	succeeded,
} from "../../../worker/credentials/guard/rule.ts";
import { EPOCH } from "../../support/viewer.ts";

const MINUTE = 60_000;

/** So many different wrong credentials, one after the other at the same moment; how many of them were checked, and the state after. */
function guess(before: GuardState, count: number, nowMs: number, from = 0) {
	let [state, checked] = [before, 0];
	for (let index = from; index < from + count; index += 1) {
		state = attempted(state, `guess ${index}`, nowMs);
		if (isBlocked(state, nowMs)) continue;
		checked += 1;
		state = failed(state, nowMs);
	}
	return { state, checked };
}

describe("guessing", () => {
	it("is let be ten times a minute", () => {
		const { state, checked } = guess(INNOCENT, 10, EPOCH);
		expect([checked, isBlocked(state, EPOCH)]).toEqual([10, false]);
		expect(guess(state, 10, EPOCH + MINUTE, 10).checked).toBe(10);
	});

	it("is blocked with the eleventh, for half a minute", () => {
		const { state, checked } = guess(INNOCENT, 1000, EPOCH);
		expect([checked, state.blockedUntil]).toEqual([10, EPOCH + 30_000]);
		expect([isBlocked(state, EPOCH + 29_999), isBlocked(state, EPOCH + 30_000)]).toEqual([true, false]);
	});

	it("is blocked for twice as long each time, at most a quarter of an hour", () => {
		let [state, now]: [GuardState, number] = [INNOCENT, EPOCH];
		const lengths = Array.from({ length: 8 }, (_, round) => {
			({ state } = guess(state, 11, now, round * 11));
			const length = state.blockedUntil - now;
			now = state.blockedUntil;
			return length / 1000;
		});
		expect(lengths).toEqual([30, 60, 120, 240, 480, 900, 900, 900]);
	});

	it("is forgiven after a quiet hour", () => {
		const { state } = guess(INNOCENT, 11, EPOCH);
		expect(isForgiven(state, EPOCH + 3_629_999)).toBe(false);
		expect(isForgiven(state, EPOCH + 3_630_000)).toBe(true);
		const again = guess(state, 11, EPOCH + 3_630_000).state;
		expect(again.blockedUntil).toBe(EPOCH + 3_630_000 + 30_000);
	});

	it("is not what a script does that repeats one wrong credential; it is heard a hundred times", () => {
		let [state, checked]: [GuardState, number] = [INNOCENT, 0];
		for (let index = 0; index < 150; index += 1) {
			state = attempted(state, "the same", EPOCH);
			if (isBlocked(state, EPOCH)) continue;
			checked += 1;
			state = failed(state, EPOCH);
		}
		expect(checked).toBe(100);
	});

	it("is not what a good credential does, however often it is used at once", () => {
		let state = INNOCENT;
		for (let index = 0; index < 500; index += 1) state = attempted(state, "good", EPOCH);
		expect(isBlocked(state, EPOCH)).toBe(false);
		expect(guess(succeeded(state, "good"), 10, EPOCH).checked).toBe(10);
	});

	it("never has more than ten credentials checked in a window, in whatever order and however many at once", () => {
		const steps = fc.array(
			fc.record({ wait: fc.nat(90_000), atOnce: fc.integer({ min: 1, max: 40 }), failAtEnd: fc.boolean() }),
			{ maxLength: 40 },
		);
		fc.assert(
			fc.property(steps, (rounds) => {
				let [state, now, name]: [GuardState, number, number] = [INNOCENT, EPOCH, 0];
				const checkedAt: number[] = [];
				for (const { wait, atOnce, failAtEnd } of rounds) {
					now += wait;
					// All of a round are begun before the first of them is known to have failed.
					let begun = 0;
					for (let index = 0; index < atOnce; index += 1) {
						name += 1;
						state = attempted(state, `guess ${name}`, now);
						if (!isBlocked(state, now)) begun += 1;
					}
					checkedAt.push(...Array.from({ length: begun }, () => now));
					for (let index = 0; failAtEnd && index < begun; index += 1) state = failed(state, now);
					const lastMinute = checkedAt.filter((at) => at > now - MINUTE).length;
					expect(lastMinute).toBeLessThanOrEqual(20); // a window may begin within the minute
				}
				const hours = (now - EPOCH) / 3_600_000;
				expect(checkedAt.length).toBeLessThanOrEqual(10 * (Math.floor(hours * 60) + rounds.length));
			}),
		);
	});
});
