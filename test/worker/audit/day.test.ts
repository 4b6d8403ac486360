import { describe, expect, it } from "vitest";
import { dayOf, forgetAtMs, judgeDay } from "../../../worker/audit/day.ts";
import { dayOfExecution, executionId } from "../../../worker/audit/execution.ts";

const at = (time: string): number => Date.parse(time);

describe("a day", () => {
	it.each([
		{ day: "2026-11-22", now: "2026-11-22T00:00:00.000Z", what: "today, from its first moment" },
		{ day: "2026-11-22", now: "2026-11-22T23:59:59.999Z", what: "today, to its last" },
		{ day: "2026-11-21", now: "2026-11-22T00:00:00.000Z", what: "yesterday" },
		{ day: "2026-10-23", now: "2026-11-22T00:00:00.000Z", what: "30 days ago" },
		{ day: "2026-10-23", now: "2026-11-22T23:59:59.999Z", what: "30 days ago, at the day's end" },
		{ day: "2028-02-29", now: "2028-03-01T12:00:00.000Z", what: "a leap day" },
		{ day: "2026-12-31", now: "2027-01-01T00:00:00.000Z", what: "the last of another year" },
	])("can be asked for: $what", ({ day, now }) => {
		expect(judgeDay(day, at(now))).toEqual({ allowed: true, value: day });
	});

	it.each([
		{ day: "2026-11-22", now: "2026-11-21T23:59:59.999Z", says: "has not begun: today is 2026-11-21" },
		{ day: "9999-12-31", now: "2026-11-22T12:00:00.000Z", says: "has not begun" },
		{
			day: "2026-10-22",
			now: "2026-11-22T00:00:00.000Z",
			says: "too old: decisions are kept for 30 days, since 2026-10-23",
		},
		{ day: "0000-01-01", now: "2026-11-22T12:00:00.000Z", says: "too old" },
		...["", "today", "2026-11-2", "2026-13-01", "2026-02-30", "2026-00-10", "2027-02-29", "20261122", "2026/11/22"].map(
			(day) => ({
				day,
				now: "2026-11-22T12:00:00.000Z",
				says: "YYYY-MM-DD",
			}),
		),
		{ day: "2026-11-22T00:00:00Z", now: "2026-11-22T12:00:00.000Z", says: "YYYY-MM-DD" },
		{ day: " 2026-11-22", now: "2026-11-22T12:00:00.000Z", says: "YYYY-MM-DD" },
		{ day: "2026-11-22\n", now: "2026-11-22T12:00:00.000Z", says: "YYYY-MM-DD" },
		{ day: "+002026-11-22", now: "2026-11-22T12:00:00.000Z", says: "YYYY-MM-DD" },
		{ day: "٢٠٢٦-١١-٢٢", now: "2026-11-22T12:00:00.000Z", says: "YYYY-MM-DD" },
	])("'$day' is refused at $now: $says", ({ day, now, says }) => {
		const verdict = judgeDay(day, at(now));
		expect(verdict).toMatchObject({ allowed: false, refusal: { reason: "bad-request" } });
		expect(JSON.stringify(verdict)).toContain(says);
	});

	it("is forgotten when it can no longer be asked for, and not a moment before", () => {
		const forgottenAt = forgetAtMs("2026-10-23");
		expect(judgeDay("2026-10-23", forgottenAt - 1).allowed).toBe(true);
		expect(judgeDay("2026-10-23", forgottenAt).allowed).toBe(false);
	});

	it("is that of UTC", () => {
		expect([dayOf(at("2026-11-22T23:30:00-02:00")), dayOf(at("2026-11-22T00:30:00+02:00"))]).toEqual([
			"2026-11-23",
			"2026-11-21",
		]);
	});
});

describe("the id of a report", () => {
	const now = at("2026-11-22T12:00:00.000Z");

	it("tells its day", () => {
		expect(dayOfExecution(executionId("2026-11-20", "0b0e-1"), now)).toBe("2026-11-20");
	});

	it.each([
		"",
		"2026-11-20",
		"2026-11-20-",
		"2026-11-23-a",
		"2026-10-01-a",
		"2026-02-30-a",
		"x-a",
		"2026-11-20-a/b",
		"2026-11-20-é",
	])("'%s' is of no report", (id) => {
		expect(dayOfExecution(id, now)).toBeNull();
	});
});
