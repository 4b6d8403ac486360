import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ReplayWindow } from "../../../worker/join/client/frames/replay-window.ts";

const WIDTH = 1024n;

describe("a replay window", () => {
	it("knows what it has seen and takes what is too old for seen, in any order of counters", () => {
		const step = fc.oneof(fc.bigInt(-40n, 40n), fc.bigInt(-1100n, 1100n), fc.bigInt(-5000n, 5000n));
		fc.assert(
			fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
				const window = new ReplayWindow();
				const seen = new Set<bigint>();
				let [newest, at] = [-1n, 0n];
				for (const each of steps) {
					at = at + each < 0n ? 0n : at + each;
					const expected = seen.has(at) || at <= newest - WIDTH;
					expect(window.has(at)).toBe(expected);
					if (expected) continue;
					window.add(at);
					seen.add(at);
					if (at > newest) newest = at;
				}
			}),
		);
	});

	it("takes the largest counter there is, and then only its neighbours", () => {
		const window = new ReplayWindow();
		const most = 2n ** 64n - 1n;
		window.add(most);
		expect([0n, most - WIDTH, most - WIDTH + 1n, most].map((ctr) => window.has(ctr))).toEqual([
			true,
			true,
			false,
			true,
		]);
	});
});
