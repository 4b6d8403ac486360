import type { Account } from "../catalog/catalog.ts";
import type { E2eeSessionRecord, ProviderName } from "../catalog/e2ee-session-record.ts";
import { type Decision, allow, refuse } from "../decision/decision.ts";
import type { Exchange } from "../exchange.ts";
import { unwire, wire } from "../limits/contract.ts";
import { readClient } from "../playback/client.ts";
import { type Presented, presentTicket, tellParticipant } from "./participants.ts";
import {
	CALL_HEADER,
	type GoneBecause,
	type Participant,
	type RedeemAsk,
	type RoomCall,
	type RoomRules,
	causeOf,
	roomObjectName,
} from "./room/contract.ts";

/** A connection that a ticket has opened, through a door of the gate. */
export interface OpenSeat {
	readonly account: Account;
	readonly record: E2eeSessionRecord;
	readonly rules: RoomRules;
	readonly participant: Participant;
	/**
	 * Accepted. The room closes it with a code of `GONE_CODES` when the participant must go. The door closes it when its client is lost
	 * (any code: the place stays for the reconnect grace), or with 4010 "left" when it went for good.
	 */
	readonly control: WebSocket;
	/** Resolves when the room has closed `control`: to why the participant must go, or null where the room itself was lost. */
	readonly dismissed: Promise<GoneBecause | null>;
}

/** What a door asks for. */
export interface SeatAsk extends Pick<RedeemAsk, "alone" | "seat"> {
	/** Whose door it is: tickets of others stay unused. */
	readonly provider: ProviderName;
	readonly ticket: string;
	/**
	 * `once`: the ticket opens one connection. `bound`: any number, at the same time too, all from the client (User-Agent and address) that
	 * came first.
	 */
	readonly kind: RedeemAsk["kind"];
}

/** Opens a seat for a door that carries a provider's signalling. */
export async function openSeat(
	exchange: Exchange,
	{ provider, ticket, ...asked }: SeatAsk,
): Promise<Decision<OpenSeat>> {
	const presented = await presentTicket(exchange, ticket);
	if (!presented.allowed) return presented;
	if (presented.value.record.provider !== provider) return refuse({ reason: "ticket-invalid" });
	const connected = await connect(exchange, presented.value, { ...asked, socket: "control", greeting: {} });
	if (!connected.allowed) return connected;
	const { socket: control, participant } = connected.value;
	const dismissed = whenDismissed(control);
	control.accept();
	return allow({ ...presented.value, participant, control, dismissed });
}

/** Listens from the first moment: what the room closes while the provider is dialled counts, too. */
export function whenDismissed(control: WebSocket): Promise<GoneBecause | null> {
	return new Promise((resolve) => {
		control.addEventListener("close", ({ code }) => resolve(causeOf(code)));
		control.addEventListener("error", () => resolve(null));
	});
}

/** Redeems a ticket in its room: the Worker's end of a WebSocket to the room, not accepted yet. */
export async function connect(
	exchange: Exchange,
	{ ticket, rules }: Presented,
	asked: Pick<RedeemAsk, "kind" | "socket" | "greeting" | "alone" | "seat">,
): Promise<Decision<{ readonly socket: WebSocket; readonly participant: Participant }>> {
	const { gate } = exchange;
	const client = readClient(exchange.headers, exchange, gate.settings);
	if (!client.allowed) return client;
	exchange.told.client = client.value;
	const clientPrint = client.value.print();
	const { participant, number, opensUntil } = ticket;
	const until = opensUntil === null ? null : opensUntil * 1000;
	const ask: RedeemAsk = { ...asked, participant, ticket: number, clientPrint, opensUntil: until };
	const call = encodeURIComponent(wire<RoomCall<RedeemAsk>>({ rules, ask }));
	try {
		const room = gate.sessionRooms.getByName(roomObjectName(rules.account, rules.session));
		const answer = await room.fetch("https://room/", { headers: { Upgrade: "websocket", [CALL_HEADER]: call } });
		if (answer.webSocket === null) return await answer.json<Decision<never>>();
		const told = decodeURIComponent(answer.headers.get(CALL_HEADER) ?? "");
		const seated = unwire<Participant>(told);
		tellParticipant(exchange, seated);
		return allow({ socket: answer.webSocket, participant: seated });
	} catch (fault) {
		gate.ports.log({ event: "fault", where: "room", call: "connect", message: String(fault) });
		return refuse({ reason: "room-unavailable" });
	}
}
