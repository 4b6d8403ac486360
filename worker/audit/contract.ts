import type { Refusal } from "../decision/refusals.ts";

/**
 * What is kept of a decision, in the order of the report's columns. A stored row is an array in this order: during a deploy the Worker
 * and the object may be one version apart, and rows live for 30 days, so add columns at the end only and never take one out.
 */
export const COLUMNS = [
	"time",
	"decision_id",
	"allowed",
	"status",
	"reason",
	"detail",
	"method",
	"path",
	"video_id",
	"token_id",
	"key_id",
	"uid",
	"country",
	"asn",
	"address",
	"user_agent",
] as const;

export type Column = (typeof COLUMNS)[number];
export type Cell = string | number | boolean | null;
export type Row = readonly Cell[];

/** A decision as it was made; what is kept of it is taken when it is written. */
export interface AuditedDecision {
	/** Milliseconds since the epoch. */
	readonly atMs: number;
	readonly decisionId: string;
	readonly status: number;
	/** The internal one; absent when allowed. */
	readonly refusal: Refusal | undefined;
	/** True when the limits could not be asked, and it was allowed all the same. */
	readonly uncounted?: boolean;
	readonly method: string;
	/** As it was sent: may hold a grant or a token. */
	readonly path: string;
	readonly video: string | undefined;
	readonly tokenId: string | undefined;
	readonly keyId: string | undefined;
	readonly uid: string | undefined;
	/** IPv4, or the /64 of an IPv6 address; null or a word where there is none. */
	readonly address: string | null;
	readonly userAgent: string;
	/** As the platform, or a trusted proxy, tells them: of any type. */
	readonly country: unknown;
	readonly asn: unknown;
}

/** Decisions that are written together: one transaction. */
export interface Batch {
	/** Idempotency key: a batch that is sent again with it is written once. */
	readonly id: string;
	/** Each the JSON text of rows; a row of the table each. */
	readonly texts: readonly string[];
	/** When the day is forgotten, milliseconds since the epoch. */
	readonly forgetAtMs: number;
	/** True when it may have been written already. */
	readonly again: boolean;
}

/** A part of a snapshot. */
export interface Page {
	/** Each the JSON text of rows. */
	readonly texts: readonly string[];
	/** Where the next page begins. */
	readonly after: number;
	readonly done: boolean;
}

/** Where a decision stands among those of its day. */
export interface Position {
	readonly seq: number;
	readonly index: number;
}

/** Which decisions, newest first. */
export interface Wanted {
	/** Columns that must have exactly this value. */
	readonly equal: Readonly<Partial<Record<Column, Cell>>>;
	/** Only what stands before this; null begins with the newest. */
	readonly before: Position | null;
	readonly limit: number;
}

export interface Found {
	/** JSON text of rows. */
	readonly text: string;
	/** Where to go on; null when there is nothing more. A page may hold fewer than were wanted and still have one. */
	readonly next: Position | null;
}
