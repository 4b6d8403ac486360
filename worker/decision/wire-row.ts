import type { Reason, Refusal } from "./refusals.ts";

/** A member without `code` is a token problem: 401 and the code of the dialect. */
export interface Row<R extends Refusal> {
	readonly status?: number;
	readonly code?: string;
	readonly subcode: string | ((refusal: R) => string);
	/** Public name where the internal one would tell an attacker which part of the check failed. */
	readonly publicReason?: string;
	readonly message: (refusal: R) => string;
	/** What of the data an answer names beside the message, in the dialect of problems. */
	readonly tells?: (refusal: R) => Readonly<Record<string, unknown>>;
}

/** A row for each of some reasons. */
export type Rows<R extends Reason> = { readonly [K in R]: Row<Extract<Refusal, { reason: K }>> };

export const denied = (subcode: string) => ({ status: 403, code: "ACCESS_DENIED", subcode });
export const badRequest = (subcode: string) => ({ status: 400, code: "BAD_REQUEST", subcode });
export const notFound = (subcode: string) => ({ status: 404, code: "NOT_FOUND", subcode });
export const serverError = (status: number, subcode: string) => ({ status, code: "SERVER_ERROR", subcode });
export const utc = (seconds: number): string => new Date(seconds * 1000).toISOString();
