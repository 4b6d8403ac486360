import type { SessionStatus } from "../../catalog/e2ee-session-record.ts";
import { type Decision, allow, refuse } from "../../decision/decision.ts";
import {
	CONNECTION,
	type Candidate,
	type GoneBecause,
	type JoinAsk,
	type RedeemAsk,
	type RenewAsk,
	type RoomRules,
	SEAT,
	type Seated,
} from "./contract.ts";
import type { Ban, Member, Plan, Planned, RoomState } from "./state.ts";

/** Where no number is given: what one object can hold open. */
const MOST_ADMITTED = 10_000;
const MOST_WAITING = 500;
/** How long one keeps a place in the lobby without asking or being connected. */
const LOBBY_MS = 5 * 60_000;

/** The record's status or the room's own, whichever is later. */
export function statusOf(state: Pick<RoomState, "ownStatus">, rules: RoomRules): SessionStatus {
	const { ownStatus } = state;
	return ownStatus !== null && ownStatus.changedAt > rules.statusChangedAt ? ownStatus.status : rules.status;
}

/** What a join would come to; nobody is let in yet. */
export function judgeJoin(
	state: RoomState,
	rules: RoomRules,
	who: Candidate,
	now: number,
): Decision<{ readonly waits: boolean; readonly replaced: readonly Member[] }> {
	const known = state.members.get(who.id ?? "");
	if (known) return allow({ waits: known.status === "waiting", replaced: [] });
	// An isolate that still has the record of before would send people where the others are no longer.
	if (who.through !== undefined && who.through !== rules.provider) return refuse({ reason: "room-unavailable" });
	const status = statusOf(state, rules);
	if (status === "ended") return refuse({ reason: "e2ee-session-ended", endedAt: null });
	if (status === "locked") return refuse({ reason: "e2ee-session-locked" });
	const ban = banOf(state, who, now);
	if (ban) return refuse({ reason: "participant-banned", until: Math.ceil(ban.until / 1000) });
	if (rules.singleUse && state.hasJoined(who.tokenId)) return refuse({ reason: "token-already-joined" });
	const same = who.uid === null || rules.identity === "many" ? [] : membersOf(state, who.uid);
	if (same.length > 0 && rules.identity === "refuse") return refuse({ reason: "participant-present" });
	// Who was approved and comes again does not wait again.
	const waits = rules.lobby && who.role !== "moderator" && !same.some((member) => member.status !== "waiting");
	const others = [...state.members.values()].filter((member) => !same.includes(member));
	const room = waits ? judgeLobby(others) : judgePlaces(others, rules);
	return room.allowed ? allow({ waits, replaced: same }) : room;
}

function banOf(state: RoomState, { uid, tokenId }: Candidate, now: number): Ban | null {
	return (uid === null ? null : state.ban("uid", uid, now)) ?? state.ban("token", tokenId, now);
}

const membersOf = (state: RoomState, uid: string): Member[] =>
	[...state.members.values()].filter((member) => member.uid === uid);

export function judgePlaces(others: readonly Member[], rules: RoomRules): Decision {
	const limit = rules.maxParticipants ?? MOST_ADMITTED;
	const admitted = others.filter((member) => member.status !== "waiting").length;
	return admitted < limit ? allow() : refuse({ reason: "e2ee-session-full", limit });
}

function judgeLobby(others: readonly Member[]): Decision {
	const waiting = others.filter((member) => member.status === "waiting").length;
	return waiting < MOST_WAITING ? allow() : refuse({ reason: "e2ee-session-full", limit: MOST_WAITING });
}

/** Lets somebody in, or into the lobby. */
export function planJoin(
	state: RoomState,
	rules: RoomRules,
	ask: JoinAsk,
	seq: number,
	now: number,
): Decision<Planned<Seated>> {
	const known = state.members.get(ask.id);
	if (known) return allow({ value: { participant: known, ticket: known.ticketsGiven }, plan: {} }); // a retried call
	const judged = judgeJoin(state, rules, ask, now);
	if (!judged.allowed) return judged;
	const { waits, replaced } = judged.value;
	const member = newMember(ask, rules, seq, waits, now);
	const displaced = [...state.members.values()].filter(
		(other) =>
			!replaced.includes(other) &&
			other.hold?.viewer === ask.hold?.viewer &&
			ask.displaced.includes(other.hold?.key ?? ""),
	);
	const plan: Plan = {
		put: [member],
		gone: [
			...replaced.map((other) => ({ member: other, because: "replaced" as const })),
			...displaced.map((other) => ({ member: other, because: "viewer-session-ended" as const })),
		],
		...(rules.singleUse ? { spend: { token: ask.tokenId, until: ask.tokenEndsAt } } : {}),
	};
	return allow({ value: { participant: member, ticket: member.ticketsGiven }, plan });
}

function newMember(ask: JoinAsk, rules: RoomRules, seq: number, waits: boolean, now: number): Member {
	const { displaced: _displaced, decision: _decision, ...who } = ask;
	return {
		...who,
		status: waits ? "waiting" : "admitted",
		joinedAt: now,
		because: null,
		provider: {},
		seq,
		goneAt: null,
		deadline: waits ? now + LOBBY_MS : comingBy(rules, now),
		ticketsGiven: 1,
		ticketUsed: 0,
		ticketPrint: null,
		via: null,
		kept: {},
	};
}

/** By when one who was admitted has to come; null where nothing would tell that. */
export function comingBy(rules: RoomRules, now: number): number | null {
	return rules.presence ? now + rules.ticketSeconds * 1000 : null;
}

/** A participant who is not gone. */
export function presentMember(state: RoomState, id: string): Decision<Member> {
	const member = state.members.get(id);
	if (member) return allow(member);
	const because = state.gone(id)?.because ?? null;
	if (because === null) return refuse({ reason: "ticket-invalid" });
	return because === "denied" ? refuse({ reason: "lobby-denied" }) : refuse({ reason: "participant-gone", because });
}

/** A ticket opens a connection. `resumed`: the participant had one before. */
export function planRedeem(
	state: RoomState,
	ask: RedeemAsk,
	now: number,
): Decision<Planned<{ readonly member: Member; readonly resumed: boolean }>> {
	const found = presentMember(state, ask.participant);
	if (!found.allowed) return found;
	const before = found.value;
	const again = ask.kind === "bound" && before.ticketPrint === ask.clientPrint && ask.ticket === before.ticketUsed;
	if (!again && ask.ticket <= before.ticketUsed) return refuse({ reason: "ticket-used" });
	if (!again && ask.opensUntil !== null && now >= ask.opensUntil) return refuse({ reason: "ticket-expired" });
	const waits = before.status === "waiting";
	if (waits && ask.socket === "control")
		return refuse({ reason: "participant-status", status: "waiting", wanted: "admitted" });
	const member: Member = {
		...before,
		status: waits ? "waiting" : "connected",
		deadline: null,
		ticketUsed: ask.ticket,
		ticketPrint: ask.kind === "bound" ? ask.clientPrint : null,
		ticketsGiven: before.ticketsGiven + 1,
		via: "socket",
		provider: ask.seat === undefined ? before.provider : { ...before.provider, [CONNECTION]: null, [SEAT]: ask.seat },
	};
	return allow({ value: { member, resumed: before.via !== null }, plan: { put: [member] } });
}

/** The last socket of a participant is closed. */
export function planLost(member: Member, rules: RoomRules, now: number): Plan {
	if (member.status === "waiting") return { put: [{ ...member, deadline: now + LOBBY_MS }] };
	if (member.status !== "connected") return {};
	return { put: [{ ...member, status: "away", deadline: now + rules.reconnectSeconds * 1000 }] };
}

/** Asks how it stands, with a fresh ticket; a new token of the same identity moves the end. */
export function planRenew(
	state: RoomState,
	rules: RoomRules,
	{ participant, stay }: RenewAsk,
	now: number,
): Decision<Planned<Seated & { readonly moved: boolean }>> {
	const found = presentMember(state, participant);
	if (!found.allowed) return found;
	const before = found.value;
	const sameIdentity = stay && (before.uid === null ? stay.tokenId === before.tokenId : stay.uid === before.uid);
	if (stay && !sameIdentity)
		return refuse({ reason: "bad-request", detail: "The token is not of the viewer whom this ticket was given to." });
	const member: Member = {
		...before,
		...(stay ? stayed(stay) : {}),
		ticketsGiven: before.ticketsGiven + 1,
		...asked(before, rules, now),
	};
	const value = { participant: member, ticket: member.ticketsGiven, moved: stay !== null };
	return allow({ value, plan: { put: [member] } });
}

/** Who asks is still there, if not connected: the time to come begins anew. */
function asked({ status, deadline }: Member, rules: RoomRules, now: number): Partial<Member> {
	if (deadline === null || status === "away") return {};
	return { deadline: status === "waiting" ? now + LOBBY_MS : comingBy(rules, now) };
}

function stayed({ expiresAt, endsBecause, tokenEndsAt, facts, tokenId }: NonNullable<RenewAsk["stay"]>) {
	return { expiresAt, endsBecause, tokenEndsAt, facts, tokenId };
}

/** Whose time is over: the own one, or the session's, which may have been moved since they came. */
export function planExpiry(state: RoomState, rules: Pick<RoomRules, "endsAt"> | null, now: number): Plan {
	const endsAt = rules?.endsAt ?? null;
	const over = endsAt !== null && endsAt <= now;
	const gone = [...state.members.values()].flatMap((member) => {
		const because = overBecause(member, now) ?? (over ? "session-ended" : null);
		return because === null ? [] : [{ member, because }];
	});
	return gone.length === 0 ? {} : { gone };
}

function overBecause({ expiresAt, endsBecause, deadline, status }: Member, now: number): GoneBecause | null {
	if (expiresAt <= now) return endsBecause;
	if (deadline === null || deadline > now) return null;
	return status === "away" ? "connection-lost" : "never-came";
}
