import { type Decision, allow, refuse } from "../../../../decision/decision.ts";
import type { Exchange } from "../../../../exchange.ts";
import { type Presented, presentTicket, tellParticipant } from "../../../participants.ts";
import { askRoom } from "../../../room/client.ts";
import type { Participant, ParticipantStatus } from "../../../room/contract.ts";
import { judgeSupport } from "../../../support/support.ts";
import { type OpenProject, openProject } from "../provider.ts";
import { isClientToken } from "../client-token.ts";

/** A participant who may ask for the session's particulars. */
export interface Guest extends OpenProject {
	readonly presented: Presented;
	readonly participant: Participant;
}

/** Who comes with a ticket: one who is in, or may come in, with a client that can encrypt, and with the token of the join. */
export async function admitGuest(exchange: Exchange, ticket: string, sessionId: string): Promise<Decision<Guest>> {
	const presented = await presentTicket(exchange, ticket);
	if (!presented.allowed) return presented;
	if (presented.value.record.provider !== "vonage") return refuse({ reason: "ticket-invalid" });
	const opened = await openProject(exchange, presented.value.record);
	if (!opened.allowed) return opened;
	const { session, project } = opened.value;
	if (session.vonage.session_id !== sessionId) return refuse({ reason: "e2ee-session-not-found" });
	const found = await askRoom(exchange.gate, presented.value.rules, "look", {
		participant: presented.value.ticket.participant,
	});
	if (!found.allowed) return found;
	const participant = found.value;
	tellParticipant(exchange, participant);
	const present = judgePresence(participant, presented.value, exchange.nowMs);
	if (!present.allowed) return present;
	const able = judgeSupport(exchange.headers, session, clientOf(exchange.headers));
	if (!able.allowed) return able;
	const token = exchange.headers.get("X-OPENTOK-AUTH") ?? "";
	const ask = { project, sessionId, participant, nowMs: exchange.nowMs };
	if (!(await isClientToken(token, ask))) return refuse({ reason: "vonage-token-mismatch" });
	return allow({ ...opened.value, presented: presented.value, participant });
}

const HERE: readonly ParticipantStatus[] = ["connected", "away"];

function judgePresence({ status, because }: Participant, { ticket }: Presented, nowMs: number): Decision {
	if (status === "gone") return refuse({ reason: "participant-gone", because: because ?? "left" });
	if (status === "waiting") return refuse({ reason: "participant-status", status, wanted: "admitted" });
	const isOver = ticket.opensUntil !== null && nowMs >= ticket.opensUntil * 1000;
	return isOver && !HERE.includes(status) ? refuse({ reason: "ticket-expired" }) : allow();
}

/** Names of the platform's SDKs, as they stand before the version: `js-2.35.2`. */
const SDKS: ReadonlyMap<string, string> = new Map([
	["js", "opentok.js"],
	["android", "opentok-android"],
	["ios", "opentok-ios"],
	["macos", "opentok-ios"],
	["windows", "opentok-windows"],
	["linux", "opentok-linux"],
]);
const CLIENT_VERSION = /^([a-z]+)-v?(\d.{0,63})$/i;

/** A client that does not say what it is is a web client of a version that is too old to say so. */
function clientOf(headers: Headers) {
	const [, name = "js", version = null] = CLIENT_VERSION.exec(headers.get("X-TB-CLIENT-VERSION")?.trim() ?? "") ?? [];
	const sdk = SDKS.get(name.toLowerCase());
	return sdk === undefined ? { sdk: "opentok.js", version: null } : { sdk, version };
}
