import { type Decision, allow, refuse } from "../decision/decision.ts";

export const DAY_MS = 86_400_000;
/** How long a day's decisions are kept after its end. */
const KEPT_DAYS = 30;

/** The UTC day of a moment: "2026-11-22". */
export function dayOf(ms: number): string {
	return new Date(ms).toISOString().slice(0, 10);
}

/** When a day's decisions are deleted: milliseconds since the epoch. */
export function forgetAtMs(day: string): number {
	return Date.parse(day) + (1 + KEPT_DAYS) * DAY_MS;
}

/** A day of which decisions can be asked for: today or one of the 30 days before, in UTC. */
export function judgeDay(text: string, nowMs: number): Decision<string> {
	const startMs = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(text) : Number.NaN;
	if (Number.isNaN(startMs) || dayOf(startMs) !== text) {
		return mistaken("The day must be a date of the form YYYY-MM-DD, in UTC.");
	}
	if (startMs > nowMs) return mistaken(`The day ${text} has not begun: today is ${dayOf(nowMs)} in UTC.`);
	if (forgetAtMs(text) <= nowMs) {
		const oldest = dayOf(nowMs - KEPT_DAYS * DAY_MS);
		return mistaken(`The day ${text} is too old: decisions are kept for ${KEPT_DAYS} days, since ${oldest}.`);
	}
	return allow(text);
}

const mistaken = (detail: string) => refuse({ reason: "bad-request", detail });
