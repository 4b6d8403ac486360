import type { VonageRefusal } from "./vonage-refusals.ts";
import { type Rows, badRequest, denied } from "./wire-row.ts";

/** How the refusals of the doors to Vonage Video look on the wire. Its SDKs get them in the shapes that they understand. */
export const vonageRows: Rows<VonageRefusal["reason"]> = {
	"vonage-credentials-required": {
		status: 401,
		code: "UNAUTHORIZED",
		subcode: "CREDENTIALS_REQUIRED",
		message: () =>
			"The call must carry a token of the account's own Vonage credentials: X-OPENTOK-AUTH, or Authorization: Bearer.",
	},
	"vonage-credentials-invalid": {
		status: 401,
		code: "UNAUTHORIZED",
		subcode: "CREDENTIALS_INVALID",
		message: () => "The token of the call is not a valid one of the account's own Vonage credentials.",
	},
	"vonage-session-options": {
		...badRequest("SESSION_OPTIONS"),
		message: ({ detail }) => detail,
	},
	"vonage-feature-refused": {
		status: 409,
		code: "CONFLICT",
		subcode: "FEATURE_REFUSED",
		message: ({ feature }) =>
			`The session is end-to-end encrypted: ${feature} would need its media decrypted, and is not available for it.`,
		tells: ({ feature }) => ({ feature }),
	},
	"vonage-token-mismatch": {
		...denied("CLIENT_TOKEN"),
		message: () => "The token is not the one that the join gave with this proxy URL. Join the session again.",
	},
	"vonage-session-unencrypted": {
		status: 409,
		code: "CONFLICT",
		subcode: "SESSION_UNENCRYPTED",
		message: () => "The session was made without end-to-end encryption at Vonage. Make a new one through the gate.",
	},
	"vonage-encryption-missing": {
		...denied("ENCRYPTION_MISSING"),
		message: ({ what }) =>
			`The session is end-to-end encrypted, and ${what} without encryption is refused. Set the encryption secret first.`,
		tells: ({ what }) => ({ what }),
	},
	"vonage-connection-limit": {
		...denied("CONNECTION_LIMIT"),
		message: () => "The participant is connected already. Join the session again for another connection.",
	},
	"vonage-host-refused": {
		...denied("HOST"),
		message: () => "The proxy leads to the hosts of the session's own platform only.",
	},
};
