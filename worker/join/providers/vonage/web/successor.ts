import type { E2eeSessionRecord } from "../../../../catalog/e2ee-session-record.ts";
import { type Decision, allow } from "../../../../decision/decision.ts";
import type { Exchange } from "../../../../exchange.ts";
import type { Presented } from "../../../participants.ts";
import { askRoom, rulesOf } from "../../../room/client.ts";
import type { Participant, RoomRules } from "../../../room/contract.ts";
import { tellSession } from "../../../tell-session.ts";
import { participantIn } from "../client-token.ts";
import { openProject } from "../provider.ts";
import { vonageSession } from "../vonage-account.ts";

/** A participant, and where it is. */
export interface Present {
	readonly record: E2eeSessionRecord;
	readonly rules: RoomRules;
	readonly participant: Participant;
}

/**
 * A page has one proxy URL as long as it is there: `OT.setProxyUrl` works once. Who has gone and joined again in the same page, or joins
 * another session of the account there, comes with the ticket of the first join, and with the token of the last: of the same viewer, or it
 * is nobody's. Null where there is no such join; whether this one may connect is still to be judged.
 */
export async function successorOf(
	exchange: Exchange,
	{ account, record: before }: Presented,
	first: Participant,
	sessionId: string,
): Promise<Present | null> {
	const { gate, nowMs, headers } = exchange;
	const isSame = vonageSession(before)?.vonage.session_id === sessionId;
	const record = isSame ? before : await gate.catalog.e2eeSessionByProvider(account, "vonage", sessionId, nowMs);
	if (!record) return null;
	const opened = await openProject(exchange, record);
	if (!opened.allowed) return null;
	const id = await participantIn(headers.get("X-OPENTOK-AUTH") ?? "", opened.value.project);
	if (id === null || id === first.id) return null;
	const rules = await rulesOf(gate, account, record);
	const found = await askRoom(gate, rules, "look", { participant: id });
	if (!found.allowed || !isSameViewer(found.value, first)) return null;
	tellSession(exchange, record);
	return { record, rules, participant: found.value };
}

const isSameViewer = (last: Participant, first: Participant): boolean =>
	first.uid === null ? last.uid === null && last.tokenId === first.tokenId : last.uid === first.uid;

/** A ticket for one who came with that of another join. */
export async function ticketOf({ gate }: Exchange, { rules, participant }: Present): Promise<Decision<string>> {
	const renewed = await askRoom(gate, rules, "renew", { participant: participant.id, stay: null });
	if (!renewed.allowed) return renewed;
	const { account, session } = rules;
	const number = renewed.value.ticket;
	return allow(gate.tickets.sign({ account, session, participant: participant.id, number, opensUntil: null }));
}
