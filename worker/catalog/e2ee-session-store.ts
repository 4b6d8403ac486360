import { Sealer } from "../sealing.ts";
import {
	SESSION_PURPOSE,
	acceptE2eeSession,
	providerKeyOf,
	readE2eeSession,
	writeE2eeSession,
} from "./e2ee-session.ts";
import type { E2eeSessionRecord, SessionStatus } from "./e2ee-session-record.ts";
import type { Parsed } from "./issues.ts";
import { kvKeys } from "./kv-keys.ts";
import { PART_RULES } from "./session-parts.ts";

/** What a writer of sessions needs of the gate. */
export interface SessionStore {
	readonly kv: KVNamespace;
	readonly settings: { readonly contentSecret: string; readonly local: boolean };
	readonly catalog: { readonly forgetE2eeSession: (session: E2eeSessionRecord) => void };
}

/** Both of a write: what there was, null for nothing, and what there is now. Secrets are sealed. */
export interface StoredSession {
	readonly before: E2eeSessionRecord | null;
	readonly session: E2eeSessionRecord;
}

const sealerOf = ({ settings }: SessionStore): Sealer => new Sealer(settings.contentSecret, SESSION_PURPOSE);

/** Straight from KV, not from an isolate's cache, secrets sealed. Null when there is none, or none that can be read. */
export async function storedSession(
	store: SessionStore,
	account: string,
	id: string,
): Promise<E2eeSessionRecord | null> {
	const text = await store.kv.get(kvKeys.e2eeSession(account, id));
	const session = text === null ? null : readE2eeSession(text, sealerOf(store));
	return session?.ok ? session.value : null;
}

interface WritePlace {
	readonly account: string;
	readonly id: string;
	readonly nowMs: number;
	/** The status that the session has, where its room has changed it since the record was written. */
	readonly status?: SessionStatus | undefined;
}

/** Validates and writes a session, whole. */
export async function storeSession(
	store: SessionStore,
	place: WritePlace,
	input: unknown,
): Promise<Parsed<StoredSession>> {
	const accepted = await acceptSession(store, place, input);
	if (accepted.ok) await writeSession(store, accepted.value);
	return accepted;
}

/** What a write comes to; nothing is written yet. A name that its provider has given a session finds one session of the account. */
export async function acceptSession(
	store: SessionStore,
	{ account, id, nowMs, status }: WritePlace,
	input: unknown,
): Promise<Parsed<StoredSession>> {
	const before = await storedSession(store, account, id);
	const stored = before && { ...before, status: status ?? before.status };
	const place = { account, id, nowMs, local: store.settings.local, stored };
	const accepted = acceptE2eeSession(input, place, sealerOf(store));
	if (!accepted.ok) return accepted;
	const session = dated(accepted.value, before, nowMs);
	const owner = await otherOwner(store, session);
	if (owner === null) return { ok: true, value: { before, session } };
	return { ok: false, issues: [`${PART_RULES[session.provider].named}: already names the session "${owner}"`] };
}

/** Writes what was accepted. */
export async function writeSession(store: SessionStore, { before, session }: StoredSession): Promise<void> {
	await claimProviderId(store, session);
	await store.kv.put(kvKeys.e2eeSession(session.account_id, session.id), writeE2eeSession(session));
	if (before) await dropProviderId(store, before, session);
	forget(store, before, session);
}

/** Changes some members of a session that is there, as the gate itself learns them; null when there is none. */
export async function changeSession(
	store: SessionStore,
	place: { readonly account: string; readonly id: string; readonly nowMs: number },
	change: (session: E2eeSessionRecord) => E2eeSessionRecord,
): Promise<Parsed<StoredSession> | null> {
	const before = await storedSession(store, place.account, place.id);
	return before && storeSession(store, place, change(before));
}

/** Deletes a session that was stored, and the name that its provider finds it by. */
export async function deleteSession(store: SessionStore, session: E2eeSessionRecord): Promise<void> {
	await store.kv.delete(kvKeys.e2eeSession(session.account_id, session.id));
	await dropProviderId(store, session, null);
	forget(store, session);
}

/** Another session that the provider calls the same; null when there is none. */
async function otherOwner(store: SessionStore, session: E2eeSessionRecord): Promise<string | null> {
	const key = providerKeyOf(session);
	const owner = key === null ? null : await store.kv.get(key);
	const other = owner === null || owner === session.id ? null : await storedSession(store, session.account_id, owner);
	return other && providerKeyOf(other) === key ? other.id : null;
}

async function claimProviderId({ kv }: SessionStore, session: E2eeSessionRecord): Promise<void> {
	const key = providerKeyOf(session);
	if (key !== null && (await kv.get(key)) !== session.id) await kv.put(key, session.id);
}

async function dropProviderId({ kv }: SessionStore, before: E2eeSessionRecord, after: E2eeSessionRecord | null) {
	const last = providerKeyOf(before);
	if (last !== null && last !== (after && providerKeyOf(after))) await kv.delete(last);
}

function forget({ catalog }: SessionStore, ...sessions: readonly (E2eeSessionRecord | null)[]): void {
	for (const session of sessions) if (session) catalog.forgetE2eeSession(session);
}

/** When the record was made and last written. */
function dated(session: E2eeSessionRecord, before: E2eeSessionRecord | null, nowMs: number): E2eeSessionRecord {
	const now = new Date(nowMs).toISOString();
	return { ...session, created_at: before?.created_at ?? session.created_at ?? now, updated_at: now };
}
