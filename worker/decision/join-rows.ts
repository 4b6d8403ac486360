import type { JoinRefusal } from "./join-refusals.ts";
import { type Rows, badRequest, denied, notFound, serverError, utc } from "./wire-row.ts";

const ticketProblem = (subcode: string) => ({ status: 401, code: "INVALID_TICKET", subcode });

/** How the refusals of the join gate look on the wire; `tells` are the members that a problem has of its own. */
export const joinRows: Rows<JoinRefusal["reason"]> = {
	"e2ee-session-not-found": {
		...notFound("E2EE_SESSION_NOT_FOUND"),
		message: () => "There is no such session in the account.",
	},
	"e2ee-session-not-started": {
		...denied("E2EE_SESSION_NOT_STARTED"),
		message: ({ startsAt }) => `The session can be joined from ${utc(startsAt)}.`,
		tells: ({ startsAt }) => ({ starts_at: startsAt }),
	},
	"e2ee-session-ended": {
		...denied("E2EE_SESSION_ENDED"),
		message: ({ endedAt }) => (endedAt === null ? "The session was ended." : `The session ended at ${utc(endedAt)}.`),
		tells: ({ endedAt }) => ({ ended_at: endedAt }),
	},
	"e2ee-session-locked": {
		...denied("E2EE_SESSION_LOCKED"),
		message: () => "The session is locked: nobody else may join it now.",
	},
	"e2ee-session-full": {
		...denied("E2EE_SESSION_FULL"),
		message: ({ limit }) => `The session already has ${limit} participant(s), as many as it allows.`,
		tells: ({ limit }) => ({ limit }),
	},
	"join-url-missing": {
		...notFound("RESOURCE_NOT_FOUND"),
		message: () => "The session has no page for browsers (join_url): join it with POST.",
	},
	"participant-banned": {
		...denied("PARTICIPANT_BANNED"),
		message: ({ until }) => `You were banned from this session${until === null ? "" : ` until ${utc(until)}`}.`,
		tells: ({ until }) => ({ until }),
	},
	"participant-present": {
		...denied("PARTICIPANT_PRESENT"),
		message: () => "Somebody with the same uid is in the session, and it takes each one once.",
	},
	"participant-not-found": {
		...notFound("PARTICIPANT_NOT_FOUND"),
		message: () => "There is no such participant in the session.",
	},
	"participant-status": {
		status: 409,
		code: "CONFLICT",
		subcode: "PARTICIPANT_STATUS",
		message: ({ status, wanted }) => `The participant is ${status}; this goes with one that is ${wanted}.`,
		tells: ({ status }) => ({ participant_status: status }),
	},
	"token-already-joined": {
		...denied("DENIED_BY_USE_LIMIT"),
		message: () => "The token has joined this session already, and each token joins it once.",
	},
	"lobby-denied": { ...denied("LOBBY_DENIED"), message: () => "A moderator did not let you in from the lobby." },
	"role-not-allowed": {
		...denied("ROLE_NOT_ALLOWED"),
		message: ({ role, allowed }) =>
			`The role ${role} is not one that you may have here${allowed.length > 0 ? `: ${allowed.join(", ")}` : ""}.`,
		tells: ({ role, allowed }) => ({ role, allowed_roles: allowed }),
	},
	"moderator-required": {
		...denied("ROLE_NOT_ALLOWED"),
		message: () => "Only a moderator of the session may do this.",
	},
	"client-too-old": {
		...denied("CLIENT_TOO_OLD"),
		message: ({ product, version, leastVersion }) =>
			version === null
				? `${product} must be ${leastVersion} or later to join an encrypted session, and the client does not say its version.`
				: `${product} ${version} is too old to join an encrypted session: it must be ${leastVersion} or later.`,
		tells: ({ product, version, leastVersion }) => ({ product, version, least_version: leastVersion }),
	},
	"client-unsupported": {
		...denied("CLIENT_UNSUPPORTED"),
		message: ({ product, detail }) => `${product} cannot join this encrypted session: ${detail}.`,
		tells: ({ product }) => ({ product }),
	},
	"encryption-secret-sent": {
		...badRequest("ENCRYPTION_SECRET_SENT"),
		message: ({ member }) =>
			`The request carries an encryption secret (${member}: ********). It belongs to the clients only: ` +
			"never send it to the gate, and use another one now.",
		tells: ({ member }) => ({ member }),
	},
	"media-type-unsupported": {
		status: 415,
		code: "BAD_REQUEST",
		subcode: "UNSUPPORTED_MEDIA_TYPE",
		message: ({ expected }) => `The Content-Type of the body must be ${expected.join(" or ")}.`,
	},
	"precondition-required": {
		status: 428,
		code: "BAD_REQUEST",
		subcode: "PRECONDITION_REQUIRED",
		message: () => "The change needs If-Match with the ETag of the session, or * for an ICE restart.",
	},
	"precondition-failed": {
		status: 412,
		code: "CONFLICT",
		subcode: "PRECONDITION_FAILED",
		message: () => "The session was restarted meanwhile: its ETag is another one than that of If-Match.",
	},
	"sdp-refused": {
		status: 422,
		code: "UNPROCESSABLE_ENTITY",
		subcode: "SDP_REFUSED",
		message: ({ rule, detail }) => `The session description is refused (${rule}): ${detail}.`,
		tells: ({ rule }) => ({ rule }),
	},
	"ticket-invalid": {
		...ticketProblem("TICKET_VALIDATION"),
		message: () => "The ticket is not valid. Join the session again.",
	},
	"ticket-used": {
		...denied("TICKET_USED"),
		message: () => "The ticket has opened a connection already. Join the session again.",
	},
	"ticket-expired": {
		...ticketProblem("TICKET_EXPIRED"),
		message: () => "The ticket was not used in time. Join the session again.",
	},
	"participant-gone": {
		status: 410,
		code: "GONE",
		subcode: "PARTICIPANT_GONE",
		message: ({ because }) => `The participant is not in the session any more (${because}).`,
		tells: ({ because }) => ({ because }),
	},
	"provider-not-configured": {
		...serverError(502, "PROVIDER_NOT_CONFIGURED"),
		message: ({ provider, detail }) => `The provider ${provider} is not set up for this: ${detail}.`,
		tells: ({ provider }) => ({ provider }),
	},
	"provider-unavailable": {
		...serverError(502, "PROVIDER_FAILURE"),
		message: ({ provider, detail }) => `The provider ${provider} failed: ${detail}.`,
		tells: ({ provider }) => ({ provider }),
	},
	"provider-timeout": {
		status: 504,
		code: "SERVER_TIMEOUT",
		subcode: "SERVER_TIMEOUT",
		message: ({ provider }) => `The provider ${provider} did not answer in time.`,
		tells: ({ provider }) => ({ provider }),
	},
	"stream-not-live": {
		status: 409,
		code: "CONFLICT",
		subcode: "STREAM_NOT_LIVE",
		message: () => "Nobody publishes to this stream yet. Try again shortly.",
	},
	"media-server-busy": {
		status: 503,
		code: "SERVICE_UNAVAILABLE",
		subcode: "SERVICE_UNAVAILABLE",
		message: () => "The media server has too much to do. Try again after Retry-After.",
	},
	"media-server-refused": {
		status: 422,
		code: "UNPROCESSABLE_ENTITY",
		subcode: "MEDIA_SERVER_REFUSED",
		message: () => "The media server does not take this description, or does not support this change of the session.",
	},
	"room-unavailable": {
		status: 503,
		code: "SERVICE_UNAVAILABLE",
		subcode: "SERVICE_UNAVAILABLE",
		message: () => "The session's room cannot be reached right now. Try again shortly.",
	},
};
