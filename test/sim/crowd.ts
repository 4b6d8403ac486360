import type { Random } from "./random.ts";
import type { Timeline } from "./timeline.ts";

/** How a crowd comes: within a minute, most of it in the first half, as for a match that begins. */
export const crowd = {
	joins: 2_000_000,
	seconds: 60,
	/** When most of it comes: twice the average then. */
	peakSecond: 15,
};

/** Milliseconds from the start until `share` of the crowd has come: a triangle, steep before the peak. */
export function arrivalMs(share: number): number {
	const peak = crowd.peakSecond / crowd.seconds;
	const part = share < peak ? Math.sqrt(share * peak) : 1 - Math.sqrt((1 - share) * (1 - peak));
	return part * crowd.seconds * 1000;
}

/** Calls `join` for each of `joins`, when it comes. */
export function arrive(timeline: Timeline, joins: number, join: (index: number) => void): void {
	let next = 0;
	const step = (): void => {
		while (next < joins && arrivalMs((next + 0.5) / joins) <= timeline.now) join(next++);
		if (next < joins) timeline.after(Math.max(1, arrivalMs((next + 0.5) / joins) - timeline.now), step);
	};
	timeline.after(0, step);
}

/** Round trips between an isolate and an object near it, and one that may be anywhere in the world. */
export const nearMs = (random: Random): number => Math.min(4 + random.around(10, 0.6), 80);
export const farMs = (random: Random): number => Math.min(10 + random.around(60, 0.6), 400);
