import type { JoinRole, ProviderName, SessionStatus } from "../../catalog/e2ee-session-record.ts";
import type { Decision } from "../../decision/decision.ts";

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
	/** What the provider needs to remember of this participant (AttendeeId, connection id, fingerprints); at most 4 KiB of JSON. */
	readonly provider: Readonly<Record<string, unknown>>;
}

/** What of the session's record the room judges by; carried by each call, so that the room keeps no copy that grows old. */
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
}

export type RoomAnswer<T> = Decision<T>;
