import { allow, refuse } from "../decision/decision.ts";
import type { Check } from "./check.ts";

/** State and schedule of the video itself, whatever the token says. */
export const checkPlayable: Check = ({ video, nowSeconds }) => {
	if (video.state !== "ACTIVE") return refuse({ reason: "video-not-active" });
	const { starts_at: startsAt, ends_at: endsAt } = video.schedule ?? { starts_at: null, ends_at: null };
	if (startsAt !== null && nowSeconds < startsAt) return refuse({ reason: "video-not-started", startsAt });
	if (endsAt !== null && nowSeconds >= endsAt) return refuse({ reason: "video-ended", endedAt: endsAt });
	return allow();
};
