import type { JoinRole, SessionStatus } from "../../catalog/e2ee-session-record.ts";
import type { Refusal } from "../../decision/refusals.ts";
import type { Command, GoneBecause } from "./contract.ts";

export type { Command } from "./contract.ts";

/**
 * What the participants of a room say to each other over their WebSockets, as pure functions: what the room is, who speaks, what was said,
 * and then what shall happen. The room (`SessionRoom`) carries the effects out in their order. It alone does heartbeat (text "ping" is
 * answered "pong" and never comes here), sizes, rates and backpressure, and it stores what is kept before anything is sent.
 */
export interface RoomProtocol {
	/** A socket is open, of a participant who waits or is in; `welcome.resumed` when the participant had one before. */
	connected(view: RoomView, seat: Seat, welcome: Welcome): readonly Effect[];
	/** One text message, at most 64 KiB; from waiting ones too. */
	message(view: RoomView, seat: Seat, text: string): readonly Effect[];
	/** The seat was approved in the lobby; called only where its socket is open. */
	admitted(view: RoomView, seat: Seat): readonly Effect[];
	/** Somebody lost the connection and keeps the place for `reconnect_seconds`. */
	away?(view: RoomView, seat: Seat): readonly Effect[];
	/** Somebody is out for good; `view` is without the seat, whose sockets the room closes by itself. */
	left(view: RoomView, seat: Seat, because: GoneBecause): readonly Effect[];
	/** The seat's end was moved (`expiresAt`) by a new token. */
	renewed?(view: RoomView, seat: Seat): readonly Effect[];
	/** The session was locked or unlocked. */
	statusChanged?(view: RoomView): readonly Effect[];
	/** How a command of this seat ended; null: done. */
	answered(view: RoomView, seat: Seat, command: Command, refusal: Refusal | null): readonly Effect[];
}

/** Who is in the room or waits. Times are milliseconds since the epoch. */
export interface RoomView {
	readonly account: string;
	readonly session: string;
	/** As it counts now: the room's own or the record's, whichever is later. */
	readonly status: SessionStatus;
	readonly now: number;
	/** Everybody who is not gone, by id, in the order in which they came. */
	readonly seats: ReadonlyMap<string, Seat>;
}

export interface Seat {
	readonly id: string;
	readonly name: string | null;
	readonly role: JoinRole;
	/** `waiting`: in the lobby, neither hears nor is heard. `admitted`: not come yet. `away`: within the reconnect grace. */
	readonly status: "waiting" | "admitted" | "connected" | "away";
	readonly uid: string | null;
	readonly joinedAt: number;
	readonly expiresAt: number;
	/** What the protocol kept of it (`keep`); an empty object at first. Survives hibernation and restarts, not the participant's going. */
	readonly kept: Readonly<Record<string, unknown>>;
}

export interface Welcome {
	/** Opens the next connection of this participant, once. */
	readonly ticket: string;
	/** How often the client shall send the text "ping". A client that is silent for three times as long is taken for lost. */
	readonly heartbeatSeconds: number;
	/** The participant had a connection before. */
	readonly resumed: boolean;
	/** What `JoinProvider.greet` gave for this connection: ICE servers, E2EE requirements. */
	readonly greeting: Readonly<Record<string, unknown>>;
}

export type Effect =
	/** `message` is sent as JSON; nothing happens when `to` has no open socket. */
	| { readonly effect: "send"; readonly to: string; readonly message: Readonly<Record<string, unknown>> }
	/** Replaces what is kept of a participant; at most 32 KiB of JSON, else the message that made it is refused with 4413. */
	| { readonly effect: "keep"; readonly participant: string; readonly kept: Readonly<Record<string, unknown>> }
	/** Closes the participant's socket; the place stays for the reconnect grace. Codes 4400 and up. */
	| { readonly effect: "close"; readonly participant: string; readonly code: number; readonly why: string }
	/** By the seat that spoke: `answered` is called with the outcome. `tag` is handed back within the command. */
	| { readonly effect: "command"; readonly command: Command }
	/** The seat that spoke goes for good (`left`). */
	| { readonly effect: "leave" };

/** Longest message, in UTF-8 bytes. */
export const MOST_MESSAGE_BYTES = 65_536;
/** Longest JSON of what is kept of one participant, in UTF-16 units. */
export const MOST_KEPT_CHARACTERS = 32_768;
