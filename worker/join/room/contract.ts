import type { JoinRole, ProviderName, SessionStatus } from "../../catalog/e2ee-session-record.ts";
import type { Decision } from "../../decision/decision.ts";
import type { AdmitRequest } from "../../limits/contract.ts";
import type { RevocableFacts } from "../../revocation/snapshot.ts";

// Shapes that cross RPC between a Worker and the object of a session, as JSON text (see `wire` in limits/contract.ts). Add optional members only.

/** `waiting` in the lobby; `admitted`, the ticket not redeemed yet; `connected`; `away` within the reconnect grace; `gone`. */
export type ParticipantStatus = "waiting" | "admitted" | "connected" | "away" | "gone";

export type GoneBecause =
	| "left"
	| "kicked"
	| "banned"
	| "denied"
	| "replaced"
	| "session-ended"
	| "token-expired"
	| "token-revoked"
	| "stayed-too-long"
	| "viewer-session-ended"
	| "never-came"
	| "connection-lost";

/** One participant, as the room keeps it and the management API lists it. Times are milliseconds since the epoch. */
export interface Participant {
	/** `p_` and 22 characters of base64url. */
	readonly id: string;
	readonly name: string | null;
	readonly role: JoinRole;
	readonly status: ParticipantStatus;
	readonly uid: string | null;
	readonly tokenId: string;
	readonly device: string;
	readonly sdk: string | null;
	readonly version: string | null;
	readonly joinedAt: number;
	/** When the participant must go, whatever the cause. */
	readonly expiresAt: number;
	readonly because: GoneBecause | null;
	readonly goneAt?: number | null;
	/** What the provider needs to remember of this participant (AttendeeId, connection id, fingerprints); at most 4 KiB of JSON. */
	readonly provider: Readonly<Record<string, unknown>>;
}

/** What of the session's record the room judges by, as the caller reads it; the room keeps the latest that it was told. */
export interface RoomRules {
	readonly account: string;
	readonly session: string;
	readonly provider: ProviderName;
	readonly status: SessionStatus;
	readonly statusChangedAt: number;
	readonly maxParticipants: number | null;
	readonly lobby: boolean;
	readonly singleUse: boolean;
	readonly identity: "newest" | "refuse" | "many";
	readonly reconnectSeconds: number;
	readonly ticketSeconds: number;
	/** False where nothing tells the gate that a client is there: then a place is held until it is given back or its time is over. */
	readonly presence: boolean;
	/** When the record was written: of two readings the later one counts. Milliseconds since the epoch. */
	readonly revision?: number;
	/** End of the session, milliseconds since the epoch. */
	readonly endsAt?: number | null;
	/** False where the publisher has no webhook: then no event is written down. */
	readonly webhook?: boolean;
	/** The participants' sockets speak the protocol of the provider's rooms. */
	readonly speaks?: boolean;
}

export type RoomAnswer<T> = Decision<T>;

/** Every call of a room carries the rules as the caller read them. */
export interface RoomCall<T> {
	readonly rules: RoomRules;
	readonly ask: T;
}

/** The session of the viewer's limits that a participant is. */
export interface Hold {
	/** Name of the viewer's object. */
	readonly viewer: string;
	readonly key: string;
	readonly startedAt: number;
	/** What renews it: asked with intent "renew" and a new id each time. */
	readonly renewal: AdmitRequest;
	readonly everyMs: number;
}

export type Released = Pick<Hold, "viewer" | "key" | "startedAt">;

/** A session that nobody in the room holds any more is named, so that the caller ends it before it answers. */
export interface RoomReply<T> {
	readonly answer: Decision<T>;
	readonly released: readonly Released[];
}

export type EndCause = "token-expired" | "stayed-too-long" | "session-ended";

/** How long a participant may stay, and what a revocation may name of the token that says so. Milliseconds. */
export interface Stay {
	readonly expiresAt: number;
	readonly endsBecause: EndCause;
	readonly tokenEndsAt: number;
	readonly facts: Omit<RevocableFacts, "video">;
}

/** Somebody whom everything but the room has admitted. */
export interface JoinAsk extends Stay {
	/** Given by the caller: a call that is retried admits once. */
	readonly id: string;
	readonly name: string | null;
	readonly role: JoinRole;
	readonly uid: string | null;
	readonly tokenId: string;
	readonly device: string;
	readonly sdk: string | null;
	readonly version: string | null;
	/** What the caller's reading of the record has it come through. */
	readonly through?: ProviderName;
	readonly hold: Hold | null;
	/** Sessions of the same viewer that its start has ended. */
	readonly displaced: readonly string[];
	readonly decision: string;
}

/** Somebody who may be about to join. With an id where it is known by now: who is in by that id already may ask again. */
export type Candidate = Pick<JoinAsk, "uid" | "tokenId" | "role" | "through"> & Partial<Pick<JoinAsk, "id">>;

/** A participant, and the number of the ticket that opens its next connection. */
export interface Seated {
	readonly participant: Participant;
	readonly ticket: number;
}

export interface RenewAsk {
	readonly participant: string;
	/** Of a new token of the same identity. */
	readonly stay: (Stay & { readonly uid: string | null; readonly tokenId: string }) | null;
}

/** What opens a connection: sent with the upgrade, in the header `CALL_HEADER`. */
export interface RedeemAsk {
	readonly participant: string;
	readonly ticket: number;
	/** `once`: the ticket opens one connection. `bound`: any number of them, all by the client that came first. */
	readonly kind: "once" | "bound";
	readonly clientPrint: string;
	/** By when it has to be used first, milliseconds since the epoch. */
	readonly opensUntil: number | null;
	/** `client`: the participant's own socket. `control`: the Worker's, which tells it when the participant must go. */
	readonly socket: "client" | "control";
	/** The participant has one connection at a time: those before are closed, as replaced. */
	readonly alone?: boolean;
	/** Names this connection to the door that opens it: what the provider called those before is forgotten. */
	readonly seat?: string;
	readonly greeting: Readonly<Record<string, unknown>>;
}

export const CALL_HEADER = "Playgate-Room-Call";

/** A provider's connection looks for the place that was decided for it. */
export interface ClaimAsk {
	/** What the provider calls the connection; null as long as it has no name. */
	readonly connection: string | null;
	/** Of the ticket; null where only the token says who it is, or, where that is null as well, the connection. */
	readonly participant: string | null;
	readonly tokenId: string | null;
	/** The roles that may do what the connection asks for. */
	readonly roles: readonly JoinRole[];
	/** The connection takes the place; otherwise it is only looked for. */
	readonly here: boolean;
	/** The door's own name of the connection, where a door carries it: one that was replaced since takes nothing. */
	readonly seat?: string | null;
	readonly provider?: Readonly<Record<string, unknown>>;
	/** When the provider has told of it, by the provider's clock: its later events are compared with it. Milliseconds since the epoch. */
	readonly at?: number;
	/** The provider tells of a connection that stands: it is cut once more where its participant was put out before. */
	readonly stands?: boolean;
}

/** Connections that have ended, as their provider tells: one, or all of its session or its node that began before a moment. */
export interface DropAsk {
	readonly connection: string | null;
	readonly providerSession: ProviderSession | null;
	readonly providerNode?: { readonly name: string; readonly before: number };
	/** Those that a door carries, or has carried a moment ago, are the door's to tell. */
	readonly sparesCarried?: boolean;
	readonly because: GoneBecause;
}

interface ProviderSession {
	readonly id: string;
	/** Those that it has had, where they are told. */
	readonly connections?: readonly string[];
	/** One of which no session was told belonged to it, when it began before this moment. */
	readonly before: number;
}

export interface RoomStatus {
	readonly status: SessionStatus;
	/** Present ones first in the order in which they came, then those that are gone, the last one first. */
	readonly participants: readonly Participant[];
}

/** What a moderator or the management API may do. `tag` is the caller's own: it comes back with the outcome. */
export type Command = { readonly tag?: string } & (
	| { readonly command: "kick"; readonly participant: string; readonly banSeconds?: number; readonly why?: string }
	| { readonly command: "approve" | "deny"; readonly participant: string }
	| { readonly command: "lock" | "unlock" | "end" }
);

/** Codes with which the room closes a WebSocket of a participant that is gone; the close reason is `closeReason`. */
export const GONE_CODES: Readonly<Record<GoneBecause, number>> = {
	"token-expired": 4001,
	"token-revoked": 4002,
	kicked: 4003,
	banned: 4004,
	replaced: 4005,
	"session-ended": 4006,
	"stayed-too-long": 4007,
	"viewer-session-ended": 4008,
	denied: 4009,
	left: 4010,
	"never-came": 4011,
	"connection-lost": 4012,
};

/** Those of the room's own WebSocket beside `GONE_CODES`. */
export const CLOSE_CODES = { badMessage: 4400, ticket: 4401, tooSlow: 4408, tooLarge: 4413, tooMany: 4429 } as const;

const CAUSES: ReadonlyMap<number, GoneBecause> = new Map(
	(Object.keys(GONE_CODES) as GoneBecause[]).map((because) => [GONE_CODES[because], because]),
);

/** Why a socket was closed with this code; null where that is none of `GONE_CODES`. */
export const causeOf = (code: number): GoneBecause | null => CAUSES.get(code) ?? null;

export const closeReason = (because: GoneBecause): string => (because === "denied" ? "lobby-denied" : because);

/** Where the provider's name of a participant's connection is kept, and the door's. */
export const CONNECTION = "connection_id";
export const SEAT = "seat";

/** Name of a session's object. */
export const roomObjectName = (account: string, session: string): string => `${account}/room/${session}`;

/** The session whose object has this name. */
export const sessionOfRoom = (name: string): string => name.slice(name.lastIndexOf("/") + 1);
