import type { Account } from "../catalog/catalog.ts";
import type { E2eeSessionRecord } from "../catalog/e2ee-session-record.ts";
import { type Decision, allow, refuse } from "../decision/decision.ts";
import { type Exchange, emptyResponse, jsonResponse } from "../exchange.ts";
import { logDecision } from "../observe/decision-log.ts";
import { identifyHolder } from "../playback/authorize.ts";
import { JOIN_AUDIENCES } from "../token/audience.ts";
import { refuseRepeated } from "../token/locate.ts";
import { joinAnswer, materialOf } from "./answer.ts";
import { readWishes } from "./asked.ts";
import { ended } from "./handlers.ts";
import { authorizeContent } from "./join.ts";
import { providers } from "./providers/index.ts";
import { askRoom, rulesOf } from "./room/client.ts";
import { roleOf } from "./role.ts";
import type { Participant, RenewAsk, RoomRules } from "./room/contract.ts";
import { stayOf } from "./stay.ts";
import { guardEnvelope } from "./secret-guard.ts";
import { tellSession } from "./tell-session.ts";
import type { Ticket } from "./ticket.ts";

/** A ticket that this gate signed, and the session that it is for as it is now. */
export interface Presented {
	readonly ticket: Ticket;
	readonly account: Account;
	readonly record: E2eeSessionRecord;
	readonly rules: RoomRules;
}

/** Opens a ticket; what it may be used for is the room's to judge. */
export async function presentTicket(exchange: Exchange, text: string): Promise<Decision<Presented>> {
	const { gate, nowMs, told } = exchange;
	const guarded = guardEnvelope(exchange);
	if (!guarded.allowed) return guarded;
	const ticket = gate.tickets.open(text);
	if (!ticket.allowed) return ticket;
	const account = await gate.catalog.account(ticket.value.account, nowMs);
	told.account = account;
	told.video = ticket.value.session;
	const record = await gate.catalog.e2eeSession(account, ticket.value.session, nowMs);
	if (!record) return refuse({ reason: "e2ee-session-not-found" });
	tellSession(exchange, record);
	return allow({ ticket: ticket.value, account, record, rules: await rulesOf(gate, account, record) });
}

/** Whom the log is told of, where no token is sent. */
export function tellParticipant({ told }: Exchange, { uid, tokenId }: Participant): void {
	told.uid = uid ?? undefined;
	told.tokenId = tokenId;
}

/** `DELETE`: leaves for good. A participant that is gone already has left. */
export async function handleLeave(exchange: Exchange, text: string): Promise<Response> {
	return ended(exchange, logged(exchange, await leave(exchange, text)));
}

async function leave(exchange: Exchange, text: string): Promise<Decision<Response>> {
	const presented = await presentTicket(exchange, text);
	if (!presented.allowed && presented.refusal.reason !== "e2ee-session-not-found") return presented;
	if (presented.allowed) {
		const { rules, ticket } = presented.value;
		const ask = { participant: ticket.participant, because: "left" as const };
		const left = await askRoom(exchange.gate, rules, "leave", ask);
		if (!left.allowed) return left;
	}
	return allow(emptyResponse(exchange));
}

/** `GET`: how the participant stands. */
export async function handleLook(exchange: Exchange, text: string): Promise<Response> {
	const looked = await look(exchange, text);
	if (looked.allowed) logDecision(exchange, { status: looked.value.status, goesOn: true });
	return ended(exchange, looked);
}

async function look(exchange: Exchange, text: string): Promise<Decision<Response>> {
	const presented = await presentTicket(exchange, text);
	if (!presented.allowed) return presented;
	const { rules, ticket, record } = presented.value;
	const found = await askRoom(exchange.gate, rules, "look", { participant: ticket.participant });
	if (!found.allowed) return found;
	tellParticipant(exchange, found.value);
	const { id, role, status, expiresAt, because } = found.value;
	const named = { participant_id: id, session_id: record.id, role, status, because };
	return allow(jsonResponse(exchange, { ...named, expires_at: Math.floor(expiresAt / 1000) }));
}

/** `POST`: the answer of the join as it is now, with a fresh ticket. A token of the same identity moves the participant's end. */
export async function handleRenew(exchange: Exchange, text: string): Promise<Response> {
	return ended(exchange, logged(exchange, await renew(exchange, text)));
}

async function renew(exchange: Exchange, text: string): Promise<Decision<Response>> {
	const { gate } = exchange;
	const wishes = refuseRepeated(exchange.query) ?? (await readWishes(exchange));
	if (!wishes.allowed) return wishes;
	const presented = await presentTicket(exchange, text);
	if (!presented.allowed) return presented;
	const { ticket, record, rules } = presented.value;
	const found = await askRoom(gate, rules, "look", { participant: ticket.participant });
	if (!found.allowed) return found;
	tellParticipant(exchange, found.value);
	const stay = await stayOfToken(exchange, presented.value, found.value);
	if (!stay.allowed) return stay;
	const renewed = await askRoom(gate, rules, "renew", { participant: ticket.participant, stay: stay.value });
	if (!renewed.allowed) return renewed;
	const provider = providers[record.provider];
	const { participant, ticket: number } = renewed.value;
	const { account, session } = rules;
	const next = gate.tickets.sign({ account, session, participant: participant.id, number, opensUntil: null });
	const seat = { record, provider, rules, participant, ticket: next };
	const material = await materialOf(exchange, seat);
	return material.allowed ? allow(joinAnswer(exchange, seat, material.value, 200)) : material;
}

/** The stay that a new token allows; null where none is sent. It is judged as the first one was. */
async function stayOfToken(
	exchange: Exchange,
	{ ticket, record }: Presented,
	participant: Participant,
): Promise<Decision<RenewAsk["stay"]>> {
	const identified = await identifyHolder(exchange, ticket.account, JOIN_AUDIENCES);
	if (!identified.allowed) return identified.refusal.reason === "token-required" ? allow(null) : identified;
	const asker = await authorizeContent(exchange, identified.value, record);
	if (!asker.allowed) return asker;
	const { tokenId, claims } = asker.value.subject.subject;
	const role = roleOf(record, claims.join_role, participant.role);
	if (!role.allowed) return role;
	const stay = stayOf(asker.value, record, participant.joinedAt, exchange.nowMs);
	return allow({ ...stay, uid: claims.uid ?? null, tokenId });
}

function logged(exchange: Exchange, outcome: Decision<Response>): Decision<Response> {
	if (outcome.allowed) logDecision(exchange, { status: outcome.value.status });
	return outcome;
}
