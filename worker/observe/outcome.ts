import type { Refusal } from "../decision/refusals.ts";

/** How an exchange ended. */
export interface Outcome {
	readonly status: number;
	/** Absent when allowed. */
	readonly refusal?: Refusal;
	/** True for what only goes on with a playback whose start was decided: segments and media playlists. */
	readonly goesOn?: true;
}
