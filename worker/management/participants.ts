import { changeSession, storedSession } from "../catalog/e2ee-session-store.ts";
import type { E2eeSessionRecord, SessionStatus } from "../catalog/e2ee-session-record.ts";
import { type Decision, allow, refuse } from "../decision/decision.ts";
import { askRoom, rulesOf } from "../join/room/client.ts";
import type { Command, Participant, RoomRules } from "../join/room/contract.ts";
import { type ManagedCall, type ManagedHandler, json, noContent } from "./managed.ts";

/*
 * Who is in an end-to-end encrypted session, whatever its provider, and what ops may do about it. The room's object knows; the record in KV
 * is brought into line with it.
 */

interface Opened {
	readonly record: E2eeSessionRecord;
	readonly rules: RoomRules;
}

async function open(call: ManagedCall): Promise<Decision<Opened>> {
	const { gate, nowMs } = call.exchange;
	const record = await storedSession(gate, call.account, call.id);
	if (!record) return refuse({ reason: "e2ee-session-not-found" });
	const account = await gate.catalog.account(call.account, nowMs);
	return allow({ record, rules: await rulesOf(gate, account, record) });
}

const seconds = (ms: number): number => Math.floor(ms / 1000);

function shown(participant: Participant) {
	const { id, name, role, status, uid, device, sdk, version, because, goneAt = null } = participant;
	return {
		id,
		name,
		role,
		status,
		uid,
		token_id: participant.tokenId,
		device,
		sdk,
		version,
		joined_at: seconds(participant.joinedAt),
		expires_at: seconds(participant.expiresAt),
		because,
		gone_at: goneAt === null ? null : seconds(goneAt),
	};
}

/** Those who are in or wait, in the order in which they came; with `?all=true` those too that are gone, the last one first. */
export const listParticipants: ManagedHandler = async (call) => {
	const opened = await open(call);
	if (!opened.allowed) return opened;
	const gone = call.exchange.query.get("all") === "true";
	const listed = await askRoom(call.exchange.gate, opened.value.rules, "list", { gone });
	if (!listed.allowed) return listed;
	const { status, participants } = listed.value;
	return json(call, { session_id: call.id, status, participants: participants.map(shown) });
};

const MOST_BAN_SECONDS = 10 * 366 * 86_400;
const MOST_WHY = 256;

/** Puts one out; with `?ban_seconds=` its uid (or its token, where that has none) does not come in again for so long. */
export const kickParticipant: ManagedHandler = async (call) => {
	const { query } = call.exchange;
	const seconds = query.get("ban_seconds") ?? "0";
	const why = query.get("reason");
	const banSeconds = /^\d{1,9}$/.test(seconds) ? Number(seconds) : Number.NaN;
	if (!(banSeconds <= MOST_BAN_SECONDS))
		return refuse({
			reason: "bad-request",
			detail: `ban_seconds must be a whole number from 0 to ${MOST_BAN_SECONDS}.`,
		});
	if (why !== null && why.length > MOST_WHY)
		return refuse({ reason: "bad-request", detail: `reason must be at most ${MOST_WHY} characters.` });
	const participant = participantOf(call);
	const kicked = await order(call, { command: "kick", participant, banSeconds, ...(why === null ? {} : { why }) });
	return kicked.allowed ? noContent(call) : kicked;
};

export const approveParticipant: ManagedHandler = (call) => ofParticipant(call, "approve");
export const denyParticipant: ManagedHandler = (call) => ofParticipant(call, "deny");

async function ofParticipant(call: ManagedCall, command: "approve" | "deny"): Promise<Decision<Response>> {
	const ordered = await order(call, { command, participant: participantOf(call) });
	if (!ordered.allowed) return ordered;
	return ordered.value ? json(call, shown(ordered.value)) : refuse({ reason: "participant-not-found" });
}

export const lockSession: ManagedHandler = (call) => ofSession(call, "lock", "locked");
export const unlockSession: ManagedHandler = (call) => ofSession(call, "unlock", "open");
export const endSession: ManagedHandler = (call) => ofSession(call, "end", "ended");

async function ofSession(
	call: ManagedCall,
	command: "lock" | "unlock" | "end",
	status: SessionStatus,
): Promise<Decision<Response>> {
	const ordered = await order(call, { command });
	if (!ordered.allowed) return ordered;
	const { gate, nowMs } = call.exchange;
	await changeSession(gate, { account: call.account, id: call.id, nowMs }, (session) => ({ ...session, status }));
	return json(call, { session_id: call.id, status });
}

async function order(call: ManagedCall, command: Command): Promise<Decision<Participant | null>> {
	const opened = await open(call);
	return opened.allowed ? askRoom(call.exchange.gate, opened.value.rules, "command", command) : opened;
}

/** What stands behind `/participants/` in the path. */
function participantOf({ exchange }: ManagedCall): string {
	return /\/participants\/([^/]*)/.exec(exchange.path)?.[1] ?? "";
}
