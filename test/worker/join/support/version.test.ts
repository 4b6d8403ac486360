import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compareNumbers, isAtLeast, parseVersion } from "../../../../worker/join/support/version.ts";

function version(text: string) {
	const parsed = parseVersion(text);
	if (!parsed) throw new Error(`${text} is no version`);
	return parsed;
}

describe("a version", () => {
	it.each([
		["2.35.2", [2, 35, 2], null],
		["js-2.35.2", [2, 35, 2], null],
		["v2.27", [2, 27], null],
		["OpenTok.js 2.30.0", [2, 30, 0], null],
		["120.0.6099.119", [120, 0, 6099, 119], null],
		["2024.2.0-canary.1", [2024, 2, 0], "canary.1"],
		["2.27.0-beta.1+build.7", [2, 27, 0], "beta.1"],
		["3.32.0+abc", [3, 32, 0], null],
		[" 2.27.0 ", [2, 27, 0], null],
		["156", [156], null],
	])("%s is read", (text, numbers, preRelease) => {
		expect(version(text)).toMatchObject({ numbers, preRelease });
	});

	it.each([
		"",
		"latest",
		"2.x",
		"2..1",
		"-1",
		"1.2.3.4.5.6.7",
		"2,27",
		"1e9",
		"٢.٢٧",
		"2.27.0\n<script>",
		"9".repeat(200),
		`1.${"0".repeat(50)}`,
	])("is not %j", (text) => {
		expect(parseVersion(text)).toBeNull();
	});

	it.each([
		["2.27.0", "2.27.0", true],
		["2.27", "2.27.0", true],
		["2.9.9", "2.27.0", false],
		["2.26.4", "2.27.0", false],
		["2.27.0-beta.1", "2.27.0", false],
		["2.27.1-beta.1", "2.27.0", true],
		["10.0", "9.9", true],
		["86.0.4240.75", "86", true],
	])("%s may stand for %s: %s", (text, least, enough) => {
		expect(isAtLeast(version(text), version(least))).toBe(enough);
	});

	it("is ordered as numbers are, whatever stands before or after them", () => {
		const numbers = fc.array(fc.nat({ max: 999_999_999 }), { minLength: 1, maxLength: 6 });
		const written = (parts: readonly number[]) => parts.join(".");
		fc.assert(
			fc.property(numbers, numbers, (left, right) => {
				const order = compareNumbers(version(written(left)), version(written(right)));
				const length = Math.max(left.length, right.length);
				const padded = (parts: readonly number[]) =>
					Array.from({ length }, (_, index) => String(parts[index] ?? 0).padStart(9, "0")).join(".");
				expect(Math.sign(order)).toBe(padded(left) < padded(right) ? -1 : padded(left) > padded(right) ? 1 : 0);
				expect(compareNumbers(version(`js-${written(left)}`), version(`v${written(left)}-rc.1`))).toBe(0);
			}),
		);
	});

	it("never fails on hostile text", () => {
		fc.assert(
			fc.property(fc.string({ maxLength: 300, unit: "binary" }), (text) => {
				expect([null, "object"]).toContain(parseVersion(text) && "object");
			}),
		);
	});
});
