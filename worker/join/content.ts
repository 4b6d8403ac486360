import type { Video } from "../catalog/catalog.ts";
import type { E2eeSessionRecord } from "../catalog/e2ee-session-record.ts";
import { blankVideo } from "../catalog/video-record.ts";
import { type Decision, allow, refuse } from "../decision/decision.ts";

/** The session as the rules of playback see content: an id, tags, and the right that it names. */
export function contentOf({ account_id, id, tags, playback_rights_id }: E2eeSessionRecord): Video {
	return { record: { ...blankVideo(account_id, id), tags: [...tags], playback_rights_id }, version: "" };
}

/** Whether the session can be joined now. Its status is the room's to judge, which may know a later one. */
export function judgeWindow(
	{ starts_at: startsAt, ends_at: endsAt }: Pick<E2eeSessionRecord, "starts_at" | "ends_at">,
	nowSeconds: number,
): Decision {
	if (startsAt !== null && nowSeconds < startsAt) return refuse({ reason: "e2ee-session-not-started", startsAt });
	if (endsAt !== null && nowSeconds >= endsAt) return refuse({ reason: "e2ee-session-ended", endedAt: endsAt });
	return allow();
}
