import { type Decision, allow, refuse } from "../../../decision/decision.ts";
import type { Refusal } from "../../../decision/refusals.ts";
import { type Exchange, refused } from "../../../exchange.ts";
import { logDecision } from "../../../observe/decision-log.ts";
import { type OpenSeat, openSeat } from "../../seat.ts";
import { NO_UPGRADE, SWITCHED, closeSocket, isUpgrade, listenTo } from "../../sockets.ts";
import { chimeSession } from "./chime-account.ts";
import { SUBPROTOCOL, dialService } from "./dial.ts";
import { farewellOfRefusal } from "./farewell.ts";
import { judgeIncoming, judgeSdk } from "./judge.ts";
import { relay } from "./relay.ts";
import { type ChimeSession, NO_SIGNALING_URL, printOf } from "./session-rules.ts";
import { sayFarewellToJoin } from "./sockets.ts";

/** Members that the SDK adds to the URL (reference: rtc 3.3). */
const CLOSES_ON_ERROR = "X-Amzn-Chime-Send-Close-On-Error";
const SDK_VERSION = "X-Amzn-Version";
const SDK_NAME = "amazon-chime-sdk-js";

/** A seat whose client may be connected to the service. */
interface Admitted {
	readonly session: ChimeSession;
	readonly url: string;
	readonly joinToken: string;
}

/**
 * The signalling connection of a participant: its ticket opens a seat in the room, the service is dialled with its JoinToken, and frames go
 * both ways until one side ends it. The SDK connects again with the same URL, so the ticket is bound to the client that came first.
 */
export async function handleSignaling(exchange: Exchange, ticket: string): Promise<Response> {
	const joinToken = readJoinToken(exchange);
	if (!joinToken.allowed) return refusedToClient(exchange, joinToken.refusal);
	const seat = await openSeat(exchange, { provider: "chime", ticket, kind: "bound" });
	if (!seat.allowed) return refusedToClient(exchange, seat.refusal);
	const { control, dismissed } = seat.value;
	const admitted = judgeSeat(exchange, seat.value, joinToken.value);
	if (!admitted.allowed) return giveUp(exchange, control, admitted.refusal);
	const { session } = admitted.value;
	const upstream = await dialService(exchange, session, admitted.value);
	if (!upstream.allowed) return giveUp(exchange, control, upstream.refusal);
	const { 0: socket, 1: client } = new WebSocketPair();
	relay(
		{ client, upstream: upstream.value, control, dismissed },
		{
			judgeSdk: (sdk) => judgeSdk(session, sdk),
			refused: (refusal) => logDecision(exchange, { refusal, status: SWITCHED }),
			now: exchange.gate.ports.now,
		},
	);
	logDecision(exchange, { status: SWITCHED });
	return switched(socket);
}

const switched = (webSocket: WebSocket): Response =>
	new Response(null, { status: SWITCHED, webSocket, headers: { "Sec-WebSocket-Protocol": SUBPROTOCOL } });

/** The JoinToken is the second name of a subprotocol: a browser can set no header. */
function readJoinToken({ headers }: Exchange): Decision<string> {
	if (!isUpgrade(headers)) return refuse(NO_UPGRADE);
	const protocols = (headers.get("Sec-WebSocket-Protocol") ?? "").split(",").map((name) => name.trim());
	const [joinToken, ...others] = protocols.filter((name) => name !== SUBPROTOCOL && name !== "");
	return protocols.includes(SUBPROTOCOL) && joinToken !== undefined && others.length === 0
		? allow(joinToken)
		: bad(`The WebSocket must ask for the subprotocols ${SUBPROTOCOL} and a JoinToken.`);
}

function judgeSeat(exchange: Exchange, { record, participant }: OpenSeat, joinToken: string): Decision<Admitted> {
	const session = chimeSession(record);
	if (!session) return refuse({ reason: "ticket-invalid" });
	const network = judgeIncoming(exchange, session);
	if (!network.allowed) return network;
	const version = exchange.query.get(SDK_VERSION);
	const sdk = version === null ? allow() : judgeSdk(session, { name: SDK_NAME, version });
	if (!sdk.allowed) return sdk;
	const { join_token: expected, signaling_url: made } = participant.provider;
	if (typeof expected === "string" && expected !== printOf(joinToken))
		return refuse({ reason: "chime-attendee-mismatch" });
	const url = typeof made === "string" ? made : session.chime.signaling_url;
	return url === null ? refuse(NO_SIGNALING_URL) : allow({ session, url, joinToken });
}

/** The seat stays the participant's, for as long as its record lets it come again. */
function giveUp(exchange: Exchange, control: WebSocket, refusal: Refusal): Response {
	closeSocket(control);
	return refusedToClient(exchange, refusal);
}

/** A client that asks for it hears within the connection why it may not go on: a browser's script cannot read a refused upgrade. */
function refusedToClient(exchange: Exchange, refusal: Refusal): Response {
	const response = refused(exchange, refusal, "problem");
	if (exchange.query.get(CLOSES_ON_ERROR) !== "1" || !readJoinToken(exchange).allowed) return response;
	const { 0: socket, 1: client } = new WebSocketPair();
	listenTo(client);
	sayFarewellToJoin(client, farewellOfRefusal(refusal), exchange.gate.ports.now);
	return switched(socket);
}

const bad = (detail: string) => refuse({ reason: "bad-request", detail });
