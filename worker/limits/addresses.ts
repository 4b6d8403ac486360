import { type Decision, allow, refuse } from "../decision/decision.ts";
import type { AdmitRequest } from "./contract.ts";
import type { SessionRow, TokenRef, ViewerState } from "./state.ts";
import {
	MOST_LEFT_ADDRESSES,
	currentAddress,
	isAlive,
	isAt,
	isIpv6,
	leftAddresses,
	otherAddress,
	sessionKey,
} from "./whereabouts.ts";

/** What admitting a request would change of the addresses that its token has used. */
export interface AddressPlan {
	/** An address of the place that is given up, with its count; null for none. */
	readonly left: string | null;
	/** The counted address that the request's own is the other family of; null for none. */
	readonly partner: string | null;
	/** Whether the request's own address is counted from now on. */
	readonly counts: boolean;
}

const NOTHING_NEW: AddressPlan = { left: null, partner: null, counts: false };

/**
 * Judges `maxip`: never more than that many places (see `Places`) at once. A new address needs no count of its own where a grant proves that it
 * is the other family of a counted one that has none yet, and where `ipCounting` is `sessions` it takes the count of the place that the
 * session of the grant leaves, if none of the token's other sessions is there.
 */
export function judgeAddress(state: ViewerState, request: AdmitRequest, now: number): Decision<AddressPlan> {
	const { token, client, ipCounting } = request;
	const { maxip } = request.limits;
	if (maxip === undefined) return allow(NOTHING_NEW);
	const known = knows(state, token, client.address);
	if (known && ipCounting !== "sessions") return allow(NOTHING_NEW);
	const session = provenSession(state, request, now);
	const left = ipCounting === "sessions" && session ? placeLeft(state, request, session, now) : null;
	if (known) return allow({ ...NOTHING_NEW, left });
	const partner = left === null ? freePartner(state, request, session) : null;
	if (partner !== null) return allow({ ...NOTHING_NEW, partner });
	const counted = state.addressesOf(token.id) - (left === null ? 0 : 1);
	return counted < maxip ? allow({ left, partner: null, counts: true }) : refuse({ reason: "ip-limit", limit: maxip });
}

/** `session` is the one that was admitted with the request. */
export function writeAddress(
	state: ViewerState,
	{ token, client, limits, ipCounting }: AdmitRequest,
	plan: AddressPlan,
	session: SessionRow | null,
): void {
	if (plan.left !== null) giveUp(state, token, plan.left);
	if (plan.partner !== null) state.places.pair(token.id, plan.partner, client.address);
	if (plan.counts) state.addAddress(token, client.address);
	const holds = ipCounting === "sessions" && limits.maxip !== undefined && session !== null;
	if (holds && !state.places.isHolder(token.id, session.key)) state.places.noteHolder(token.id, session.key);
}

function giveUp(state: ViewerState, token: TokenRef, address: string): void {
	const partner = state.places.partnerOf(token.id, address);
	if (partner !== null) state.places.unpair(token.id, address, partner);
	const counted = state.knowsAddress(token.id, address) ? address : partner;
	if (counted !== null) state.removeAddress(token, counted);
}

function knows(state: ViewerState, token: TokenRef, address: string): boolean {
	return state.knowsAddress(token.id, address) || state.places.partnerOf(token.id, address) !== null;
}

/**
 * The session whose grant the request comes with, if it is still good for it and its client is the session's own. Where addresses are
 * counted by session, one that has lapsed is nowhere: it may go on wherever its client is.
 */
function provenSession(state: ViewerState, request: AdmitRequest, now: number): SessionRow | null {
	const { session: ask, client, token, ipCounting } = request;
	if (ask?.startedAt === undefined || sessionKey(state, ask, client, now) !== ask.key) return null;
	const row = state.session(ask.key);
	if (!row || row.endedBy !== null || (row.barredAt !== null && ask.startedAt <= row.barredAt)) return null;
	if (isAlive(row, now)) return isAt(row, client) ? row : null;
	const isKept = ipCounting === "sessions" && state.places.isHolder(token.id, row.key);
	return isKept && row.userAgent === client.userAgent ? row : null;
}

/**
 * The address that the session leaves by coming from this one, where nobody else is left there. Not for a session that has moved so often that
 * what it left is no longer remembered: who shares a grant could then take turns.
 */
function placeLeft(state: ViewerState, { token, client }: AdmitRequest, row: SessionRow, now: number): string | null {
	const before = currentAddress(row, client.address);
	if (before === null || before === client.address || !knows(state, token, before)) return null;
	if (isAlive(row, now) && leftAddresses(row).length >= MOST_LEFT_ADDRESSES) return null;
	const place = [before, state.places.partnerOf(token.id, before)];
	const isThere = ({ ipv4, ipv6 }: SessionRow) =>
		(ipv4 !== null && place.includes(ipv4)) || (ipv6 !== null && place.includes(ipv6));
	const others = state.aliveSessions(now).filter((other) => other.key !== row.key && isThere(other));
	return others.some((other) => state.places.isHolder(token.id, other.key)) ? null : before;
}

/** Where the session is in the other family, or where its grant was given, as long as that is a place of one address only. */
function freePartner(state: ViewerState, request: AdmitRequest, session: SessionRow | null): string | null {
	const { token, client, grantedTo } = request;
	const homes = [session && otherAddress(session, client.address), grantedTo ?? null];
	const isFree = (home: string | null): home is string =>
		home !== null &&
		isIpv6(home) !== isIpv6(client.address) &&
		state.knowsAddress(token.id, home) &&
		state.places.partnerOf(token.id, home) === null;
	return homes.find(isFree) ?? null;
}
