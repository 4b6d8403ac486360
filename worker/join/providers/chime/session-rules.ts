import type { ChimePart, E2eeSessionRecord } from "../../../catalog/e2ee-session-record.ts";
import { type Decision, allow, refuse } from "../../../decision/decision.ts";
import type { Refusal } from "../../../decision/refusals.ts";
import { sha256 } from "../../../hash.ts";
import type { OperationName } from "./operations.ts";

/** A session's record that has its Chime part. */
export type ChimeSession = E2eeSessionRecord & { readonly chime: ChimePart };

/** The service's own limit of attendees of a meeting. */
export const MOST_ATTENDEES = 250;

/** Body of CreateMeeting; named are the members that a session's record speaks to. */
export interface MeetingRequest {
	readonly [member: string]: unknown;
	readonly TenantIds?: readonly string[] | null | undefined;
	readonly MeetingFeatures?: Features | null | undefined;
}

interface Features {
	readonly [member: string]: unknown;
	readonly Attendee?: { readonly MaxCount?: number | null | undefined } | null | undefined;
}

/**
 * The request for a session's meeting as the record wants it: TenantIds and the number of attendees are filled in where the back end
 * leaves them out, and refused where it says otherwise, for the signalling gate judges by the record.
 */
export function meetingForSession(
	request: MeetingRequest,
	{ status, chime, max_participants: most }: ChimeSession,
): Decision<MeetingRequest> {
	if (status === "ended") return refuse({ reason: "e2ee-session-ended", endedAt: null });
	const { tenant_ids: tenants } = chime;
	const asked = request.TenantIds ?? [];
	if (tenants.length > 0 && asked.length > 0 && !isSameSet(tenants, asked))
		return conflict("its TenantIds are others than the record's chime.tenant_ids");
	const askedMost = request.MeetingFeatures?.Attendee?.MaxCount ?? null;
	if (most !== null && askedMost !== null && askedMost > most)
		return conflict(`MaxCount is more than the record's max_participants, ${most}`);
	return allow({
		...request,
		...(tenants.length > 0 ? { TenantIds: tenants } : {}),
		...(most === null || askedMost !== null || most > MOST_ATTENDEES
			? {}
			: { MeetingFeatures: withMost(request, most) }),
	});
}

const withMost = ({ MeetingFeatures: features }: MeetingRequest, most: number) => ({
	...features,
	Attendee: { ...features?.Attendee, MaxCount: most },
});

const isSameSet = (left: readonly string[], right: readonly string[]): boolean =>
	new Set([...left, ...right]).size === new Set(left).size && new Set(left).size === new Set(right).size;

/** What decodes media on the service's side has no place where only the participants may. */
const DECODING: ReadonlySet<OperationName> = new Set(["StartMeetingTranscription"]);

export function judgeOperation(name: OperationName): Decision {
	return DECODING.has(name) ? conflict("an end-to-end encrypted session is not transcribed") : allow();
}

const conflict = (detail: string) => refuse({ reason: "chime-session-conflict", detail });

/** What the room remembers of a JoinToken. */
export const printOf = (joinToken: string): string => sha256(`chime join token\n${joinToken}`);

export const NO_SIGNALING_URL: Refusal = {
	reason: "provider-not-configured",
	provider: "chime",
	detail: "the account has no credentials for it, and the session's record no chime.signaling_url",
};
