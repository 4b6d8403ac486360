import { type Decision, allow, refuse } from "../../../../decision/decision.ts";
import type { Refusal } from "../../../../decision/refusals.ts";
import type { Exchange } from "../../../../exchange.ts";
import { logDecision } from "../../../../observe/decision-log.ts";
import { dial, passedHeaders } from "../../../dial.ts";
import { askRoom } from "../../../room/client.ts";
import { type OpenSeat, openSeat } from "../../../seat.ts";
import { SWITCHED, closeSocket } from "../../../sockets.ts";
import { unavailable } from "../api/platform.ts";
import { vonageSession } from "../vonage-account.ts";
import { whenMoved } from "./migration.ts";
import type { ProxyTarget } from "./paths.ts";
import type { Speaker } from "./raptor.ts";
import { refusedToClient } from "./refused-upgrade.ts";
import { relay } from "./relay.ts";

/**
 * The messaging connection of a participant: its ticket opens a seat in the room, the service that the session's particulars named is
 * dialled, and frames go both ways, those of the client judged. A participant has one such connection at a time, but while it moves.
 */
export async function handleMessaging(exchange: Exchange, target: ProxyTarget): Promise<Response> {
	const { ticket } = target;
	const seat = await openSeat(exchange, { provider: "vonage", ticket, kind: "bound", alone: true });
	if (!seat.allowed) return refusedToClient(exchange, ticket, seat.refusal);
	const { control, dismissed, participant, rules } = seat.value;
	const line = (await isTooMany(exchange, seat.value)) ?? readLine(exchange, seat.value, target);
	const upstream = line.allowed ? await dialMessaging(exchange, line.value.url) : line;
	if (!line.allowed || !upstream.allowed) {
		closeSocket(control);
		return refusedToClient(exchange, ticket, upstream.allowed ? HOST : upstream.refusal);
	}
	const { 0: socket, 1: client } = new WebSocketPair();
	relay({ client, upstream: upstream.value, control, dismissed }, line.value.speaker, {
		refused: (refusal) => logDecision(exchange, { refusal, status: SWITCHED }),
		entered: async (connectionId) => {
			const ask = { participant: participant.id, provider: { connection_id: connectionId } };
			const remembered = await askRoom(exchange.gate, rules, "remember", ask);
			return remembered.allowed || remembered.refusal.reason !== "bad-request";
		},
		replaced: (connectionId, isOver) =>
			whenMoved({ gate: exchange.gate, rules, participant: participant.id, connectionId, isOver }),
	});
	logDecision(exchange, { status: SWITCHED });
	return new Response(null, { status: SWITCHED, webSocket: socket });
}

const HOST: Refusal = { reason: "vonage-host-refused" };

/** Places are given at the join; a limit that was lowered since then counts for who comes only now. */
async function isTooMany({ gate }: Exchange, { rules, participant }: OpenSeat) {
	const { maxParticipants: limit } = rules;
	if (limit === null) return null;
	const room = await askRoom(gate, rules, "list", { gone: false });
	if (!room.allowed) return room;
	const inside = room.value.participants.filter(({ status }) => status !== "waiting");
	const place = inside.findIndex(({ id }) => id === participant.id);
	return place >= limit ? refuse({ reason: "e2ee-session-full", limit }) : null;
}

interface Line {
	readonly url: string;
	readonly speaker: Speaker;
}

/** What the participant's session info named: nothing else can be reached. */
function readLine(exchange: Exchange, { participant, record }: OpenSeat, target: ProxyTarget): Decision<Line> {
	const session = vonageSession(record);
	if (!session) return refuse({ reason: "ticket-invalid" });
	const told = participant.provider;
	const [named, symphony, partner, print] = ["messaging_url", "symphony_address", "partner_id", "client_token"].map(
		(name) => told[name],
	);
	const url = typeof named === "string" ? URL.parse(named) : null;
	if (!url || typeof symphony !== "string" || typeof partner !== "string" || typeof print !== "string")
		return refuse(HOST);
	if (url.host !== hostOf(target, url.protocol) || bare(url.pathname) !== bare(target.path)) return refuse(HOST);
	url.search = joinedSearch(url.search, exchange.search);
	const known = told["connection_id"];
	const asks = told["asking"] ?? known;
	// Who could not connect at once says that it comes back, too: a page that was opened anew has another name than the one before it.
	const returns = exchange.query.get("reconnect") === "true" && typeof known === "string" && asks === known;
	const speaker: Speaker = {
		role: participant.role,
		session: `/v2/partner/${partner}/session/${session.vonage.session_id}`,
		symphony,
		tokenPrint: print,
		connectionId: returns ? known : null,
		isIn: returns,
	};
	return allow({ url: url.href, speaker });
}

/** The client repeats the query that was named, and puts its own behind it. */
function joinedSearch(named: string, asked: string): string {
	if (named === "" || asked === named || asked.startsWith(`${named}&`)) return asked;
	return `${named}&${asked.slice(1)}`.replace(/&$/, "");
}

/** Without the port where it is the protocol's own, which URLs leave out, and clients may not. */
const hostOf = ({ host }: ProxyTarget, protocol: string): string => URL.parse(`${protocol}//${host}`)?.host ?? host;

const bare = (path: string): string => path.replace(/\/+$/, "");

async function dialMessaging({ gate, headers }: Exchange, url: string): Promise<Decision<WebSocket>> {
	if (!gate.sources.reaches(new URL(url.replace(/^ws/, "http"))))
		return unavailable("its messaging address is not wss");
	return dial(gate, { provider: "vonage", url, headers: passedHeaders(headers, ["User-Agent", "Origin"]) });
}
