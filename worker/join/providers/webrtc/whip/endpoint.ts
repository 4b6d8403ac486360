import type { E2eeSessionRecord, JoinRole } from "../../../../catalog/e2ee-session-record.ts";
import { type Decision, allow, refuse } from "../../../../decision/decision.ts";
import { decisionHeaders } from "../../../../decision/response.ts";
import { type Exchange, answerContext } from "../../../../exchange.ts";
import { logDecision } from "../../../../observe/decision-log.ts";
import { locateToken } from "../../../../token/locate.ts";
import { withDeviceCookie } from "../../../answer.ts";
import { type Joined, decideJoin } from "../../../join.ts";
import { presentTicket } from "../../../participants.ts";
import { askRoom } from "../../../room/client.ts";
import { openSeat } from "../../../seat.ts";
import { iceServers } from "../provider.ts";
import { admitSdp } from "../sdp-admission.ts";
import { readTyped } from "./body.ts";
import { iceServerLinks } from "./links.ts";
import { type Door, FRAGMENT, type Negotiated, SDP, deleteSession, isFor, negotiate } from "./media-server.ts";
import { type MediaSession, rememberedOf } from "./remembered.ts";

export interface EndpointPath {
	readonly account: string;
	readonly session: string;
	readonly door: Door;
}

/** Roles that a door asks for, the one that may do least first; some clients offer both ways, which takes a role that may do both. */
export const ROLES: Readonly<Record<Door, readonly JoinRole[]>> = {
	whip: ["publisheronly", "publisher", "moderator"],
	whep: ["subscriber", "publisher", "moderator"],
};
const BOTH_WAYS: readonly JoinRole[] = ["publisher", "moderator"];

/** An offer that anybody might send, and the roles that it needs one of. */
interface Offer {
	readonly text: string;
	readonly roles: readonly JoinRole[];
}

/** Who offers, once the gate has let them in. */
type Offering = Pick<Joined, "record" | "rules" | "participant" | "ticket">;

/** `POST` of an offer with a token: the whole story of a join, then the media server's answer, or a counter-offer (WHEP). */
export async function offerWithToken(
	exchange: Exchange,
	{ account, session, door }: EndpointPath,
): Promise<Decision<Response>> {
	const token = tokenOf(exchange);
	if (!token.allowed) return token;
	const offer = await readOffer(exchange, door);
	if (!offer.allowed) return offer;
	const role = await roleFor(exchange, account, session, offer.value.roles);
	const wishes = { client: null, deviceId: null, name: null, role, isFor: isFor(door) };
	const joined = await decideJoin(exchange, { account, session, token: token.value, ...wishes });
	if (!joined.allowed) return joined;
	try {
		const answer = await negotiated(exchange, joined.value, door, offer.value.text);
		if (answer.allowed) return allow(withDeviceCookie(exchange, joined.value, answer.value));
		await joined.value.undo();
		return answer;
	} catch (fault) {
		await joined.value.undo();
		throw fault;
	}
}

/** `POST` of an offer with the ticket of a join: it opens one session. */
export async function offerWithTicket(exchange: Exchange, ticket: string, door: Door): Promise<Decision<Response>> {
	const offer = await readOffer(exchange, door);
	if (!offer.allowed) return offer;
	const meant = await presentTicket(exchange, ticket);
	if (!meant.allowed) return meant;
	if (!isFor(door)(meant.value.record)) return refuse({ reason: "resource-not-found" }); // and the ticket stays unused
	const seat = await openSeat(exchange, { provider: "webrtc", ticket, kind: "once" });
	if (!seat.allowed) return seat;
	const { control, ...opened } = seat.value;
	try {
		const answer = await negotiated(exchange, { ...opened, ticket }, door, offer.value.text);
		if (answer.allowed) logDecision(exchange, { status: answer.value.status });
		return answer;
	} finally {
		control.close(); // the room knows by now that the participant is there, or waits for it to come again
	}
}

/** Judged but for the role of who sends it, so that a description which nobody may send spends nothing. */
async function readOffer(exchange: Exchange, door: Door): Promise<Decision<Offer>> {
	const body = await readTyped(exchange, [SDP]);
	if (!body.allowed) return body;
	const judged = admitSdp(body.value.text, { kind: "offer", door, role: null });
	if (!judged.allowed) return judged;
	const goesBothWays = judged.value.media.some(
		({ isLive, direction, kind }) => isLive && kind !== "application" && direction === "sendrecv",
	);
	return allow({ text: body.value.text, roles: goesBothWays ? BOTH_WAYS : ROLES[door] });
}

/** Of the usual carriers; one client library sends the token as the whole of Authorization, without its scheme (reference: rtc 4.2). */
export function tokenOf(exchange: Exchange): Decision<string> {
	const headers = new Headers(exchange.headers);
	const authorization = headers.get("Authorization")?.trim() ?? "";
	if (/^[\w-]+\.[\w-]+\.[\w-]+$/.test(authorization)) headers.set("Authorization", `Bearer ${authorization}`);
	return locateToken(headers, exchange);
}

/** The first of these that is among the session's roles; where it has none of them, the join says so. */
export async function roleFor(
	exchange: Exchange,
	account: string,
	session: string,
	roles: readonly JoinRole[],
): Promise<JoinRole> {
	const { catalog } = exchange.gate;
	const found = await catalog.e2eeSession(await catalog.account(account, exchange.nowMs), session, exchange.nowMs);
	const [least = "publisher"] = roles;
	return roles.find((role) => found?.roles.includes(role)) ?? least;
}

async function negotiated(
	exchange: Exchange,
	offering: Offering,
	door: Door,
	text: string,
): Promise<Decision<Response>> {
	const { gate } = exchange;
	const { record, rules, participant, ticket } = offering;
	if (participant.status === "waiting")
		return refuse({ reason: "participant-status", status: "waiting", wanted: "admitted" });
	const offer = admitSdp(text, { kind: "offer", door, role: participant.role });
	if (!offer.allowed) return offer;
	const ice = await iceServers(exchange, record, participant);
	if (!ice.allowed) return ice;
	const answer = await negotiate(gate, record, door, text, offer.value);
	if (!answer.allowed) return answer;
	const { session } = answer.value;
	const ask = { participant: participant.id, provider: { ...ice.value.remember, session }, here: true };
	const remembered = await askRoom(gate, rules, "remember", ask);
	if (!remembered.allowed) {
		await drop(exchange, record, session); // put out meanwhile
		return remembered;
	}
	const { session: earlier } = rememberedOf({ provider: remembered.value.before ?? {} });
	if (earlier !== null) await drop(exchange, record, earlier); // nothing would end it any more
	return allow(answered(exchange, answer.value, { door, ticket, links: iceServerLinks(ice.value.servers) }));
}

/** Nobody will ever use it. Where the server does not end it now, it ends by its own time limits. */
async function drop({ gate }: Exchange, record: E2eeSessionRecord, session: MediaSession): Promise<void> {
	try {
		await deleteSession(gate, record, session);
	} catch (fault) {
		gate.ports.log({ event: "fault", where: "media-server", session: record.id, message: String(fault) });
	}
}

interface Given {
	readonly door: Door;
	readonly ticket: string;
	readonly links: readonly string[];
}

/** Nothing of the server's own addresses is in it: its session is told as one of the gate, its links are left out. */
function answered(exchange: Exchange, { status, sdp, session }: Negotiated, { door, ticket, links }: Given): Response {
	const headers = new Headers(decisionHeaders(answerContext(exchange)));
	headers.set("Content-Type", SDP);
	headers.set("Location", `${new URL(exchange.url).origin}/join/v1/${door}/${ticket}`);
	headers.set("Accept-Patch", session.counter === null ? FRAGMENT : `${SDP}, ${FRAGMENT}`);
	if (session.etag !== null) headers.set("ETag", session.etag);
	for (const link of links) headers.append("Link", link);
	return new Response(sdp, { status, headers });
}
