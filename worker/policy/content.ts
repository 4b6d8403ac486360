import { allow, refuse } from "../decision/decision.ts";
import type { Check } from "./check.ts";

/** `conid` and `vids` name the videos that the token is good for, by id (reference ids do not count). */
export const checkContent: Check = ({ claims: { conid, vids }, video }) => {
	if (conid !== undefined && conid !== video.id) return refuse({ reason: "video-not-in-token", claim: "conid" });
	if (vids !== undefined && !vids.includes(video.id)) return refuse({ reason: "video-not-in-token", claim: "vids" });
	return allow();
};

/** `tags`: the video has at least one of them. */
export const checkTags: Check = ({ claims: { tags }, video }) =>
	tags === undefined || tags.some((tag) => video.tags.includes(tag)) ? allow() : refuse({ reason: "tags-mismatch" });
