import type { JoinRole } from "../../../catalog/e2ee-session-record.ts";
import { type Decision, allow } from "../../../decision/decision.ts";
import { sha256 } from "../../../hash.ts";
import { unavailable } from "../../provider-call.ts";
import type { Participant } from "../../room/contract.ts";
import type { Attendee, Meeting, Meetings } from "./meetings.ts";
import { type ChimeSession, type MeetingRequest, meetingForSession } from "./session-rules.ts";

/** What a client joins with: the two objects that the SDK's `MeetingSessionConfiguration` takes. */
export interface Attendance {
	readonly meeting: Meeting;
	readonly attendee: Attendee;
}

/** A meeting that ends between two calls, three times in a row, is no accident. */
const MOST_MEETINGS = 3;

/**
 * The participant's attendee in the session's meeting, and that meeting. Meetings end by themselves when nobody is in them for a while:
 * then the session gets a new one. Joins at the same time get the same, for they ask with the same ClientRequestToken.
 */
export async function attend(
	meetings: Meetings,
	session: ChimeSession,
	participant: Participant,
): Promise<Decision<Attendance>> {
	const kept = await keptAttendance(meetings, participant);
	if (!kept.allowed) return kept;
	if (kept.value) return allow(kept.value);
	let ended = session.chime.meeting_id;
	for (let count = 0; count < MOST_MEETINGS; count++) {
		const meeting = await (count === 0 ? openMeeting(meetings, session) : newMeeting(meetings, session, ended));
		if (!meeting.allowed) return meeting;
		const attendee = await meetings.createAttendee(meeting.value.MeetingId, attendeeFor(participant));
		if (!attendee.allowed) return attendee;
		if (attendee.value) return allow({ meeting: meeting.value, attendee: attendee.value });
		ended = meeting.value.MeetingId;
	}
	return unavailable("chime", "its meetings end as soon as they begin");
}

/** Of a participant that renews; null when there was none, or it is gone. */
async function keptAttendance(meetings: Meetings, { provider }: Participant): Promise<Decision<Attendance | null>> {
	const { meeting_id: meetingId, attendee_id: attendeeId } = provider;
	if (typeof meetingId !== "string" || typeof attendeeId !== "string") return allow(null);
	const [meeting, attendee] = await Promise.all([meetings.get(meetingId), meetings.getAttendee(meetingId, attendeeId)]);
	if (!meeting.allowed) return meeting;
	if (!attendee.allowed) return attendee;
	return allow(meeting.value && attendee.value ? { meeting: meeting.value, attendee: attendee.value } : null);
}

/** The meeting that the record names, or one that is made. */
async function openMeeting(meetings: Meetings, session: ChimeSession): Promise<Decision<Meeting>> {
	const named = session.chime.meeting_id;
	const found = named === null ? allow(null) : await meetings.get(named);
	if (!found.allowed) return found;
	return found.value ? allow(found.value) : newMeeting(meetings, session, named);
}

/** @param ended the meeting that this one comes after */
async function newMeeting(meetings: Meetings, session: ChimeSession, ended: string | null): Promise<Decision<Meeting>> {
	const request = requestFor(session, ended);
	return request.allowed ? meetings.create(request.value) : request;
}

function requestFor(session: ChimeSession, ended: string | null): Decision<MeetingRequest> {
	const { account_id, id, chime } = session;
	const request = {
		ClientRequestToken: sha256(`chime meeting\n${account_id}\n${id}\n${ended ?? ""}`),
		MediaRegion: chime.region,
		ExternalMeetingId: externalId(id, sha256(`${account_id}\n${id}`)),
	};
	return meetingForSession(request, session);
}

function attendeeFor({ id, uid, role }: Participant): Readonly<Record<string, unknown>> {
	return { ExternalUserId: externalId(uid ?? id, id), Capabilities: CAPABILITIES[role] };
}

/** The service takes 2 to 64 characters, and keeps those that begin with "aws:" for itself (reference: rtc 3.2). */
const externalId = (id: string, instead: string): string =>
	id.length >= 2 && id.length <= 64 && !/^aws:/i.test(id) ? id : instead;

const all = (capability: string) => ({ Audio: capability, Video: capability, Content: capability });

const CAPABILITIES: Readonly<Record<JoinRole, Readonly<Record<string, string>>>> = {
	subscriber: all("Receive"),
	publisheronly: all("Send"),
	publisher: all("SendReceive"),
	moderator: all("SendReceive"),
};
