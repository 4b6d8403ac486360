import type { E2eeSessionRecord } from "../../../catalog/e2ee-session-record.ts";
import { type Decision, allow, refuse } from "../../../decision/decision.ts";
import type { Refusal } from "../../../decision/refusals.ts";
import type { Exchange } from "../../../exchange.ts";
import type { AdmittedJoin, JoinMaterial, JoinProvider } from "../../provider.ts";
import { attend } from "./attending.ts";
import { chimeAccess, chimeSession } from "./chime-account.ts";
import { judgeIncoming } from "./judge.ts";
import { Meetings } from "./meetings.ts";
import { rememberMeeting, signalingUrlOf, throughGate } from "./session-meeting.ts";
import { type ChimeSession, NO_SIGNALING_URL, printOf } from "./session-rules.ts";

/**
 * Amazon Chime (design 8). With credentials of the account the gate makes the session's meeting and an attendee for each participant; without,
 * it carries the signalling only, and the application's back end makes attendees itself.
 */
export const chimeProvider: JoinProvider = {
	name: "chime",
	presence: () => true,
	judge: judgeJoin,
	material: materialOf,
	eject: ejectAttendee,
};

async function judgeJoin(exchange: Exchange, record: E2eeSessionRecord): Promise<Decision> {
	const session = chimeSession(record);
	if (!session) return refuse(NO_PART);
	const network = judgeIncoming(exchange, session);
	if (!network.allowed || session.chime.signaling_url !== null) return network;
	return (await accessOf(exchange, session)) ? allow() : refuse(NO_SIGNALING_URL);
}

async function materialOf({
	exchange,
	record,
	participant,
	ticket,
	origin,
}: AdmittedJoin): Promise<Decision<JoinMaterial>> {
	const session = chimeSession(record);
	if (!session) return refuse(NO_PART);
	const url = signalingUrlOf(origin, ticket);
	const door = { url, signaling_url: url };
	const access = await accessOf(exchange, session);
	if (!access) return allow({ join: door });
	const attended = await attend(new Meetings(access.api), session, participant);
	if (!attended.allowed) return attended;
	const { meeting, attendee } = attended.value;
	await rememberMeeting(exchange, session, meeting);
	const upstream = session.chime.signaling_url ?? meeting.MediaPlacement?.SignalingUrl ?? null;
	return allow({
		join: { ...door, meeting: throughGate(meeting, origin, ticket), attendee },
		remember: {
			meeting_id: meeting.MeetingId,
			attendee_id: attendee.AttendeeId,
			join_token: printOf(attendee.JoinToken),
			signaling_url: upstream,
		},
	});
}

/** Without its attendee the JoinToken opens nothing any more, at the gate or beside it. @throws so that it is tried again */
async function ejectAttendee({ gate, account, participant }: Ejection): Promise<void> {
	const { meeting_id: meetingId, attendee_id: attendeeId } = participant.provider;
	if (typeof meetingId !== "string" || typeof attendeeId !== "string") return;
	const access = await chimeAccess(gate, account, gate.ports.now());
	if (!access) return;
	const deleted = await new Meetings(access.api).deleteAttendee(meetingId, attendeeId);
	if (!deleted.allowed) throw new Error(`the attendee of ${participant.id} was not deleted: ${deleted.refusal.reason}`);
}

type Ejection = Parameters<NonNullable<JoinProvider["eject"]>>[0];

async function accessOf({ gate, nowMs }: Exchange, { account_id: id }: ChimeSession) {
	return chimeAccess(gate, await gate.catalog.account(id, nowMs), nowMs);
}

const NO_PART: Refusal = {
	reason: "provider-not-configured",
	provider: "chime",
	detail: "the session has no chime part",
};
