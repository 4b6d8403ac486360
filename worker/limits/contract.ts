import type { Decision } from "../decision/decision.ts";
import type { DeviceOwner } from "./device-contract.ts";
import type { LeaseAsk } from "./leases/contract.ts";

// Shapes that cross RPC between a Worker and the limits object, as JSON text: the structured clone of an object with so many members
// costs a fifth of the whole decision. During a deploy the two may be one version apart in either direction: add optional
// members, never change or remove one in the same release that stops sending it.

/**
 * What a request asks of the viewer's limits. Times are milliseconds since the epoch unless the name says seconds.
 */
export interface AdmitRequest {
	/** Idempotency key: a call that is retried with it spends nothing twice. */
	readonly id: string;
	/**
	 * `start`: multivariant manifest or first licence. `renew`: anything under a grant. `reload`: a live media playlist that is loaded
	 * again and again with the token itself: a start, except for a session that was ended and never went silent since.
	 */
	readonly intent: "start" | "renew" | "reload";
	/** True for a request that `maxu` counts. */
	readonly use: boolean;
	/** The id is that of a question, which several may ask at once: they spend one use together, and none of them alone gives it back. */
	readonly shared?: true;
	readonly counting: "requests" | "playbacks";
	/** Judges and answers, and writes nothing (HEAD, explain). */
	readonly dryRun: boolean;
	/** `id`: SHA-256 of the token's signing input. `expiresAt`: when the token's rows may be forgotten. */
	readonly token: { readonly id: string; readonly expiresAt: number };
	readonly limits: Limits;
	readonly client: Client;
	/** Null when nothing of the token needs sessions. */
	readonly session: SessionAsk | null;
	/** Asks for `Admission.alive`. */
	readonly countAlive?: boolean;
	/** Whose a device is that this request may register; absent where no list is to name it. */
	readonly owner?: DeviceOwner;
	/** What `maxip` counts (setting `ip_counting`); absent: distinct addresses. */
	readonly ipCounting?: "sessions";
	/** Address to which the grant of this request was given, where it is used with the same User-Agent. */
	readonly grantedTo?: string;
	/** Asks for `conflicts` in refusals for want of a stream. */
	readonly listConflicts?: true;
	/** Key of a session of the viewer that is to end if this request starts one. Not with `renew`. */
	readonly endSession?: string;
	/** For a shard of a hot token; absent for the object that holds the limits alone. */
	readonly lease?: LeaseAsk;
}

export interface Limits {
	readonly maxip?: number;
	readonly maxu?: number;
	readonly climit?: number;
	readonly cbeh?: "BLOCK_NEW" | "BLOCK_NEW_USER";
	readonly dlimit?: number;
}

export interface Client {
	/** Normalised: IPv4, or the /64 of an IPv6 address. */
	readonly address: string;
	readonly userAgent: string;
	readonly device: string;
}

export interface SessionAsk {
	/** Session that the grant names, or that the request's own facts make. */
	readonly key: string;
	/** Session that the request's own facts make; differs from `key` when a grant has moved to another client. */
	readonly ownKey: string;
	/** Start of the session that the grant names; absent for a token. */
	readonly startedAt?: number;
	readonly video: string;
	readonly ttlSeconds: number;
	/** What is seen again within this is not noted again, which is a row written; always noted when it is not given. */
	readonly noteAfterMs?: number;
}

/** What the isolate needs to remember the admission. */
export interface Admission {
	/** The session that was admitted: goes into the grant. Null when none is kept. */
	readonly session: { readonly key: string; readonly startedAt: number } | null;
	/** Keys of sessions that were ended to make room, or as the viewer asked: isolates forget them at once. */
	readonly ended: readonly string[];
	/** Sessions of the viewer alive after this decision, when that was asked for. */
	readonly alive?: number;
	/** True when the token's addresses are not just one more: what was refused or admitted at another may have changed. */
	readonly relocated?: boolean;
	/** Let through because no object could be asked (`when_counters_fail`): no object answers so. */
	readonly uncounted?: true;
}

/** `final`: no request that spends a use of this token will ever be admitted. */
export type AdmitAnswer = Decision<Admission> & { readonly final?: true };

/** Takes back the use that an admitted request spent: nothing came of it. `id` and `token` are those of its `AdmitRequest`. */
export interface RefundRequest {
	readonly id: string;
	readonly token: string;
}

/** An `AdmitRequest` or `AdmitAnswer` on its way; both ends are this Worker, so nothing is validated again. */
export type Wired<T> = string & { readonly wired?: T };

export function wire<T>(value: T): Wired<T> {
	return JSON.stringify(value);
}

export function unwire<T>(text: Wired<T>): T {
	return JSON.parse(text) as T;
}

/** Several of them as one text, a line each: JSON has no bare line break. */
export function joined<T>(all: readonly Wired<T>[]): Wired<T> {
	return all.join("\n");
}

export function parted<T>(text: Wired<T>): Wired<T>[] {
	return text.split("\n");
}

/** A session as the management API lists it. */
export interface LiveSession {
	readonly key: string;
	readonly video: string;
	readonly address: string;
	readonly device: string;
	readonly userAgent: string;
	readonly startedAt: number;
	readonly seenAt: number;
	/** Null while it is alive. */
	readonly endedBy: EndedBy | null;
}

/** `player`: its own; `viewer`: by starting another with `end_session`. */
export type EndedBy = "limit" | "player" | "operator" | "viewer";
