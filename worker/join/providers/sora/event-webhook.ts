import type { Account } from "../../../catalog/catalog.ts";
import { JOIN_ROLES } from "../../../catalog/e2ee-session-record.ts";
import { ID_PATTERN } from "../../../catalog/video-schema.ts";
import { type Decision, allow } from "../../../decision/decision.ts";
import { type Exchange, jsonResponse, refused } from "../../../exchange.ts";
import { logDecision } from "../../../observe/decision-log.ts";
import { askRoom, rulesOf } from "../../room/client.ts";
import { NODE, SESSION } from "../../room/connections.ts";
import type { RoomRules } from "../../room/contract.ts";
import { disconnect } from "./api.ts";
import { soraCredentials } from "./credentials.ts";
import { type NodeLost, type SoraEvent, readEvent } from "./events.ts";
import { followNodeLost } from "./node-lost.ts";
import { type SoraSession, soraSession } from "./session.ts";
import { tellSession } from "../../tell-session.ts";
import { readWebhookBody } from "./webhook-body.ts";

/** The end of a session names every connection that it has had. */
const MOST_BODY_BYTES = 4_194_304;

/**
 * Sora tells what has become of its connections and sessions; events come late, twice and in the wrong order. A participant is there as long
 * as the connection that it was bound to is, and no other connection's event changes that.
 */
export async function handleEventWebhook(exchange: Exchange, account: Account): Promise<Response> {
	const body = await readWebhookBody(exchange, MOST_BODY_BYTES);
	const event = body.allowed ? readEvent(body.value, exchange.nowMs) : body;
	if (!event.allowed) return refused(exchange, event.refusal, "problem");
	const done = await act(exchange, account, event.value);
	if (!done.allowed) return refused(exchange, done.refusal, "problem");
	logDecision(exchange, { status: 200, goesOn: true });
	return jsonResponse(exchange, {});
}

function act(exchange: Exchange, account: Account, event: SoraEvent | NodeLost | null): Promise<Decision> | Decision {
	if (event === null) return allow();
	return event.meaning === "node-lost" ? followNodeLost(exchange, account, event) : follow(exchange, account, event);
}

async function follow(exchange: Exchange, account: Account, event: SoraEvent): Promise<Decision> {
	const { gate } = exchange;
	const session = await sessionOf(exchange, account, event);
	if (!session) return cutStray(exchange, account, event);
	tellSession(exchange, session);
	const outcome = await ACTS[event.meaning](exchange, await rulesOf(gate, account, session), event, session);
	// What the event is about may be over, or another's by now; only a room that cannot be asked is worth a retry.
	return outcome.allowed || outcome.refusal.reason !== "room-unavailable" ? allow() : outcome;
}

/** A connection that stands, let in by the gate to a session whose record is deleted: no room puts it out any more. */
async function cutStray({ gate, nowMs, waitUntil }: Exchange, account: Account, event: SoraEvent): Promise<Decision> {
	const { meaning, channel: channel_id, connection: connection_id, participant } = event;
	if (meaning !== "alive" || participant === null || connection_id === null) return allow();
	const credentials = await soraCredentials(gate, account, nowMs);
	if (!credentials || credentials.api_url === null) return allow();
	const call = disconnect(gate, credentials.api_url, { channel_id, connection_id, reason: "session-ended" });
	const onFault = (fault: unknown): void =>
		gate.ports.log({ event: "fault", where: "sora-stray", message: String(fault) }); // its next event asks again
	waitUntil(call.catch(onFault)); // Sora may wait for this answer before it takes calls
	return allow();
}

/** Where the connection was let in; by its channel where Sora does not give back what the gate has told it. */
async function sessionOf({ gate, nowMs }: Exchange, account: Account, { joined, channel }: SoraEvent) {
	const isNamed = joined !== null && ID_PATTERN.test(joined);
	const named = isNamed ? soraSession(await gate.catalog.e2eeSession(account, joined, nowMs)) : null;
	return named ?? soraSession(await gate.catalog.e2eeSessionByProvider(account, "sora", channel, nowMs));
}

/** A connection that was let in so shortly before a session of Sora ended is on its way into the next one. */
const CONNECTING_MS = 10_000;

type Act = (exchange: Exchange, rules: RoomRules, event: SoraEvent, session: SoraSession) => Promise<Decision<unknown>>;

const ACTS: Readonly<Record<SoraEvent["meaning"], Act>> = {
	alive: async ({ gate }, rules, { connection, participant, session, node, at }, { sora }) => {
		if (connection === null) return allow();
		const provider = {
			...(session === null ? {} : { [SESSION]: session }),
			...(node === null ? {} : { [NODE]: node }),
		};
		const here = sora.mode !== "proxy"; // there the door sees it, or the other webhook has told
		const ask = { connection, participant, tokenId: null, roles: JOIN_ROLES, here, provider, at, stands: true };
		return askRoom(gate, rules, "claim", ask);
	},
	over: async ({ gate }, rules, { connection, isMeant }, { sora }) => {
		if (connection === null) return allow();
		// Of a connection that the gate carries it sees itself that it is there or broke, and keeps the place for a while.
		const sparesCarried = sora.mode === "proxy" && !isMeant;
		const because = isMeant ? "left" : "connection-lost";
		return askRoom(gate, rules, "drop", { connection, providerSession: null, sparesCarried, because });
	},
	emptied: async ({ gate }, rules, { session, connections, at }, { sora }) => {
		if (session === null) return allow();
		const providerSession = { id: session, connections, before: at - CONNECTING_MS };
		const sparesCarried = sora.mode === "proxy";
		const because = "connection-lost";
		return askRoom(gate, rules, "drop", { connection: null, providerSession, sparesCarried, because });
	},
};
