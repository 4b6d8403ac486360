import { type Decision, allow, refuse } from "../../decision/decision.ts";
import { CONNECTION, type ClaimAsk, type DropAsk, SEAT, type Seated } from "./contract.ts";
import { presentMember } from "./decide.ts";
import type { Member, Plan, Planned, RoomState } from "./state.ts";

/** Where the name of the provider's own session is kept. */
const SESSION = "provider_session";

/**
 * A connection that a provider has told of takes the place that was decided for it: the one of its ticket, or the first that came with its
 * token and has no connection yet. The same connection may ask again. Null where there is no such place.
 */
export function planClaim(state: RoomState, ask: ClaimAsk): Decision<Planned<Seated | null>> {
	const found = ask.participant === null ? memberOfToken(state, ask) : memberNamed(state, ask.participant, ask);
	if (!found.allowed) return found;
	const before = found.value;
	if (before === null) return allow({ value: null, plan: {} });
	if (!ask.here) return allow({ value: seatOf(before), plan: {} });
	const isConnected = before.status === "connected";
	const member: Member = {
		...before,
		status: "connected",
		deadline: null,
		via: isConnected ? before.via : "provider",
		provider: { ...before.provider, ...ask.provider, [CONNECTION]: ask.connection },
	};
	return allow({ value: seatOf(member), plan: { put: [member] } });
}

const seatOf = (member: Member): Seated => ({ participant: member, ticket: member.ticketsGiven });

function memberNamed(state: RoomState, id: string, ask: ClaimAsk): Decision<Member> {
	const found = presentMember(state, id);
	if (!found.allowed) return found;
	const { role, status } = found.value;
	if (!ask.roles.includes(role))
		return refuse({ reason: "role-not-allowed", role: ask.roles[0] ?? role, allowed: [role] });
	if (status === "waiting") return refuse({ reason: "lobby-waiting" });
	return ask.here && isTaken(found.value, ask) ? refuse({ reason: "ticket-used" }) : found;
}

/** Where there is no token either, only whoever has the connection already is meant. */
function memberOfToken(state: RoomState, ask: ClaimAsk): Decision<Member | null> {
	const { connection, tokenId } = ask;
	const fitting = [...state.members.values()].filter(({ role }) => ask.roles.includes(role));
	const own = tokenId === null ? fitting : fitting.filter((member) => member.tokenId === tokenId);
	const same = own.find(({ provider }) => connection !== null && provider[CONNECTION] === connection);
	if (same || tokenId === null) return allow(same ?? null);
	const free = own.find((member) => member.status !== "waiting" && !isTaken(member, ask));
	if (free) return allow(free);
	return own.some(({ status }) => status === "waiting") ? refuse({ reason: "lobby-waiting" }) : allow(null);
}

/** A connection that broke may be followed by another. */
function isTaken({ status, provider }: Member, { connection, seat = null }: ClaimAsk): boolean {
	if (seat !== null && seat !== provider[SEAT]) return true;
	if (status !== "connected") return false;
	const own = provider[CONNECTION] ?? null;
	return own === null ? connection === null : own !== connection;
}

/** Whose connection has ended. The provider need not be told of it again, so its name is forgotten. */
export function planDrop(state: RoomState, { connection, providerSession, sparesCarried, because }: DropAsk): Plan {
	const ended = [...state.members.values()].filter(({ provider, joinedAt, via }) => {
		const own = provider[CONNECTION] ?? null;
		if (own === null || (sparesCarried === true && via === "socket")) return false;
		if (providerSession === null) return own === connection;
		const session = provider[SESSION] ?? null;
		return session === null ? joinedAt < providerSession.before : session === providerSession.id;
	});
	return {
		gone: ended.map((member) => ({
			member: { ...member, provider: { ...member.provider, [CONNECTION]: null } },
			because,
		})),
	};
}
