import type { E2eeSessionRecord, JoinRole } from "../catalog/e2ee-session-record.ts";
import { type Decision, allow, refuse } from "../decision/decision.ts";

/** What a token may ask for whose claim `join_role` names a role: that one, and those that may do less. */
const UP_TO: Readonly<Record<JoinRole, readonly JoinRole[]>> = {
	subscriber: ["subscriber"],
	publisheronly: ["publisheronly", "subscriber"],
	publisher: ["publisher", "publisheronly", "subscriber"],
	moderator: ["moderator", "publisher", "publisheronly", "subscriber"],
};

/** The role of a participant: the one that is asked for, within what the token allows, or the session where the token says nothing. */
export function roleOf(
	{ roles, default_role: usual }: Pick<E2eeSessionRecord, "roles" | "default_role">,
	claimed: JoinRole | undefined,
	asked: JoinRole | null,
): Decision<JoinRole> {
	if (asked === null) return allow(claimed ?? usual);
	const allowed = claimed === undefined ? [...new Set([...roles, usual])] : UP_TO[claimed];
	return allowed.includes(asked) ? allow(asked) : refuse({ reason: "role-not-allowed", role: asked, allowed });
}
