import type { RightRecord } from "../../catalog/right-record.ts";
import type { VideoRecord } from "../../catalog/video-record.ts";
import { type Decision, allow } from "../../decision/decision.ts";
import type { Claims } from "../../token/claims.ts";
import { type CompiledRight, compileRight } from "./compiled.ts";
import { judgeDomain } from "./domain.ts";
import type { RightFacts } from "./facts.ts";
import { judgeGeo } from "./geo.ts";
import { judgeProxy } from "./proxy.ts";
import { judgeSchedule } from "./schedule.ts";

const ladder: readonly ((right: CompiledRight, facts: RightFacts) => Decision)[] = [
	judgeGeo,
	judgeSchedule,
	judgeProxy,
	judgeDomain,
];

/**
 * Judges the playback right that applies, null where none does (reference: brightcove 5.3). What an allow list of the
 * geography lets in still has to pass the other steps. A disabled right allows everything.
 */
export function judgeRight(right: RightRecord | null, facts: RightFacts): Decision {
	if (right === null || right.disabled) return allow();
	const compiled = compileRight(right);
	for (const judge of ladder) {
		const decision = judge(compiled, facts);
		if (!decision.allowed) return decision;
	}
	return allow();
}

/** Whether playback needs a token: without a right always, with one unless it says otherwise. */
export function needsToken(right: RightRecord | null): boolean {
	return right === null || !(right.disabled || right.allow_insecure);
}

/** Which right a playback is judged by. */
export interface NamedRight {
	readonly namedBy: "prid" | "video";
	readonly id: string;
}

/** The token's `prid` stands instead of the video's right; null means the account's default, if it has one. */
export function nameRight(
	{ prid }: Pick<Claims, "prid">,
	{ playback_rights_id: ofVideo }: Pick<VideoRecord, "playback_rights_id">,
): NamedRight | null {
	if (prid !== undefined) return { namedBy: "prid", id: prid };
	return ofVideo === null ? null : { namedBy: "video", id: ofVideo };
}
