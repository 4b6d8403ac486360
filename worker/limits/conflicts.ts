import type { Conflict } from "../decision/refusals.ts";
import type { AdmitRequest } from "./contract.ts";
import type { ViewerState } from "./state.ts";

const MOST_CONFLICTS = 20;

/** What a refusal tells of the viewer's sessions that are alive, newest first, where the account has them listed: no address. */
export function conflictsIn(
	state: ViewerState,
	{ listConflicts }: AdmitRequest,
	now: number,
): { readonly conflicts?: readonly Conflict[] } {
	if (listConflicts !== true) return {};
	const names = state.deviceNames();
	const newest = state.aliveSessions(now).toReversed().slice(0, MOST_CONFLICTS);
	const conflicts = newest.map(({ key, device, userAgent, video, startedAt }) => ({
		session: key,
		device,
		deviceName: names.get(device) ?? null,
		userAgent,
		video,
		startedAt,
	}));
	return { conflicts };
}
