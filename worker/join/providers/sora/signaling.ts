import { ID_PATTERN } from "../../../catalog/video-schema.ts";
import { type Decision, allow, refuse } from "../../../decision/decision.ts";
import type { Refusal } from "../../../decision/refusals.ts";
import { wireError } from "../../../decision/wire.ts";
import { type Exchange, refused } from "../../../exchange.ts";
import { refusalOfFault } from "../../../fault.ts";
import { logDecision } from "../../../observe/decision-log.ts";
import { isJsonObject } from "../../../token/json-object.ts";
import { refuseRepeated } from "../../../token/locate.ts";
import { askRoom } from "../../room/client.ts";
import { GONE_CODES } from "../../room/contract.ts";
import { type OpenSeat, openSeat } from "../../seat.ts";
import { GOING_AWAY, NORMAL, NO_UPGRADE, SWITCHED, closeSocket, isUpgrade, sendTo } from "../../sockets.ts";
import { SEAT_MEMBER, readAsk } from "./asked.ts";
import { type Connecting, decideConnect } from "./connect.ts";
import { type Answered, callSora } from "./dial.ts";
import { type Ended, Inbox } from "./inbox.ts";
import { REFUSED, endOf, pipe } from "./pipe.ts";
import { LEADS_NOWHERE, discard, isCarried, leadsOn, openFirst } from "./open.ts";
import { CHANNEL, JOIN_ROLES_FOR, ON_ITS_SOCKET, type SoraRole } from "./session.ts";
import { readSoraObject } from "./webhook-body.ts";

const FIRST_MESSAGE_MS = 10_000;
const MOST_CONNECT_BYTES = 262_144;
/** How long a client that was told something is waited for, until it closes. */
const PATIENCE_MS = 5000;
/** As long as the SDK waits for one of several addresses. */
const LOOK_LIMIT_MS = 3000;

type Message = Readonly<Record<string, unknown>>;

/** A connect message that was read, and what it asks for. */
interface Heard {
	readonly connect: Message;
	readonly role: SoraRole;
	readonly connecting: Connecting;
}

/**
 * The signalling gate. Clients of Sora say all that they want in their first message, and hear a refusal only after it: so the connection is
 * accepted, and the message decides.
 */
export function handleSignaling(exchange: Exchange, account: string): Response {
	if (!isUpgrade(exchange.headers)) return refused(exchange, NO_UPGRADE, "problem");
	const { 0: webSocket, 1: server } = new WebSocketPair();
	exchange.waitUntil(converse(exchange, account, new Inbox(server)));
	return new Response(null, { status: SWITCHED, webSocket });
}

async function converse(exchange: Exchange, account: string, client: Inbox): Promise<void> {
	try {
		const heard = await hear(exchange, account, client);
		if (heard === null) return;
		const led = heard.allowed ? await lead(exchange, client, heard.value) : heard;
		logDecision(exchange, led.allowed ? { status: SWITCHED } : { status: SWITCHED, refusal: led.refusal });
		if (!led.allowed) turnAway(client, led.refusal);
	} catch (fault) {
		turnAway(client, refusalOfFault(exchange, "sora-signaling", fault));
	}
}

/** The first message, judged; null when none came. */
async function hear(exchange: Exchange, account: string, client: Inbox): Promise<Decision<Heard> | null> {
	const first = await client.next(FIRST_MESSAGE_MS);
	if (first === null) {
		closeSocket(client.socket, client.ended ? NORMAL : REFUSED, client.ended ? "" : "connect-timeout");
		return null;
	}
	if (isCarried(exchange)) return refuse(LEADS_NOWHERE);
	if (!ID_PATTERN.test(account)) return refuse({ reason: "account-id-invalid" });
	const repeated = refuseRepeated(exchange.query);
	if (repeated) return repeated;
	if (typeof first !== "string") return bad("The first message must be text: connect.");
	if (first.length > MOST_CONNECT_BYTES) return refuse({ reason: "record-too-large", maxBytes: MOST_CONNECT_BYTES });
	const connect = readSoraObject(first);
	if (!connect.allowed) return connect;
	if (connect.value["type"] !== "connect") return bad("The first message must be of the type connect.");
	const ask = readAsk(connect.value, exchange.query.get("ticket"));
	if (!ask.allowed) return ask;
	const decided = await decideConnect(exchange, { ...ask.value, account, connection: null, node: null, at: null });
	if (!decided.allowed) return decided;
	return allow({ connect: connect.value, role: ask.value.role, connecting: decided.value });
}

async function lead(exchange: Exchange, client: Inbox, heard: Heard): Promise<Decision> {
	const { session, ticket, undo } = heard.connecting;
	if (session.sora.mode === "proxy") return carry(exchange, client, heard);
	const url = await addressFor(exchange, session.sora.signaling_urls);
	if (url === null || client.ended) {
		await undo?.();
		return url === null ? refuse(LEADS_NOWHERE) : allow();
	}
	const target = new URL(url);
	target.searchParams.set("ticket", ticket);
	sendTo(client.socket, JSON.stringify({ type: "redirect", location: target.href }));
	// The SDK closes this connection and makes the next one.
	const timer = setTimeout(() => closeSocket(client.socket, NORMAL), PATIENCE_MS);
	client.pour(
		() => undefined,
		() => {
			clearTimeout(timer);
			closeSocket(client.socket, NORMAL);
		},
	);
	return allow();
}

/** Where a client is sent: it tries one address only, so the gate looks which one is there. Null: they are all the gate's own. */
async function addressFor(exchange: Exchange, urls: readonly string[]): Promise<string | null> {
	const [first = null, ...others] = urls.filter((url) => leadsOn(url, exchange));
	if (first === null || others.length === 0) return first;
	const opened = await openFirst(exchange, [first, ...others], LOOK_LIMIT_MS);
	if (!opened.allowed) return first; // the client may reach what the gate does not
	discard(opened.value.socket);
	return opened.value.url;
}

/** Carries the whole connection: the participant has its place as long as it stands. */
async function carry(exchange: Exchange, client: Inbox, { connect, role, connecting }: Heard): Promise<Decision> {
	const { session, rules, participant, ticket, undo } = connecting;
	const name = crypto.randomUUID();
	const seat = await openSeat(exchange, { provider: "sora", ticket, kind: "bound", alone: true, seat: name });
	if (!seat.allowed) {
		await undo?.();
		return seat;
	}
	const { control, dismissed } = seat.value;
	const message = forwarded(connect, { ticket, [SEAT_MEMBER]: name });
	const calling = callSora(exchange, session.sora.signaling_urls, message);
	const over = Promise.race([client.closed, dismissed]).then(() => null);
	const answered = await Promise.race([calling, over]);
	if (answered === null) {
		exchange.waitUntil(calling.then(hangUp));
		return giveUp(client, seat.value, undo);
	}
	if (!answered.allowed || answered.value.first === null) {
		closeSocket(control, GOING_AWAY);
		await undo?.();
		if (!answered.allowed) return answered;
		passOn(client, answered.value.inbox.ended);
		return allow();
	}
	const { inbox: sora, first } = answered.value;
	const named = (connection: string): void => {
		const roles = JOIN_ROLES_FOR[role];
		const provider = { [CHANNEL]: session.sora.channel_id };
		const ask = { connection, participant: participant.id, tokenId: null, roles, here: true, seat: name, provider };
		exchange.waitUntil(askRoom(exchange.gate, rules, "claim", ask));
	};
	const told = (refusal: Refusal): void => logDecision(exchange, { refusal, status: SWITCHED });
	pipe({ client, sora, control, dismissed, first }, { named, refused: told, now: exchange.gate.ports.now });
	return allow();
}

/** Before Sora has said anything, the client has gone, or must go: neither waits for what Sora says. */
async function giveUp({ socket, ended }: Inbox, { control, dismissed }: OpenSeat, undo: Connecting["undo"]) {
	if (ended === null) {
		const { code, reason } = endOf(await dismissed);
		closeSocket(socket, code, reason);
		return allow();
	}
	if (ended.code === NORMAL) closeSocket(control, GONE_CODES.left, "left");
	else closeSocket(control, GOING_AWAY);
	closeSocket(socket);
	await undo?.();
	return allow();
}

function hangUp(answered: Decision<Answered>): void {
	if (answered.allowed) closeSocket(answered.value.inbox.socket, GOING_AWAY);
}

/** The connect message as Sora gets it: with ticket and seat, by which its webhook finds participant and connection. */
function forwarded(connect: Message, place: Message): Message {
	const { metadata } = connect;
	const named = metadata === undefined || metadata === null ? {} : metadata;
	return {
		...connect,
		...ON_ITS_SOCKET,
		...(isJsonObject(named) ? { metadata: { ...named, ...place } } : {}),
	};
}

/** Sora has refused the client itself. */
function passOn(client: Inbox, ended: Ended | null): void {
	const { code, reason } = ended ?? { code: NORMAL, reason: "" };
	const isSaid = code >= 3000 || code === NORMAL;
	closeSocket(client.socket, isSaid ? code : REFUSED, isSaid ? reason : reason || "provider-unavailable");
}

/** The SDK reports code and reason. */
function turnAway(client: Inbox, refusal: Refusal): void {
	closeSocket(client.socket, REFUSED, wireError(refusal, "problem").reason);
}

const bad = (detail: string) => refuse({ reason: "bad-request", detail });
