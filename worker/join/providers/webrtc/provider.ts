import type { Account } from "../../../catalog/catalog.ts";
import type { E2eeSessionRecord, WebrtcPart } from "../../../catalog/e2ee-session-record.ts";
import { type Decision, allow, refuse } from "../../../decision/decision.ts";
import type { Exchange } from "../../../exchange.ts";
import type { AdmittedJoin, Greeting, JoinMaterial, JoinProvider } from "../../provider.ts";
import type { Participant } from "../../room/contract.ts";
import { revokeTurn, turnServers } from "./turn.ts";
import { deleteSession } from "./whip/media-server.ts";
import { rememberedOf } from "./whip/remembered.ts";

/** Rooms of the gate itself, whose clients speak to each other through it, and media servers with WHIP and WHEP endpoints. */
export const webrtcProvider: JoinProvider = {
	name: "webrtc",
	presence: () => true,
	judge,
	material,
	eject,
	greet,
};

function judge(_exchange: Exchange, record: E2eeSessionRecord): Decision {
	const { mode, endpoint } = partOf(record);
	if (mode === "room" || endpoint !== null) return allow();
	return refuse({ reason: "provider-not-configured", provider: "webrtc", detail: "the session has no endpoint" });
}

async function material({
	exchange,
	record,
	participant,
	ticket,
	origin,
}: AdmittedJoin): Promise<Decision<JoinMaterial>> {
	const ice = await iceServers(exchange, record, participant);
	if (!ice.allowed) return ice;
	const { mode } = partOf(record);
	const url =
		mode === "room"
			? `${origin.replace(/^http/, "ws")}/join/v1/rooms/${ticket}`
			: `${origin}/join/v1/${mode}/${ticket}`;
	return allow({ join: { url, ice_servers: ice.value.servers }, remember: ice.value.remember });
}

async function greet({
	exchange,
	record,
	participant,
}: Parameters<NonNullable<JoinProvider["greet"]>>[0]): Promise<Decision<Greeting>> {
	const ice = await iceServers(exchange, record, participant);
	if (!ice.allowed) return ice;
	return allow({ greeting: { ice_servers: ice.value.servers }, remember: ice.value.remember });
}

/** Nothing more comes of what the participant was given: the session at the media server ends, TURN credentials are revoked. */
async function eject({
	gate,
	account,
	record,
	participant,
}: Parameters<NonNullable<JoinProvider["eject"]>>[0]): Promise<void> {
	const { session, turn } = rememberedOf(participant);
	const done = await Promise.allSettled([
		session === null ? null : deleteSession(gate, record, session),
		turn.length === 0 ? null : revokeTurn(gate, account, turn),
	]);
	const failed = done.find((each) => each.status === "rejected");
	if (failed) throw failed.reason;
}

/** How many user names of one participant can be revoked; the older ones end by themselves. */
const MOST_REMEMBERED = 8;

/** The session's own ICE servers, and the account's with credentials of this participant. */
export async function iceServers(
	{ gate, told }: Exchange,
	record: E2eeSessionRecord,
	participant: Pick<Participant, "id" | "expiresAt" | "provider">,
) {
	const account: Account = told.account ?? (await gate.catalog.account(record.account_id, gate.ports.now()));
	const turn = await turnServers(gate, account, { participant: participant.id, untilMs: participant.expiresAt });
	if (!turn.allowed) return turn;
	const { servers, revocable } = turn.value;
	const names = [...rememberedOf(participant).turn, ...revocable].slice(-MOST_REMEMBERED);
	const remember = revocable.length === 0 ? {} : { turn: names };
	return allow({ servers: [...partOf(record).ice_servers, ...servers], remember });
}

const ROOM: WebrtcPart = { mode: "room", endpoint: null, endpoint_token: null, ice_servers: [] };
export const partOf = ({ webrtc }: E2eeSessionRecord): WebrtcPart => webrtc ?? ROOM;
