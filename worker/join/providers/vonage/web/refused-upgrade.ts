import type { Refusal } from "../../../../decision/refusals.ts";
import { wireError } from "../../../../decision/wire.ts";
import { type Exchange, refused } from "../../../../exchange.ts";
import { presentTicket } from "../../../participants.ts";
import { askRoom } from "../../../room/client.ts";
import { SWITCHED, listenTo, sendTo } from "../../../sockets.ts";
import { vonageSession } from "../vonage-account.ts";
import { sayRefusal } from "./relay.ts";
import { disconnectedFrame } from "./replies.ts";

/** A page cannot read a refused upgrade, and its SDK would try again: a browser hears within the connection why it may not go on. */
export async function refusedToClient(exchange: Exchange, ticket: string, refusal: Refusal): Promise<Response> {
	const response = refused(exchange, refusal, "problem");
	if (wireError(refusal, "problem").status >= 500 || !exchange.headers.has("Origin")) return response;
	const returns = refusal.reason === "participant-gone" && exchange.query.get("reconnect") === "true";
	const end = returns ? await endOfConnection(exchange, ticket) : null;
	const { 0: socket, 1: client } = new WebSocketPair();
	listenTo(client);
	if (end) sendTo(client, end);
	sayRefusal(client, refusal);
	return new Response(null, { status: SWITCHED, webSocket: socket });
}

/**
 * What tells a client that its participant went while it was not connected. Who comes back has nothing to say that could be refused: its SDK
 * would wait, and try again until it takes its network for lost.
 */
async function endOfConnection(exchange: Exchange, ticket: string): Promise<Uint8Array | null> {
	const presented = await presentTicket(exchange, ticket);
	if (!presented.allowed) return null;
	const { record, rules, ticket: named } = presented.value;
	const session = vonageSession(record);
	const found = await askRoom(exchange.gate, rules, "look", { participant: named.participant });
	if (!session || !found.allowed) return null;
	const { partner_id: partner, connection_id: id, symphony_address: symphony } = found.value.provider;
	if (typeof partner !== "string" || typeof id !== "string" || typeof symphony !== "string") return null;
	return disconnectedFrame(`/v2/partner/${partner}/session/${session.vonage.session_id}`, id, symphony);
}
