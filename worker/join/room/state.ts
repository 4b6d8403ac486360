import type { ProviderName, SessionStatus } from "../../catalog/e2ee-session-record.ts";
import type { EndCause, GoneBecause, Hold, Participant, Stay } from "./contract.ts";

/** A participant with what nobody outside of the room sees. Milliseconds throughout. */
export interface Member extends Participant {
	/** What it came through, and is put out by: the session may have moved to another provider since. */
	readonly through?: ProviderName;
	/** Order in which they came. */
	readonly seq: number;
	readonly goneAt: number | null;
	readonly endsBecause: EndCause;
	readonly tokenEndsAt: number;
	readonly facts: Stay["facts"];
	readonly hold: Hold | null;
	/** When one who has not come, or has not come back, loses the place. */
	readonly deadline: number | null;
	/** Tickets are numbered; one opens a connection when no later one has. */
	readonly ticketsGiven: number;
	readonly ticketUsed: number;
	/** Client that a `bound` ticket was redeemed by. */
	readonly ticketPrint: string | null;
	/** What says that the participant is there: its sockets, or its provider; null before it came. */
	readonly via: "socket" | "provider" | null;
	readonly kept: Readonly<Record<string, unknown>>;
}

/** Whom the room does not let in: by name, or by token where it has none. */
export interface Ban {
	readonly kind: "uid" | "token";
	readonly value: string;
	readonly until: number;
	readonly why: string | null;
}

export interface OwnStatus {
	readonly status: SessionStatus;
	readonly changedAt: number;
}

/** What the rules of the room see: synchronous, so that a call is one transaction. */
export interface RoomState {
	/** Set in the room itself; null when only the record says. */
	readonly ownStatus: OwnStatus | null;
	/** Everybody who is not gone, in the order in which they came. */
	readonly members: ReadonlyMap<string, Member>;
	/** One that is gone, as long as it is kept. */
	gone(id: string): Member | null;
	ban(kind: Ban["kind"], value: string, now: number): Ban | null;
	/** Whether the token has joined a session that takes each token once. */
	hasJoined(tokenId: string): boolean;
	/** Whether the connection of this name is over: the provider has told so, or its participant was put out. */
	hasEnded(connection: string): boolean;
}

/** What a decision changes. */
export interface Plan {
	readonly put?: readonly Member[];
	readonly gone?: readonly { readonly member: Member; readonly because: GoneBecause }[];
	readonly status?: OwnStatus;
	readonly ban?: Ban;
	/** A token that joins no second time, until it ends. */
	readonly spend?: { readonly token: string; readonly until: number };
	/** A token that may join after all: nothing came of it. */
	readonly unspend?: string;
	/** The provider's names of connections that are over: what is still told of them comes late. */
	readonly ended?: readonly string[];
}

/** What a rule answers and what it changes. */
export interface Planned<T> {
	readonly value: T;
	readonly plan: Plan;
}
