import { type Decision, allow, refuse } from "../../../../decision/decision.ts";
import type { Exchange } from "../../../../exchange.ts";
import { presentTicket, tellParticipant } from "../../../participants.ts";
import { askRoom } from "../../../room/client.ts";
import type { Participant, ParticipantStatus, RoomRules } from "../../../room/contract.ts";
import { judgeSupport } from "../../../support/support.ts";
import { type OpenProject, openProject } from "../provider.ts";
import { isClientToken } from "../client-token.ts";
import { vonageSession } from "../vonage-account.ts";
import { type Present, successorOf, ticketOf } from "./successor.ts";

/** A participant who may ask for the session's particulars. */
export interface Guest extends OpenProject {
	readonly rules: RoomRules;
	readonly participant: Participant;
	/** What its messaging opens with. */
	readonly ticket: string;
}

/** Who comes with a ticket: one who is in, or may come in, with a client that can encrypt, and with the token of the join. */
export async function admitGuest(exchange: Exchange, ticket: string, sessionId: string): Promise<Decision<Guest>> {
	const presented = await presentTicket(exchange, ticket);
	if (!presented.allowed) return presented;
	const { record, rules, ticket: named } = presented.value;
	if (record.provider !== "vonage") return refuse({ reason: "ticket-invalid" });
	const found = await askRoom(exchange.gate, rules, "look", { participant: named.participant });
	if (!found.allowed) return found;
	const isElse = found.value.status === "gone" || vonageSession(record)?.vonage.session_id !== sessionId;
	const successor = isElse ? await successorOf(exchange, presented.value, found.value, sessionId) : null;
	const present = successor ?? { record, rules, participant: found.value };
	tellParticipant(exchange, present.participant);
	const judged = await judgeGuest(exchange, present, sessionId, successor ? null : named.opensUntil);
	if (!judged.allowed) return judged;
	const last = successor ? await ticketOf(exchange, successor) : allow(ticket);
	return last.allowed ? allow({ ...judged.value, ...present, ticket: last.value }) : last;
}

async function judgeGuest(
	exchange: Exchange,
	{ record, participant }: Present,
	sessionId: string,
	opensUntil: number | null,
): Promise<Decision<OpenProject>> {
	const { headers, nowMs } = exchange;
	const opened = await openProject(exchange, record);
	if (!opened.allowed) return opened;
	const { session, project } = opened.value;
	if (session.vonage.session_id !== sessionId) return refuse({ reason: "e2ee-session-not-found" });
	const present = judgePresence(participant, opensUntil, nowMs);
	if (!present.allowed) return present;
	const able = judgeSupport(headers, session, clientOf(headers));
	if (!able.allowed) return able;
	const token = headers.get("X-OPENTOK-AUTH") ?? "";
	if (!(await isClientToken(token, { project, sessionId, participant, nowMs })))
		return refuse({ reason: "vonage-token-mismatch" });
	return opened;
}

const HERE: readonly ParticipantStatus[] = ["connected", "away"];

function judgePresence({ status, because }: Participant, opensUntil: number | null, nowMs: number): Decision {
	if (status === "gone") return refuse({ reason: "participant-gone", because: because ?? "left" });
	if (status === "waiting") return refuse({ reason: "participant-status", status, wanted: "admitted" });
	const isOver = opensUntil !== null && nowMs >= opensUntil * 1000;
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
