import { describe, expect, it } from "vitest";
import { NOON, verdict } from "./right.ts";

const at = (input: Record<string, unknown>, time: string) =>
	verdict(input, { nowSeconds: Date.parse(`2026-11-${time}Z`) / 1000 });

describe("start and end", () => {
	it.each<[string, Record<string, unknown>, string]>([
		["a second before the start", { start_time: NOON + 1 }, "rights-not-started"],
		["at the start", { start_time: NOON }, "allowed"],
		["a second before the end", { end_time: NOON + 1 }, "allowed"],
		["at the end", { end_time: NOON }, "rights-ended"],
		["between the two", { start_time: NOON, end_time: NOON + 1 }, "allowed"],
		["with neither", { start_time: null, end_time: null }, "allowed"],
	])("%s", (_what, input, expected) => {
		expect(verdict(input, { nowSeconds: NOON })).toBe(expected);
	});
});

// November 2026: the 25th is a Wednesday, the 27th a Friday, the 28th a Saturday, the 29th a Sunday.
describe("days", () => {
	it.each([
		["25T00:00:00", "allowed"],
		["25T23:59:59", "allowed"],
		["24T23:59:59", "rights-day-not-allowed"],
		["26T00:00:00", "rights-day-not-allowed"],
	])("wed at %s: %s", (time, expected) => {
		expect(at({ allowed_days: ["wed"] }, time)).toBe(expected);
	});

	it.each(["mon", "tue", "wed", "thu", "fri", "sat", "sun"])("%s is one day of the week", (day) => {
		const open = [23, 24, 25, 26, 27, 28, 29].filter(
			(date) => at({ allowed_days: [day] }, `${date}T12:00:00`) === "allowed",
		);
		expect(open).toHaveLength(1);
	});
});

describe("hours", () => {
	it.each([
		["3-4", "25T02:59:59", "rights-hour-not-allowed"],
		["3-4", "25T03:00:00", "allowed"],
		["3-4", "25T03:59:59", "allowed"],
		["3-4", "25T04:00:00", "rights-hour-not-allowed"],
		["0-24", "25T23:59:59", "allowed"],
		["22-26", "25T21:59:59", "rights-hour-not-allowed"],
		["22-26", "25T22:00:00", "allowed"],
		["22-26", "26T01:59:59", "allowed"],
		["22-26", "26T02:00:00", "rights-hour-not-allowed"],
		["24-25", "25T00:30:00", "allowed"],
		["47-48", "25T23:30:00", "allowed"],
		["47-48", "25T22:30:00", "rights-hour-not-allowed"],
	])("%s at %s: %s", (range, time, expected) => {
		expect(at({ allowed_hours: [range] }, time)).toBe(expected);
	});

	it("may have several ranges", () => {
		const input = { allowed_hours: ["3-4", "8-19"] };
		expect(["25T03:30:00", "25T05:30:00", "25T18:30:00"].map((time) => at(input, time))).toEqual([
			"allowed",
			"rights-hour-not-allowed",
			"allowed",
		]);
	});
});

describe("days and hours", () => {
	it.each([
		["27T21:59:59", "rights-hour-not-allowed"],
		["27T22:00:00", "allowed"],
		["28T01:59:59", "allowed"],
		["28T02:00:00", "rights-day-not-allowed"],
		["28T22:00:00", "rights-day-not-allowed"],
		["27T00:30:00", "rights-hour-not-allowed"],
	])("fri 22-26 at %s: %s", (time, expected) => {
		expect(at({ allowed_days: ["fri"], allowed_hours: ["22-26"] }, time)).toBe(expected);
	});

	it("go on from Saturday into Sunday", () => {
		const input = { allowed_days: ["sat"], allowed_hours: ["23-25"] };
		expect(at(input, "29T00:59:59")).toBe("allowed");
		expect(at(input, "29T01:00:00")).toBe("rights-day-not-allowed");
	});
});
