import { Admissions } from "../../worker/limits/admissions.ts";
import { allow } from "../../worker/decision/decision.ts";
import { Random } from "./random.ts";

const SEGMENT_MS = 6000;
/** Two tracks, each a playlist and a segment, as a live player asks for them. */
export const REQUESTS_A_SEGMENT = 4;
const WARMUP_MS = 60_000;
const MEASURED_MS = 240_000;

export interface TouchWorld {
	readonly viewers: number;
	/** Isolates that the requests of one viewer land on, by chance. */
	readonly isolates: number;
	readonly touchSeconds: number;
}

/**
 * Calls of an object by one viewer in an hour, of viewers who watch a live stream through the gate: with the gate's own memory of what was
 * admitted (`Admissions`), which holds a number of viewers and then forgets.
 */
export function simulateTouches({ viewers, isolates, touchSeconds }: TouchWorld, seed: number): number {
	const random = new Random(seed);
	const memories = Array.from({ length: isolates }, () => new Admissions());
	const phases = Array.from({ length: viewers }, () => random.between(0, SEGMENT_MS)).toSorted((a, b) => a - b);
	const answer = allow({ session: null, ended: [] });
	let calls = 0;
	for (let roundMs = 0; roundMs < WARMUP_MS + MEASURED_MS; roundMs += SEGMENT_MS) {
		for (const [viewer, phaseMs] of phases.entries()) {
			for (let request = 0; request < REQUESTS_A_SEGMENT; request++) {
				const nowMs = roundMs + phaseMs;
				const memory = memories[random.below(isolates)] as Admissions;
				if (memory.recall(`viewer-${viewer}`, "client", nowMs)) continue;
				memory.learn(`viewer-${viewer}`, "client", answer, [nowMs, nowMs + touchSeconds * 1000]);
				if (nowMs >= WARMUP_MS) calls += 1;
			}
		}
	}
	return (calls / viewers) * (3_600_000 / MEASURED_MS);
}
