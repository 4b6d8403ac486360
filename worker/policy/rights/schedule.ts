import { DAYS } from "../../catalog/right-schema.ts";
import { type Decision, allow, refuse } from "../../decision/decision.ts";
import type { CompiledRight } from "./compiled.ts";
import type { RightFacts } from "./facts.ts";

const HOUR_SECONDS = 3600;
const WEEK_HOURS = 168;
/** 1970 began on a Thursday; the week of a right begins on Sunday. */
const EPOCH_HOURS = 4 * 24;

/** Start, end, days and hours, each only if set (reference: brightcove 5.3, step 2). The end is the first second without playback. */
export function judgeSchedule({ record, week }: CompiledRight, { nowSeconds }: RightFacts): Decision {
	const { start_time: startsAt, end_time: endedAt, allowed_days: days, allowed_hours: hours } = record;
	if (startsAt !== null && nowSeconds < startsAt) return refuse({ reason: "rights-not-started", startsAt });
	if (endedAt !== null && nowSeconds >= endedAt) return refuse({ reason: "rights-ended", endedAt });
	const hourOfWeek = (Math.floor(nowSeconds / HOUR_SECONDS) + EPOCH_HOURS) % WEEK_HOURS;
	if (week === null || week[hourOfWeek] === true) return allow();
	const day = DAYS[Math.floor(hourOfWeek / 24)] ?? DAYS[0];
	return days.length > 0 && !days.includes(day)
		? refuse({ reason: "rights-day-not-allowed", day })
		: refuse({ reason: "rights-hour-not-allowed", hours });
}
