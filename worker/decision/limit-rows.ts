import type { LimitRefusal } from "./refusals.ts";
import { type Rows, denied } from "./wire-row.ts";

const ENDED_BY = { player: "its player", operator: "the publisher", viewer: "the viewer, from another one" } as const;

/** The wire form of what limits refuse. */
export const limitRows: Rows<LimitRefusal["reason"]> = {
	"ip-limit": {
		...denied("DENIED_BY_IP_LIMIT"),
		message: ({ limit }) => `The token was already used from ${limit} other address(es), as many as it allows (maxip).`,
	},
	"use-limit": {
		...denied("DENIED_BY_USE_LIMIT"),
		message: ({ limit }) => `The token was already used ${limit} time(s), as often as it allows (maxu).`,
	},
	"device-limit": {
		...denied("DENIED_BY_DEVICE_LIMITING"),
		message: ({ limit }) =>
			`The viewer already has ${limit} device(s), as many as the token allows (dlimit). Remove one first.`,
	},
	"stream-limit-create": {
		...denied("DENIED_BY_STREAM_LIMIT_CREATE"),
		message: ({ limit, active }) => `The viewer already plays ${active} stream(s); the token allows ${limit} (climit).`,
	},
	"stream-limit-renew": {
		...denied("DENIED_BY_STREAM_LIMIT_RENEW"),
		message: () => "Playback was stopped because the viewer started another stream (climit).",
	},
	"session-ended": {
		...denied("DENIED_BY_STREAM_LIMIT_RENEW"),
		message: ({ by }) => `This playback session was ended by ${ENDED_BY[by]}.`,
	},
	"end-session-not-allowed": {
		...denied("END_SESSION_NOT_ALLOWED"),
		message: ({ for: what }) =>
			what === "account"
				? "The account does not let viewers end sessions (end_session, setting viewer_may_end_sessions)."
				: "Only a token with uid can name a session to end (end_session).",
	},
	"limits-unavailable": {
		status: 503,
		code: "SERVICE_UNAVAILABLE",
		subcode: "SERVICE_UNAVAILABLE",
		message: () => "The limits of this token cannot be judged right now. Try again shortly.",
	},
};
