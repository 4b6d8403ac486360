import { type Decision, allow, refuse } from "../decision/decision.ts";
import type { Refusal } from "../decision/refusals.ts";
import { type Exchange, refused } from "../exchange.ts";
import { logDecision } from "../observe/decision-log.ts";
import { type Presented, presentTicket } from "./participants.ts";
import type { Greeting } from "./provider.ts";
import { requirementsOf } from "./support/support.ts";
import { providers } from "./providers/index.ts";
import { askRoom } from "./room/client.ts";
import { CLOSE_CODES, GONE_CODES, type GoneBecause } from "./room/contract.ts";
import { relay } from "./relay.ts";
import { connect } from "./seat.ts";
import { NO_UPGRADE, SWITCHED, isUpgrade } from "./sockets.ts";

/** The WebSocket of a room's participant. Refused with a problem, or, as `?refusals=close` asks, by a close that page script can read. */
export async function handleRoomSocket(exchange: Exchange, ticket: string): Promise<Response> {
	if (!isUpgrade(exchange.headers)) return refused(exchange, NO_UPGRADE, "problem");
	const socket = await openRoomSocket(exchange, ticket);
	if (socket.allowed) {
		logDecision(exchange, { status: SWITCHED });
		return new Response(null, { status: SWITCHED, webSocket: relay(socket.value) });
	}
	const answer = refused(exchange, socket.refusal, "problem");
	return exchange.query.get("refusals") === "close" ? closedWith(socket.refusal, answer) : answer;
}

async function openRoomSocket(exchange: Exchange, ticket: string): Promise<Decision<WebSocket>> {
	const presented = await presentTicket(exchange, ticket);
	if (!presented.allowed) return presented;
	const { record, rules } = presented.value;
	if (rules.speaks !== true) return refuse({ reason: "resource-not-found" });
	const greeting = await greet(exchange, presented.value);
	if (!greeting.allowed) return greeting;
	const greets = { e2ee: requirementsOf(record), ...greeting.value };
	const connected = await connect(exchange, presented.value, { kind: "once", socket: "client", greeting: greets });
	return connected.allowed ? allow(connected.value.socket) : connected;
}

/** What the session's provider puts into the welcome. */
async function greet(
	exchange: Exchange,
	{ ticket, record, rules }: Presented,
): Promise<Decision<Greeting["greeting"]>> {
	const provider = providers[record.provider];
	if (!provider.greet) return allow({});
	const { gate } = exchange;
	const found = await askRoom(gate, rules, "look", { participant: ticket.participant });
	if (!found.allowed) return found;
	if (found.value.status === "gone") return allow({}); // refused when it connects, by what put it out
	const greeted = await provider.greet({ exchange, record, participant: found.value });
	if (!greeted.allowed) return greeted;
	const { greeting, remember } = greeted.value;
	if (remember === undefined) return allow(greeting);
	const ask = { participant: ticket.participant, provider: remember };
	const remembered = await askRoom(gate, rules, "remember", ask);
	return remembered.allowed ? allow(greeting) : remembered;
}

/** A socket that tells in its close what the response would have told. */
function closedWith(refusal: Refusal, answer: Response): Response {
	const { 0: client, 1: server } = new WebSocketPair();
	server.accept();
	server.close(closeCodeOf(refusal), answer.headers.get("Playgate-Reason") ?? refusal.reason);
	return new Response(null, { status: SWITCHED, webSocket: client });
}

function closeCodeOf(refusal: Refusal): number {
	if (refusal.reason === "participant-gone") return GONE_CODES[refusal.because as GoneBecause] ?? CLOSE_CODES.ticket;
	if (refusal.reason === "lobby-denied") return GONE_CODES.denied;
	return CLOSE_CODES.ticket;
}
