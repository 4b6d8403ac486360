import { judgeDay } from "./day.ts";

/** Id of a report on a day: it names the day, so that the object that knows it can be found. */
export function executionId(day: string, id: string): string {
	return `${day}-${id}`;
}

/** The day of a report, or null when no report that is still kept has this id. */
export function dayOfExecution(execution: string, nowMs: number): string | null {
	const day = /^(\d{4}-\d{2}-\d{2})-[\w-]{1,64}$/.exec(execution)?.[1] ?? "";
	return judgeDay(day, nowMs).allowed ? day : null;
}
