import type { ChimeRefusal } from "./chime-refusals.ts";
import { type Rows, denied } from "./wire-row.ts";

/** How the refusals of the doors to Amazon Chime look on the wire. Callers of the meetings API get them in the shape of its own errors. */
export const chimeRows: Rows<ChimeRefusal["reason"]> = {
	"chime-app-key-refused": {
		...denied("APP_KEY"),
		message: ({ detail }) => `The network's header X-Amzn-Chime-App-Keys does not let this session through: ${detail}.`,
	},
	"chime-tenant-refused": {
		...denied("TENANT_ID"),
		message: ({ detail }) => `The network's header X-Amzn-Chime-Tenants does not let this session through: ${detail}.`,
	},
	"chime-attendee-mismatch": {
		...denied("ATTENDEE"),
		message: () => "The JoinToken is not that of the attendee that this ticket was given with.",
	},
	"chime-token-refused": {
		...denied("JOIN_TOKEN"),
		message: () => "Amazon Chime does not take the JoinToken. Join the session again.",
	},
	"chime-session-conflict": {
		status: 409,
		code: "CONFLICT",
		subcode: "SESSION_CONFLICT",
		message: ({ detail }) => `The session's record does not go with this: ${detail}.`,
	},
	"aws-signature-required": {
		status: 401,
		code: "UNAUTHORIZED",
		subcode: "SIGNATURE_REQUIRED",
		message: () => "The call must be signed (AWS Signature Version 4) with the account's own credentials for chime.",
	},
	"aws-signature-invalid": {
		...denied("SIGNATURE_INVALID"),
		message: ({ detail }) => `The signature of the call is not valid: ${detail}.`,
	},
	"aws-clock-skewed": {
		...denied("CLOCK_SKEWED"),
		message: ({ mostSeconds }) => `The call was signed more than ${mostSeconds} s before or after now.`,
	},
};
