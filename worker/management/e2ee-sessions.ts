import type { Account } from "../catalog/catalog.ts";
import { maskE2eeSession } from "../catalog/e2ee-session.ts";
import type { E2eeSessionRecord, SessionStatus } from "../catalog/e2ee-session-record.ts";
import {
	type StoredSession,
	acceptSession,
	deleteSession,
	storedSession,
	writeSession,
} from "../catalog/e2ee-session-store.ts";
import { kvKeys } from "../catalog/kv-keys.ts";
import { type Decision, allow, refuse } from "../decision/decision.ts";
import { askRoom, endRoom, rulesOf, tellRoom } from "../join/room/client.ts";
import { guardValue } from "../join/secret-guard.ts";
import { type ManagedCall, type ManagedHandler, json, noContent, readJson } from "./managed.ts";
import { listIds } from "./named-records.ts";

/** One page of the account's sessions, whatever their providers, each with how it stands now. */
export const listE2eeSessions: ManagedHandler = async (call) => {
	const { gate, nowMs } = call.exchange;
	const [{ entries, cursor }, account] = await Promise.all([
		listIds(call, kvKeys.e2eeSessionsOf(call.account)),
		gate.catalog.account(call.account, nowMs),
	]);
	const sessions = await Promise.all(entries.map(({ id }) => standing(call, account, id)));
	return json(call, { e2ee_sessions: sessions, cursor });
};

const UNKNOWN = {
	name: null,
	provider: null,
	starts_at: null,
	ends_at: null,
	max_participants: null,
	status: null,
	participants: null,
	waiting: null,
} as const;

/** Null for what cannot be known: the record cannot be read, or the room cannot be reached. */
async function standing({ exchange: { gate, nowMs } }: ManagedCall, account: Account, id: string) {
	const session = await storedSession(gate, account.id, id);
	if (!session) return { id, ...UNKNOWN };
	const { name, provider, starts_at, ends_at, max_participants } = session;
	const told = { id, name, provider, starts_at, ends_at, max_participants };
	const isOver = session.status === "ended" || (ends_at !== null && ends_at * 1000 <= nowMs);
	if (isOver) return { ...told, status: session.status, participants: 0, waiting: 0 };
	const room = await askRoom(gate, await rulesOf(gate, account, session), "list", { gone: false });
	if (!room.allowed) return { ...told, status: session.status, participants: null, waiting: null };
	const { status, participants } = room.value;
	const waiting = participants.filter((each) => each.status === "waiting").length;
	return { ...told, status, participants: participants.length - waiting, waiting };
}

export const getE2eeSession: ManagedHandler = async (call) => {
	const session = await storedSession(call.exchange.gate, call.account, call.id);
	if (!session) return refuse({ reason: "e2ee-session-not-found" });
	return json(call, maskE2eeSession({ ...session, status: await statusInRoom(call, session) }));
};

/** A moderator may have locked or ended the session in its room, of which the record does not know. */
async function statusInRoom(
	{ exchange: { gate, nowMs }, account }: ManagedCall,
	session: E2eeSessionRecord,
): Promise<SessionStatus> {
	const rules = await rulesOf(gate, await gate.catalog.account(account, nowMs), session);
	const room = await askRoom(gate, rules, "list", { gone: false });
	return room.allowed ? room.value.status : session.status;
}

/** Replaces the whole record. A secret that is sent as its mask keeps the value that is stored. */
export const putE2eeSession: ManagedHandler = async (call) => {
	const { exchange, account, id } = call;
	const body = await readJson(call);
	if (!body.allowed) return body;
	const guarded = guardValue(body.value); // no more than a join may a record bring it here, be it in its custom_fields
	if (!guarded.allowed) return guarded;
	const stored = await storedSession(exchange.gate, account, id);
	const status = stored ? await statusInRoom(call, stored) : undefined;
	const accepted = await acceptSession(exchange.gate, { account, id, nowMs: exchange.nowMs, status }, body.value);
	if (!accepted.ok) return refuse({ reason: "record-invalid", issues: accepted.issues });
	const moved = await leaveProvider(call, accepted.value);
	if (!moved.allowed) return moved;
	const { before, session } = moved.value;
	await writeSession(exchange.gate, moved.value);
	if (before) await tellRoom(exchange.gate, await exchange.gate.catalog.account(account, exchange.nowMs), session);
	return json(call, maskE2eeSession(session), before ? 200 : 201);
};

/** Whoever is in a session that moves to another provider goes first, by the record that they are in by, and can join anew. */
async function leaveProvider(call: ManagedCall, { before, session }: StoredSession): Promise<Decision<StoredSession>> {
	if (!before || before.provider === session.provider) return allow({ before, session });
	const endedAt = Math.max(call.exchange.gate.ports.now(), before.status_changed_at + 1);
	const ended = await end(call, before, endedAt);
	const status_changed_at = Math.max(session.status_changed_at, endedAt + 1);
	return ended.allowed ? allow({ before, session: { ...session, status_changed_at } }) : ended;
}

/** Whoever is in goes first: a room that cannot be asked is asked again with the next call, which finds the record still there. */
export const deleteE2eeSession: ManagedHandler = async (call) => {
	const { gate } = call.exchange;
	const session = await storedSession(gate, call.account, call.id);
	if (!session) return refuse({ reason: "e2ee-session-not-found" });
	const ended = await end(call, session, Math.max(gate.ports.now(), session.status_changed_at + 1));
	if (!ended.allowed) return ended;
	await deleteSession(gate, session);
	return noContent(call);
};

async function end({ exchange: { gate, nowMs }, account }: ManagedCall, former: E2eeSessionRecord, endedAt: number) {
	return endRoom(gate, await gate.catalog.account(account, nowMs), former, endedAt);
}
