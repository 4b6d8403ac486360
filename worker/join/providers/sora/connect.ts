import type { Account } from "../../../catalog/catalog.ts";
import type { JoinRole } from "../../../catalog/e2ee-session-record.ts";
import { type Decision, allow, refuse } from "../../../decision/decision.ts";
import type { Exchange } from "../../../exchange.ts";
import { identifyHolder } from "../../../playback/authorize.ts";
import { JOIN_AUDIENCES } from "../../../token/audience.ts";
import { decideJoin } from "../../join.ts";
import { presentTicket, tellParticipant } from "../../participants.ts";
import { roleOf } from "../../role.ts";
import { askRoom, rulesOf } from "../../room/client.ts";
import { NODE } from "../../room/connections.ts";
import type { Participant, RoomRules, Seated } from "../../room/contract.ts";
import { guardEnvelope } from "../../secret-guard.ts";
import { judgeSupport } from "../../support/support.ts";
import { tellRefusal } from "../../tell-refusal.ts";
import { tellSession } from "../../tell-session.ts";
import { soraCredentials } from "./credentials.ts";
import { CHANNEL, JOIN_ROLES_FOR, type SoraRole, type SoraSession, soraSession } from "./session.ts";
import type { SoraClient } from "./sora-client.ts";

/** A connection that somebody wants, as the signalling gate or Sora itself tells it. */
export interface ConnectAsk {
	readonly account: string;
	readonly channel: string;
	readonly role: SoraRole;
	readonly e2ee: boolean;
	readonly client: SoraClient;
	/** Of a join that was decided before; it counts, and not the token beside it. */
	readonly ticket: string | null;
	/** Undefined: it may be in the request's own carriers. */
	readonly token: string | undefined;
	/** The gate's name of a connection that it carries, as Sora was told it. */
	readonly seat: string | null;
	/** Sora's name of it; null at the gate's own door, where it has none yet. */
	readonly connection: string | null;
	/** The server of Sora's cluster that the client has come to; null where it is not told. */
	readonly node: string | null;
	/** When Sora asked, by its own clock, in milliseconds; null where it does not say, and at the gate's own door. */
	readonly at: number | null;
}

/** A connection that may be made. */
export interface Connecting {
	readonly account: Account;
	readonly session: SoraSession;
	readonly rules: RoomRules;
	readonly participant: Participant;
	/** Opens the participant's place at the gate's door. */
	readonly ticket: string;
	/** Where the join was decided here and now: gives everything back; where the place of one decided before was taken, that. */
	readonly undo: (() => Promise<void>) | null;
}

/** The session that is asked for, and by whom, before anything is spent. */
interface Place {
	readonly account: Account;
	readonly session: SoraSession;
	readonly rules: RoomRules;
	/** Of the ticket. */
	readonly participant: string | null;
	readonly tokenId: string | null;
	readonly claimed: JoinRole | undefined;
}

/**
 * Decides about a connection to Sora. The same connection is told of up to three times (at the gate, again after the redirect, by Sora's
 * webhook): whoever has a place is found by ticket, connection or token, and the join is decided, and its use spent, once.
 */
export async function decideConnect(exchange: Exchange, ask: ConnectAsk): Promise<Decision<Connecting>> {
	const guarded = guardEnvelope(exchange);
	if (!guarded.allowed) return guarded;
	const place =
		ask.ticket === null ? await placeOfToken(exchange, ask) : await placeOfTicket(exchange, ask, ask.ticket);
	if (!place.allowed) return place;
	const decided = await enter(exchange, ask, place.value);
	if (decided.allowed) tellParticipant(exchange, decided.value.participant);
	return decided;
}

async function placeOfTicket(exchange: Exchange, ask: ConnectAsk, text: string): Promise<Decision<Place>> {
	const presented = await presentTicket(exchange, text);
	if (!presented.allowed) return presented;
	const { account, record, rules, ticket } = presented.value;
	const session = soraSession(record);
	if (!session || account.id !== ask.account || session.sora.channel_id !== ask.channel)
		return refuse({ reason: "ticket-invalid" });
	return allow({ account, session, rules, participant: ticket.participant, tokenId: null, claimed: undefined });
}

async function placeOfToken(exchange: Exchange, ask: ConnectAsk): Promise<Decision<Place>> {
	const { gate, nowMs } = exchange;
	const identified = await identifyHolder(exchange, ask.account, JOIN_AUDIENCES, ask.token);
	if (!identified.allowed) return identified;
	const { account, subject } = identified.value;
	const session = soraSession(await gate.catalog.e2eeSessionByProvider(account, "sora", ask.channel, nowMs));
	if (!session) return refuse({ reason: "e2ee-session-not-found" });
	tellSession(exchange, session);
	const rules = await rulesOf(gate, account, session);
	const { tokenId, claims } = subject.subject;
	return allow({ account, session, rules, participant: null, tokenId, claimed: claims.join_role });
}

async function enter(exchange: Exchange, ask: ConnectAsk, place: Place): Promise<Decision<Connecting>> {
	const able = judgeClient(exchange, ask, place.session);
	if (!able.allowed) {
		tellRefusal(exchange, { session: place.session.id }, able.refusal);
		return able;
	}
	const here = await isHere(exchange, ask, place);
	const found = await claim(exchange, ask, place, place.participant, here);
	if (!found.allowed) return found;
	return found.value ? allow(seated(exchange, ask, place, found.value, here)) : join(exchange, ask, place, here);
}

/** The SDK first: who uses one that cannot encrypt learns which can. */
function judgeClient({ headers }: Exchange, { client, e2ee }: ConnectAsk, session: SoraSession): Decision {
	const able = judgeSupport(headers, session, client);
	if (!able.allowed || e2ee) return able;
	return refuse({ reason: "sora-e2ee-required" });
}

/**
 * Sora's webhooks tell of a client that it is there, the proxied connection does. Where the gate hears of neither, the redirect is the last
 * that it hears.
 */
async function isHere({ gate, nowMs }: Exchange, { connection }: ConnectAsk, { account, session }: Place) {
	if (connection !== null) return true;
	return session.sora.mode === "redirect" && (await soraCredentials(gate, account, nowMs)) === null;
}

/** The place that is there already; null where there is none. */
function claim(
	{ gate, nowMs }: Exchange,
	{ channel, connection, node, role, seat, at: askedAt }: ConnectAsk,
	{ rules, tokenId }: Place,
	participant: string | null,
	here: boolean,
): Promise<Decision<Seated | null>> {
	const roles = JOIN_ROLES_FOR[role];
	const provider = { [CHANNEL]: channel, ...(node === null ? {} : { [NODE]: node }) };
	const carried = connection === null ? null : seat;
	const at = askedAt ?? nowMs;
	return askRoom(gate, rules, "claim", { connection, participant, tokenId, roles, here, seat: carried, provider, at });
}

async function join(exchange: Exchange, ask: ConnectAsk, place: Place, here: boolean): Promise<Decision<Connecting>> {
	const { account, session } = place;
	const joined = await decideJoin(exchange, {
		account: account.id,
		session: session.id,
		client: { sdk: ask.client.sdk, version: ask.client.version, device: null },
		deviceId: null,
		role: roleFor(ask.role, place),
		name: null,
		...(ask.token === undefined ? {} : { token: ask.token }),
		...(ask.connection === null ? {} : { connection: ask.connection }),
	});
	if (!joined.allowed) return joined;
	const { participant, ticket, undo } = joined.value;
	if (participant.status === "waiting") return refuse({ reason: "lobby-waiting" });
	const connecting = { account, session, rules: place.rules, participant, ticket, undo };
	if (!here) return allow(connecting);
	const taken = await claim(exchange, ask, place, participant.id, here);
	if (taken.allowed) return allow(connecting);
	await undo();
	return taken;
}

/** What to join as: the role that fits, or one above it that the client may have. A moderator stays one. */
function roleFor(role: SoraRole, { session, claimed }: Place): JoinRole {
	const fitting = JOIN_ROLES_FOR[role];
	if (claimed === "moderator") return claimed;
	return fitting.find((one) => one !== "moderator" && roleOf(session, claimed, one).allowed) ?? fitting[0];
}

/** The client's own ticket opens what it opens; who comes with a token gets one for the place that was found. */
function seated(
	{ gate }: Exchange,
	ask: ConnectAsk,
	{ account, session, rules }: Place,
	{ participant, ticket: number }: Seated,
	here: boolean,
): Connecting {
	const named = { account: rules.account, session: rules.session, participant: participant.id };
	const ticket = ask.ticket ?? gate.tickets.sign({ ...named, number, opensUntil: null });
	const leave = async (): Promise<void> => {
		await askRoom(gate, rules, "leave", { participant: participant.id, because: "never-came" });
	};
	return { account, session, rules, participant, ticket, undo: here ? leave : null };
}
