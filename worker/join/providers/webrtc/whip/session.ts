import { type Decision, allow, refuse } from "../../../../decision/decision.ts";
import { decisionHeaders } from "../../../../decision/response.ts";
import { type Exchange, answerContext } from "../../../../exchange.ts";
import { logDecision } from "../../../../observe/decision-log.ts";
import { type Presented, presentTicket } from "../../../participants.ts";
import { askRoom } from "../../../room/client.ts";
import type { Participant } from "../../../room/contract.ts";
import { admitSdp } from "../sdp-admission.ts";
import { admitFragment } from "../sdp/fragment.ts";
import { type TypedBody, readTyped } from "./body.ts";
import { type Door, FRAGMENT, SDP, change, deleteSession, isFor } from "./media-server.ts";
import { type MediaSession, rememberedOf } from "./remembered.ts";

/** A session that is open, and whose it is. */
interface OpenSession extends Presented {
	readonly participant: Participant;
	readonly session: MediaSession;
}

/** The session of a ticket. Any ticket of a participant names it: a client that roams changes its address, not its session's URL. */
async function openSession(exchange: Exchange, ticket: string, door: Door): Promise<Decision<OpenSession>> {
	const presented = await presentTicket(exchange, ticket);
	if (!presented.allowed) return presented;
	const { record, rules } = presented.value;
	if (!isFor(door)(record)) return refuse({ reason: "resource-not-found" });
	const found = await askRoom(exchange.gate, rules, "look", { participant: presented.value.ticket.participant });
	if (!found.allowed) return found;
	const { because } = found.value;
	if (because !== null) return refuse({ reason: "participant-gone", because });
	const { session } = rememberedOf(found.value);
	return session === null
		? refuse({ reason: "resource-not-found" })
		: allow({ ...presented.value, participant: found.value, session });
}

/** `GET` and `HEAD`: whether the session is there (RFC 9725 section 4.2 keeps both free of content). */
export async function lookAt(exchange: Exchange, ticket: string, door: Door): Promise<Decision<Response>> {
	const open = await openSession(exchange, ticket, door);
	return open.allowed ? allow(plain(exchange, 204)) : open;
}

/** `PATCH`: candidates, an ICE restart, or the answer to a counter-offer. */
export async function patch(exchange: Exchange, ticket: string, door: Door): Promise<Decision<Response>> {
	const open = await openSession(exchange, ticket, door);
	if (!open.allowed) return open;
	const body = await readTyped(exchange, door === "whep" ? [FRAGMENT, SDP] : [FRAGMENT]);
	if (!body.allowed) return body;
	return body.value.type === SDP
		? answerCounterOffer(exchange, open.value, body.value)
		: changeTransport(exchange, open.value, body.value);
}

async function changeTransport(
	exchange: Exchange,
	open: OpenSession,
	body: TypedBody<typeof FRAGMENT | typeof SDP>,
): Promise<Decision<Response>> {
	const ifMatch = preconditionOf(exchange, open.session);
	if (!ifMatch.allowed) return ifMatch;
	const judged = admitFragment(body.text);
	if (!judged.allowed) return judged;
	if (ifMatch.value === "*" && judged.value.ufrag === "")
		return refuse({ reason: "sdp-refused", rule: "fragment", detail: "an ICE restart needs new ICE credentials" });
	return pass(exchange, open, { ...body, ifMatch: ifMatch.value });
}

/**
 * What the client thinks the session is: `If-Match`, or `ETag`, as one client library sends it instead (reference: rtc 4.2). Null where
 * the server gives no ETag, so that there is nothing to name.
 */
function preconditionOf({ headers }: Exchange, { etag }: MediaSession): Decision<string | null> {
	const given = headers.get("If-Match") ?? headers.get("ETag");
	if (given === "*") return allow("*");
	if (etag === null) return allow(null);
	if (given === null) return refuse({ reason: "precondition-required" });
	const named = given.split(",").map((each) => each.trim());
	return named.includes(etag) ? allow(etag) : refuse({ reason: "precondition-failed" });
}

async function answerCounterOffer(
	exchange: Exchange,
	open: OpenSession,
	body: TypedBody<typeof FRAGMENT | typeof SDP>,
): Promise<Decision<Response>> {
	const { participant, session } = open;
	if (session.counter === null)
		return refuse({ reason: "sdp-refused", rule: "unsolicited-answer", detail: "no offer waits for an answer" });
	const use = { kind: "answer", door: "whep", role: participant.role, offer: session.counter } as const;
	const judged = admitSdp(body.text, use);
	if (!judged.allowed) return judged;
	return pass(exchange, { ...open, session: { ...session, counter: null } }, { ...body, ifMatch: session.etag });
}

/** To the media server and back. What the session has become is remembered before the client hears of it. */
async function pass(
	exchange: Exchange,
	open: OpenSession,
	ask: Parameters<typeof change>[3],
): Promise<Decision<Response>> {
	const { gate } = exchange;
	const { participant, record, rules, session } = open;
	const changed = await change(gate, record, session, ask);
	if (!changed.allowed) {
		if (changed.refusal.reason === "resource-not-found")
			await askRoom(gate, rules, "leave", { participant: participant.id, because: "connection-lost" });
		return changed;
	}
	const { status, fragment, etag } = changed.value;
	if (etag !== null || ask.type === SDP) {
		const provider = { session: { ...session, etag: etag ?? session.etag } };
		const remembered = await askRoom(gate, rules, "remember", { participant: participant.id, provider });
		if (!remembered.allowed) return remembered;
	}
	const answer = plain(exchange, status, fragment);
	if (fragment !== null) answer.headers.set("Content-Type", FRAGMENT);
	if (etag !== null && status === 200) answer.headers.set("ETag", etag);
	return allow(answer);
}

/** `DELETE`: leaves, and ends the session at the media server; whatever is over is over already. */
export async function end(exchange: Exchange, ticket: string, door: Door): Promise<Decision<Response>> {
	const { gate } = exchange;
	const open = await openSession(exchange, ticket, door);
	if (!open.allowed) return open.refusal.reason === "participant-gone" ? allow(plain(exchange, 200)) : open;
	const { record, rules, session, participant } = open.value;
	try {
		await deleteSession(gate, record, session);
		await askRoom(gate, rules, "remember", { participant: participant.id, provider: { session: null } });
	} catch (fault) {
		// The room ejects who leaves, and tries again until the server has done it.
		gate.ports.log({ event: "fault", where: "media-server", session: record.id, message: String(fault) });
	}
	const left = await askRoom(gate, rules, "leave", { participant: participant.id, because: "left" });
	return left.allowed ? allow(plain(exchange, 200)) : left;
}

function plain(exchange: Exchange, status: number, body: string | null = null): Response {
	logDecision(exchange, { status });
	return new Response(body, { status, headers: decisionHeaders(answerContext(exchange)) });
}
