import type { Client, EndedBy } from "./contract.ts";
import type { DeviceOwner } from "./device-contract.ts";
import type { Places } from "./places.ts";

/** A session's row. It stays after the session has ended, so that grants of before stay refused. */
export interface SessionRow {
	readonly key: string;
	readonly video: string;
	/** Where the session is now, by address family: a dual-stack client is one client. */
	readonly ipv4: string | null;
	readonly ipv6: string | null;
	/** Addresses that the session has left, newest last, separated by spaces. */
	readonly left: string;
	readonly device: string;
	readonly userAgent: string;
	readonly startedAt: number;
	readonly seenAt: number;
	readonly ttlSeconds: number;
	/** Null while the session is alive or has merely lapsed. */
	readonly endedBy: EndedBy | null;
	/** Grants started at or before this are refused; null when the session was never ended. */
	readonly barredAt: number | null;
	readonly barredBy: EndedBy | null;
	/** When no grant that names the session can be valid any more. */
	readonly forgetAt: number;
}

/** The viewer's counters, as the decision sees them: synchronous, so that a batch of decisions is one transaction. */
export interface ViewerState {
	wasSpent(requestId: string, now: number): boolean;
	/** Known for as long as `like`, where that is named: also when the clock has gone back since. */
	noteSpent(requestId: string, now: number, like?: string): void;
	usesOf(tokenId: string): number;
	addUse(token: TokenRef): void;
	removeUse(tokenId: string): void;
	playbackCounted(tokenId: string, sessionKey: string, startedAt: number): boolean;
	notePlayback(tokenId: string, sessionKey: string, startedAt: number): void;
	knowsAddress(tokenId: string, address: string): boolean;
	addressesOf(tokenId: string): number;
	addAddress(token: TokenRef, address: string): void;
	/** One that was counted. */
	removeAddress(token: TokenRef, address: string): void;
	readonly places: Places;
	knowsDevice(id: string): boolean;
	deviceCount(): number;
	addDevice(client: Client, owner: DeviceOwner | undefined, now: number): void;
	/** Of the devices that were given one (Devices API), by their ids. */
	deviceNames(): ReadonlyMap<string, string>;
	session(key: string): SessionRow | null;
	/** Alive at `now`, oldest start first. */
	aliveSessions(now: number): SessionRow[];
	putSession(row: SessionRow): void;
	/** Sessions that have lapsed by `now` have lapsed for good, also when the clock goes back. */
	forgetLapsed(now: number): void;
}

export interface TokenRef {
	readonly id: string;
	readonly expiresAt: number;
}
