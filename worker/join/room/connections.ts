import { type Decision, allow, refuse } from "../../decision/decision.ts";
import { CONNECTION, type ClaimAsk, type DropAsk, SEAT, type Seated } from "./contract.ts";
import { presentMember } from "./decide.ts";
import type { Member, Plan, Planned, RoomState } from "./state.ts";

/** When a participant's connection began, and the names of the provider's own session and node. */
const CONNECTED_AT = "connected_at";
export const SESSION = "provider_session";
export const NODE = "provider_node";

/**
 * A connection that a provider has told of takes the place that was decided for it: the one of its ticket, or the first that came with its
 * token and has no connection yet. The same connection may ask again, one that is over may not. Null where there is no such place.
 */
export function planClaim(state: RoomState, ask: ClaimAsk): Decision<Planned<Seated | null>> {
	if (ask.here && ask.connection !== null && state.hasEnded(ask.connection))
		return refuse({ reason: "participant-gone", because: "connection-lost" });
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
		provider: { ...before.provider, ...ask.provider, [CONNECTION]: ask.connection, ...sinceOf(before, ask) },
	};
	return allow({ value: seatOf(member), plan: { put: [member] } });
}

/** A connection is as old as what was told of it first. */
function sinceOf({ provider }: Member, { connection, at }: ClaimAsk): Readonly<Record<string, unknown>> {
	const isKnown = provider[CONNECTION] === connection && provider[CONNECTED_AT] !== undefined;
	return isKnown || at === undefined ? {} : { [CONNECTED_AT]: at };
}

const seatOf = (member: Member): Seated => ({ participant: member, ticket: member.ticketsGiven });

function memberNamed(state: RoomState, id: string, ask: ClaimAsk): Decision<Member> {
	const found = presentMember(state, id);
	if (!found.allowed) return found;
	const { role, status } = found.value;
	if (!ask.roles.includes(role))
		return refuse({ reason: "role-not-allowed", role: ask.roles[0] ?? role, allowed: [role] });
	if (status === "waiting") return refuse({ reason: "lobby-waiting" });
	const isUsed = ask.here && (isTaken(found.value, ask) || isAnothers(state, id, ask.connection));
	return isUsed ? refuse({ reason: "ticket-used" }) : found;
}

const isAnothers = (state: RoomState, id: string, connection: string | null): boolean =>
	connection !== null &&
	[...state.members.values()].some((member) => member.id !== id && member.provider[CONNECTION] === connection);

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

/** Of whom something is remembered. A connection of another participant is nobody else's: who took it over could have that one put out. */
export function memberToTell(
	state: RoomState,
	{ participant, provider }: Pick<Member, "provider"> & { readonly participant: string },
): Decision<Member> {
	const connection = provider[CONNECTION] ?? null;
	const others = [...state.members.values()].filter(({ id }) => id !== participant);
	return connection !== null && others.some((other) => other.provider[CONNECTION] === connection)
		? refuse({ reason: "bad-request", detail: "The connection is another participant's." })
		: presentMember(state, participant);
}

/**
 * Who was put out before this connection stood: the provider, told to cut it, may not have known it yet. One that the provider has told the
 * end of since has no name here any more.
 */
export function putOutBefore(state: RoomState, { participant, connection, stands }: ClaimAsk): Member | null {
	if (stands !== true || participant === null || connection === null || state.members.has(participant)) return null;
	const gone = state.gone(participant);
	return gone?.provider[CONNECTION] === connection ? gone : null;
}

/** Whose connection has ended. The provider need not be told of it again, so its name is forgotten. */
export function planDrop(state: RoomState, ask: DropAsk): Plan {
	const { connection, sparesCarried, because } = ask;
	const ended = [...state.members.values()].filter((member) => {
		const own = member.provider[CONNECTION] ?? null;
		if (own === null || (sparesCarried === true && member.via === "socket")) return false;
		return connection === null ? hasLost(member, ask) : own === connection;
	});
	return {
		gone: ended.map((member) => ({
			member: { ...member, provider: { ...member.provider, [CONNECTION]: null } },
			because,
		})),
		ended: [...(connection === null ? [] : [connection]), ...ended.flatMap(({ provider }) => nameOf(provider))],
	};
}

/** The provider's name of a participant's connection, where it has one. */
export const nameOf = ({ [CONNECTION]: name }: Member["provider"]): string[] =>
	typeof name === "string" ? [name] : [];

/** Whether the connection went with the provider's session or node. */
function hasLost({ provider, joinedAt }: Member, { providerSession, providerNode }: DropAsk): boolean {
	const since = Number(provider[CONNECTED_AT] ?? joinedAt);
	if (providerNode) return provider[NODE] === providerNode.name && since < providerNode.before;
	if (providerSession === null) return false;
	const session = provider[SESSION] ?? null;
	if (nameOf(provider).some((name) => providerSession.connections?.includes(name))) return true;
	return session === null ? since < providerSession.before : session === providerSession.id;
}
