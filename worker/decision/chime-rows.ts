import type { ChimeRefusal } from "./refusals.ts";
import { type Rows, denied } from "./wire-row.ts";

/** How the refusals of the door to Amazon Chime look on the wire. */
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
};
