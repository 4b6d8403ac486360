import type { Exchange } from "../../../exchange.ts";
import { changeSession } from "../../../catalog/e2ee-session-store.ts";
import type { Meeting } from "./meetings.ts";
import type { ChimeSession } from "./session-rules.ts";

/** Where the gate's signalling door is, as a client's SDK takes it: the SDK appends its query to this. */
export const signalingUrlOf = (origin: string, ticket: string): string =>
	`${origin.replace(/^http/, "ws")}/join/v1/chime/${ticket}`;

/** What stands in the place of a ticket in what the publisher's back end gets: only a join gives one. */
const NO_TICKET = "ticket-of-a-join";

/** The meeting with the gate's signalling door in the place of the service's. */
export function throughGate(meeting: Meeting, origin: string, ticket = NO_TICKET): Meeting {
	return { ...meeting, MediaPlacement: { ...meeting.MediaPlacement, SignalingUrl: signalingUrlOf(origin, ticket) } };
}

/** The service's ids are UUIDs; the record holds nothing else. */
const MEETING_ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/**
 * Writes a session's meeting into its record, and the TenantIds that the meeting has where the record has none: the signalling door judges
 * by those. Where KV does not take it, joins find the meeting again by its ClientRequestToken.
 */
export async function rememberMeeting(exchange: Exchange, session: ChimeSession, meeting: Meeting): Promise<void> {
	if (meeting.MeetingId === session.chime.meeting_id || !MEETING_ID.test(meeting.MeetingId)) return;
	const tenants = meeting.TenantIds ?? [];
	await change(exchange, session, (chime) => ({
		...chime,
		meeting_id: meeting.MeetingId,
		tenant_ids: chime.tenant_ids.length > 0 ? chime.tenant_ids : tenants,
	}));
}

/** After the publisher ended the meeting: the next join begins another. */
export async function forgetMeeting(exchange: Exchange, session: ChimeSession): Promise<void> {
	await change(exchange, session, (chime) => ({ ...chime, meeting_id: null }));
}

type Chime = ChimeSession["chime"];

async function change(
	{ gate, nowMs }: Exchange,
	{ account_id: account, id }: ChimeSession,
	ofChime: (chime: Chime) => Chime,
): Promise<void> {
	const fault = (message: string): void =>
		gate.ports.log({ event: "fault", where: "chime-meeting", account, session: id, message });
	try {
		const changed = await changeSession(gate, { account, id, nowMs }, (record) =>
			record.chime ? { ...record, chime: ofChime(record.chime) } : record,
		);
		if (changed && !changed.ok) fault(changed.issues.join("; "));
	} catch (error) {
		fault(String(error));
	}
}
