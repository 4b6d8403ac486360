import { type Decision, allow, refuse } from "../decision/decision.ts";
import { viewerObjectName } from "../limits/client.ts";
import type { LiveSession } from "../limits/contract.ts";
import { reach } from "../reach.ts";
import { type ManagedCall, type ManagedHandler, json, noContent } from "./managed.ts";

/** The viewer that `?uid=` names. */
function viewerOf({ exchange, account }: ManagedCall): Decision<{ readonly uid: string; readonly name: string }> {
	const uid = exchange.query.get("uid");
	if (!uid) return refuse({ reason: "bad-request", detail: "The query must name the viewer: ?uid=..." });
	return allow({ uid, name: viewerObjectName(account, { uid }) });
}

/** Field names of the Generic Stream Concurrency API (reference: wire facts 6.3), and what ops asks next. Times in milliseconds. */
function shown(uid: string, session: LiveSession) {
	return {
		session_id: session.key,
		end_viewer_id: uid,
		video: session.video,
		started_at: session.startedAt,
		last_seen: session.seenAt,
		stopped: session.endedBy !== null,
		ended_by: session.endedBy,
		device: session.device,
		user_agent: session.userAgent,
		address: session.address,
	};
}

/** `?uid=` the viewer's sessions, newest first; those that are alive, and with `&all=true` also those that were ended. */
export const listSessions: ManagedHandler = async (call) => {
	const viewer = viewerOf(call);
	if (!viewer.allowed) return viewer;
	const { limits } = call.exchange.gate;
	const sessions = await reach(call.exchange, "limits", () => limits.getByName(viewer.value.name).listSessions());
	if (!sessions.allowed) return sessions;
	const all = call.exchange.query.get("all") === "true";
	return json(
		call,
		sessions.value
			.filter((session) => all || session.endedBy === null)
			.map((session) => shown(viewer.value.uid, session)),
	);
};

/** Ends the session of the path, or every session of the viewer; players are refused at their next touch, here at once. */
export const endSessions: ManagedHandler = async (call) => {
	const viewer = viewerOf(call);
	if (!viewer.allowed) return viewer;
	const { gate } = call.exchange;
	const one = call.id === "" ? null : call.id;
	const end = () => gate.limits.getByName(viewer.value.name).endSessions(one, "operator");
	const ended = await reach(call.exchange, "limits", end);
	gate.admissions.forgetViewer(viewer.value.name); // an end that was not answered may have been made
	if (!ended.allowed) return ended;
	return one !== null && ended.value.length === 0 ? refuse({ reason: "resource-not-found" }) : noContent(call);
};
