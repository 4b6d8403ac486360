import type { SoraRefusal } from "./sora-refusals.ts";
import { type Rows, denied } from "./wire-row.ts";

/** How the refusals of the doors to Sora look on the wire. Its clients get the reason alone, in the close of their connection. */
export const soraRows: Rows<SoraRefusal["reason"]> = {
	"sora-e2ee-required": {
		...denied("E2EE_REQUIRED"),
		message: () => "The session is end-to-end encrypted: connect with the option e2ee set to true.",
	},
	"lobby-waiting": {
		...denied("LOBBY_WAITING"),
		message: () => "You are in the lobby. Connect again when a moderator has let you in.",
	},
	"webhook-caller-refused": {
		status: 401,
		code: "UNAUTHORIZED",
		subcode: "WEBHOOK_CALLER",
		message: ({ detail }) => `The webhook is for the account's Sora only: ${detail}.`,
	},
};
