import type { Account } from "../../catalog/catalog.ts";
import type { E2eeSessionRecord } from "../../catalog/e2ee-session-record.ts";
import { type Decision, refuse } from "../../decision/decision.ts";
import type { Gate } from "../../gate.ts";
import { retried } from "../../retry.ts";
import { unwire, wire } from "../../limits/contract.ts";
import { providers } from "../providers/index.ts";
import {
	type Candidate,
	type ClaimAsk,
	type Command,
	type DropAsk,
	type GoneBecause,
	type JoinAsk,
	type Participant,
	type Released,
	type RenewAsk,
	type RoomCall,
	type RoomReply,
	type RoomRules,
	type RoomStatus,
	type Seated,
	roomObjectName,
} from "./contract.ts";

/** What may be asked of a room, and what it answers. */
interface Calls {
	readonly check: { ask: Candidate; value: { readonly waits: boolean } };
	readonly admit: { ask: JoinAsk; value: Seated };
	readonly takeBack: { ask: { participant: string; spent: string }; value: null };
	readonly look: { ask: { participant: string }; value: Participant };
	readonly renew: { ask: RenewAsk; value: Seated };
	readonly leave: { ask: { participant: string; because: GoneBecause }; value: null };
	readonly list: { ask: { gone: boolean }; value: RoomStatus };
	readonly command: { ask: Command; value: Participant | null };
	readonly tell: { ask: { readonly former: E2eeSessionRecord } | null; value: null };
	readonly claim: { ask: ClaimAsk; value: Seated | null };
	readonly drop: { ask: DropAsk; value: null };
	readonly remember: {
		ask: { participant: string; provider: Readonly<Record<string, unknown>>; here?: boolean };
		/** `before`: what was remembered until now. */
		value: Participant & { readonly before?: Participant["provider"] };
	};
}

type Stub = Readonly<Record<keyof Calls, (call: string) => Promise<string>>>;

/** The rules that a session's record makes for its room. */
export async function rulesOf(gate: Gate, account: Account, record: E2eeSessionRecord): Promise<RoomRules> {
	const webhook = await gate.catalog.joinWebhook(account, gate.ports.now()).catch(() => undefined);
	return {
		account: record.account_id,
		session: record.id,
		provider: record.provider,
		status: record.status,
		statusChangedAt: record.status_changed_at,
		maxParticipants: record.max_participants,
		lobby: record.lobby,
		singleUse: record.single_use,
		identity: record.identity,
		reconnectSeconds: record.reconnect_seconds,
		ticketSeconds: record.ticket_seconds,
		presence: providers[record.provider].presence(record),
		revision: Date.parse(record.updated_at ?? "") || 0,
		endsAt: record.ends_at === null ? null : record.ends_at * 1000,
		webhook: webhook !== null,
		speaks: record.provider === "webrtc" && record.webrtc?.mode === "room",
	};
}

/**
 * One call of a session's room; a refusal where it cannot be reached. Sessions of viewers that nobody in the room holds any more are ended
 * before this returns, so that their slots are free at once.
 */
export async function askRoom<M extends keyof Calls>(
	gate: Gate,
	rules: RoomRules,
	method: M,
	ask: Calls[M]["ask"],
): Promise<Decision<Calls[M]["value"]>> {
	const name = roomObjectName(rules.account, rules.session);
	const call = wire<RoomCall<Calls[M]["ask"]>>({ rules, ask });
	const onFault = (fault: unknown): void =>
		gate.ports.log({ event: "fault", where: "room", call: method, message: String(fault) });
	try {
		// A stub is broken after a fault: a new one each time.
		const text = await retried(() => stubOf(gate, name)[method](call), onFault);
		const { answer, released } = unwire<RoomReply<Calls[M]["value"]>>(text);
		await Promise.all(released.map((session) => endViewerSession(gate, session)));
		return answer;
	} catch {
		return refuse({ reason: "room-unavailable" });
	}
}

const stubOf = (gate: Gate, name: string): Stub => gate.sessionRooms.getByName(name) as unknown as Stub;

/** Where that fails, the room's alarm does it again. */
export async function endViewerSession(gate: Gate, { viewer, key, startedAt }: Released): Promise<void> {
	try {
		await gate.limits.getByName(viewer).endSessions(key, "player", startedAt);
		gate.admissions.forgetSessions(viewer, [key]);
	} catch (fault) {
		gate.ports.log({ event: "fault", where: "room-release", message: String(fault) });
	}
}

/** The session's record was changed: its room goes by what it says now. */
export async function tellRoom(gate: Gate, account: Account, record: E2eeSessionRecord): Promise<void> {
	await askRoom(gate, await rulesOf(gate, account, record), "tell", null);
}

/**
 * The session as this record has it is over, for the record is to be deleted or to name another provider: everybody goes, and nobody comes in
 * until a later record says so. The room keeps it, for their provider is told by it.
 */
export async function endRoom(
	gate: Gate,
	account: Account,
	former: E2eeSessionRecord,
	endedAt: number,
): Promise<Decision<null>> {
	const ended = { ...former, status: "ended" as const, status_changed_at: endedAt };
	return askRoom(gate, await rulesOf(gate, account, ended), "tell", { former });
}
