import { type Decision, allow } from "../../../decision/decision.ts";
import type { Exchange } from "../../../exchange.ts";
import { parseJsonObject } from "../../../token/json-object.ts";
import { timeout } from "../../provider-call.ts";
import { GOING_AWAY, closeSocket, sendTo } from "../../sockets.ts";
import { type Data, Inbox } from "./inbox.ts";
import { failed, openFirst } from "./open.ts";

const TIME_LIMIT_MS = 10_000;
/** No further address is tried after this time. */
const PATIENCE_MS = 15_000;
/** Nodes of a cluster send a client on to the one that has its channel. */
const MOST_REDIRECTS = 3;

type Message = Readonly<Record<string, unknown>>;

/** Sora's side of a connection, which has heard the connect message. */
export interface Answered {
	readonly inbox: Inbox;
	/** What it said first; null when it closed instead. */
	readonly first: Data | null;
}

/**
 * Connects to Sora in the client's place, at the first address that answers, and on to where it sends the client. Such a redirect
 * stays within the gate, for the client would go there without it.
 */
export async function callSora(
	exchange: Exchange,
	urls: readonly string[],
	connect: Message,
): Promise<Decision<Answered>> {
	let answered = await callFirst(exchange, urls, connect);
	for (let count = 0; count < MOST_REDIRECTS; count++) {
		const location = answered.allowed ? locationIn(answered.value.first) : null;
		if (!answered.allowed || location === null) return answered;
		closeSocket(answered.value.inbox.socket, GOING_AWAY);
		if (!mayDial(location, exchange)) return failed("it sends clients on to an address that is no wss URL");
		answered = await callFirst(exchange, [location], { ...connect, redirect: true });
	}
	return answered.allowed && locationIn(answered.value.first) !== null
		? failed("its nodes send the client on and on")
		: answered;
}

/** An address that opens and then says nothing is no reason not to try the others. */
async function callFirst(exchange: Exchange, urls: readonly string[], connect: Message): Promise<Decision<Answered>> {
	const { now } = exchange.gate.ports;
	const until = now() + PATIENCE_MS;
	for (let left = urls; ;) {
		const opened = await openFirst(exchange, left);
		if (!opened.allowed) return opened;
		const { url, socket } = opened.value;
		const answered = await say(socket, connect);
		left = left.filter((other) => other !== url);
		if (answered.allowed || left.length === 0 || now() >= until) return answered;
	}
}

async function say(socket: WebSocket, connect: Message): Promise<Decision<Answered>> {
	const inbox = new Inbox(socket);
	sendTo(inbox.socket, JSON.stringify(connect));
	const first = await inbox.next(TIME_LIMIT_MS);
	if (first !== null || inbox.ended) return allow({ inbox, first });
	closeSocket(inbox.socket, GOING_AWAY);
	return timeout("sora");
}

function locationIn(data: Data | null): string | null {
	if (typeof data !== "string" || !data.includes("redirect")) return null;
	const message = parseJsonObject(data);
	if (typeof message === "string" || message["type"] !== "redirect") return null;
	return typeof message["location"] === "string" ? message["location"] : "";
}

function mayDial(url: string, { gate }: Exchange): boolean {
	const { protocol } = URL.parse(url) ?? {};
	return protocol === "wss:" || (gate.settings.local && protocol === "ws:");
}
