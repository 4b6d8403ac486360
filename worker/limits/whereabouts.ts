import type { Client, SessionAsk } from "./contract.ts";
import { knownSession } from "./forgetting.ts";
import type { SessionRow, ViewerState } from "./state.ts";

/** Addresses that a session has left and that are remembered. */
export const MOST_LEFT_ADDRESSES = 16;

export const isIpv6 = (address: string): boolean => address.includes(":");

/** Where the session is, in the family of the address `like`. */
export const currentAddress = (row: SessionRow, like: string): string | null => (isIpv6(like) ? row.ipv6 : row.ipv4);

/** Where the session is in the other family. */
export const otherAddress = (row: SessionRow, than: string): string | null => (isIpv6(than) ? row.ipv4 : row.ipv6);

export const leftAddresses = (row: SessionRow): readonly string[] => row.left.split(" ").filter(Boolean);

export const isAlive = (row: SessionRow, now: number): boolean =>
	row.endedBy === null && row.seenAt + row.ttlSeconds * 1000 > now;

/** Whether nobody ended the session and it is not alive. */
export const hasLapsed = (row: SessionRow, now: number): boolean => row.endedBy === null && !isAlive(row, now);

/**
 * The session that a request belongs to. A grant proves its session wherever it is used, or one grant shared by many would be one
 * viewer: see `isAt`. One that has lapsed starts again wherever its grant is used, unless the client plays as a session of its own.
 */
export function sessionKey(state: ViewerState, ask: SessionAsk, client: Client, now: number): string {
	if (ask.key === ask.ownKey) return ask.key;
	const row = knownSession(state, ask.key, now);
	if (row && !hasLapsed(row, now)) return isAt(row, client) ? ask.key : ask.ownKey;
	const own = state.session(ask.ownKey);
	return own && isAlive(own, now) ? ask.ownKey : ask.key;
}

/**
 * Whether a client that comes with a session's grant is that session. It may move to a new address (a phone that changes networks) and may
 * use an IPv4 and an IPv6 address at once; but a client with another address and User-Agent, or at an address that the session has
 * left, is a session of its own.
 */
export function isAt(row: SessionRow, client: Client): boolean {
	if (currentAddress(row, client.address) === client.address) return true;
	return row.userAgent === client.userAgent && !leftAddresses(row).includes(client.address);
}
