import type { CredentialRefusal } from "./refusals.ts";
import { type Rows, denied, utc } from "./wire-row.ts";

const unauthorized = { status: 401, code: "UNAUTHORIZED", subcode: "UNAUTHORIZED" } as const;

/** How the refusals of management credentials look on the wire. */
export const credentialRows: Rows<CredentialRefusal["reason"]> = {
	"credentials-required": {
		...unauthorized,
		message: () => "Management needs a credential: Authorization: Bearer <token>.",
	},
	"credentials-invalid": {
		...unauthorized,
		message: ({ expiredAt }) =>
			expiredAt === undefined
				? "The management credential is not valid."
				: `The management token expired at ${utc(expiredAt)}. Make a new one.`,
	},
	"credentials-throttled": {
		status: 429,
		code: "TOO_MANY_REQUESTS",
		subcode: "TOO_MANY_REQUESTS",
		message: ({ retryAfterSeconds }) =>
			`Too many wrong management credentials came from this address. Try again in ${retryAfterSeconds} s.`,
	},
	"credentials-unavailable": {
		status: 503,
		code: "SERVICE_UNAVAILABLE",
		subcode: "SERVICE_UNAVAILABLE",
		message: () => "The management credential cannot be judged right now. Try again shortly.",
	},
	"scope-missing": {
		...denied("SCOPE_MISSING"),
		message: ({ scope }) => `The management credential lacks the scope ${scope}.`,
	},
	"cross-site-request": {
		...denied("CROSS_SITE_REQUEST"),
		message: () => "A page of another site may not change anything with a login of Cloudflare Access.",
	},
};
