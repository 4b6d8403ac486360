import type { JoinRole } from "../../../catalog/e2ee-session-record.ts";
import { sha256 } from "../../../hash.ts";
import { isJsonObject, jsonOf } from "../../../token/json-object.ts";
import { type PlatformClaims, readPlatformToken, signPlatformToken } from "../../../token/platform-token.ts";
import type { Participant } from "../../room/contract.ts";
import type { Project } from "./vonage-account.ts";

/** The platform's name for each role: the same four. */
const ROLES: Readonly<Record<JoinRole, string>> = {
	subscriber: "subscriber",
	publisheronly: "publisheronly",
	publisher: "publisher",
	moderator: "moderator",
};

/** The platform takes none that lasts longer (reference: rtc 1.3). */
const MOST_SECONDS = 30 * 86_400;
const MOST_NAME = 200;

export interface ClientTokenAsk {
	readonly project: Project;
	readonly sessionId: string;
	readonly participant: Participant;
	readonly decisionId: string;
	readonly nowMs: number;
	/** Unique. */
	readonly id: string;
}

/** What a client of Vonage connects with, until its participant must go (reference: rtc 1.3). */
export function mintClientToken(ask: ClientTokenAsk): Promise<string> {
	const { project, sessionId, participant, nowMs } = ask;
	const now = Math.floor(nowMs / 1000);
	const end = Math.min(Math.floor(participant.expiresAt / 1000), now + MOST_SECONDS);
	const exp = Math.max(end, now + 1);
	const common = {
		session_id: sessionId,
		role: ROLES[participant.role],
		initial_layout_class_list: "",
		scope: SCOPE,
		connection_data: connectionData(ask),
		iat: now,
		exp,
	};
	const own =
		project.kind === "opentok"
			? { iss: project.id, ist: "project", create_time: now, expire_time: exp, nonce: ask.id }
			: { application_id: project.id, sub: "video", acl: { paths: { "/session/**": {} } }, jti: ask.id };
	return signPlatformToken({ ...own, ...common }, project.key);
}

const SCOPE = "session.connect";

/** What the others in the session see of the participant; the platform takes 1000 characters. */
function connectionData({ participant, decisionId }: ClientTokenAsk): string {
	const { id, name } = participant;
	return JSON.stringify({ participant_id: id, decision_id: decisionId, name: name?.slice(0, MOST_NAME) ?? null });
}

/** Whether a token is one that was made for this participant, in this session, with the role that it has; and is not over. */
export async function isClientToken(
	raw: string,
	{ project, sessionId, participant, nowMs }: Omit<ClientTokenAsk, "id" | "decisionId">,
): Promise<boolean> {
	const claims = await readPlatformToken(raw, project.key);
	if (!claims) return false;
	const { exp, scope, session_id: session, role } = claims;
	const own = project.kind === "opentok" ? claims["iss"] : claims["application_id"];
	return (
		own === project.id &&
		scope === SCOPE &&
		session === sessionId &&
		role === ROLES[participant.role] &&
		typeof exp === "number" &&
		exp * 1000 > nowMs &&
		participantOf(claims) === participant.id
	);
}

/** The participant whom a client's token was made for; null where `project` has not signed it. The rest is still to be judged. */
export async function participantIn(raw: string, project: Project): Promise<string | null> {
	const claims = await readPlatformToken(raw, project.key);
	const id = claims && participantOf(claims);
	return typeof id === "string" ? id : null;
}

/** What the room remembers of a client's token. */
export const printOf = (token: string): string => sha256(`vonage client token\n${token}`);

function participantOf({ connection_data: data }: PlatformClaims): unknown {
	const told = typeof data === "string" ? jsonOf(data) : null;
	return isJsonObject(told) ? told["participant_id"] : null;
}
