import * as v from "valibot";
import type { Ports } from "../ports.ts";
import { Sealer } from "../sealing.ts";
import { RecordCache } from "./cache.ts";
import { SESSION_PURPOSE, openIceServers, openSessionSecret, providerKeyOf, readE2eeSession } from "./e2ee-session.ts";
import type { E2eeSessionRecord, ProviderName } from "./e2ee-session-record.ts";
import { kvKeys } from "./kv-keys.ts";
import { providerIdOf } from "./session-parts.ts";
import { type Owner, ttlMsOf } from "./ttl.ts";
import { idSchema } from "./video-schema.ts";

/** A session as the gate uses it: the same object while its record in KV is the same. */
interface Kept {
	readonly record: E2eeSessionRecord;
	/** What it was made from. */
	readonly version: string;
}

type Found = E2eeSessionRecord | null | Promise<E2eeSessionRecord | null>;

const MOST_SESSIONS = 1000;

/** The end-to-end encrypted sessions of KV, parsed and cached per isolate. */
export class E2eeSessions {
	readonly #kv: KVNamespace;
	readonly #sealer: Sealer;
	readonly #sessions: RecordCache<Kept | null>;
	/** Ids of sessions, by what their provider calls them. */
	readonly #ids: RecordCache<string | null>;

	constructor(kv: KVNamespace, contentSecret: string, log: Ports["log"]) {
		this.#kv = kv;
		this.#sealer = new Sealer(contentSecret, SESSION_PURPOSE);
		this.#sessions = new RecordCache("E2EE session", log, MOST_SESSIONS);
		this.#ids = new RecordCache("E2EE session", log, MOST_SESSIONS);
	}

	/** The session of that id, whatever a path says it is; null when the account has none. @throws CatalogUnavailable */
	named(account: Owner, id: string, nowMs: number): Found {
		const key = `${account.id}/${id}`;
		const known = this.#sessions.fresh(key, nowMs);
		if (known) return known.record;
		const read = this.#sessions.get(key, nowMs, async (previous) => {
			const session = await this.#load(account.id, id, previous);
			return { value: session, ttlMs: ttlMsOf(account, session !== null) };
		});
		return read.then((session) => session?.record ?? null);
	}

	/** The session that its provider calls so: channel, session id or meeting. @throws CatalogUnavailable */
	async ofProvider(
		account: Owner,
		provider: ProviderName,
		providerId: string,
		nowMs: number,
	): Promise<E2eeSessionRecord | null> {
		const key = kvKeys.e2eeProviderId(account.id, provider, providerId);
		const id = await this.#ids.get(key, nowMs, async () => {
			const found = await this.#kv.get(key);
			return { value: found, ttlMs: ttlMsOf(account, found !== null) };
		});
		const session = id === null ? null : await this.named(account, id, nowMs);
		// Between the writes of a session and of its name, either may be the older one.
		return session?.provider === provider && providerIdOf(session) === providerId ? session : null;
	}

	/**
	 * The token that an SFU's endpoint wants, opened; null where there is none. @throws when it cannot be unsealed.
	 *
	 * @param sealed as the record had it at another time
	 */
	endpointToken(session: E2eeSessionRecord, sealed = session.webrtc?.endpoint_token ?? null): string | null {
		return sealed === null ? null : openSessionSecret(sealed, session, this.#sealer);
	}

	/** After a write by this isolate: its next request reads anew. */
	forget(session: E2eeSessionRecord): void {
		this.#sessions.forget(`${session.account_id}/${session.id}`);
		const name = providerKeyOf(session);
		if (name !== null) this.#ids.forget(name);
	}

	async #load(account: string, id: string, previous: Kept | null | undefined): Promise<Kept | null> {
		if (!v.is(idSchema, id)) return null;
		const text = await this.#kv.get(kvKeys.e2eeSession(account, id));
		if (text === null) return null;
		if (previous?.version === text) return previous;
		const session = readE2eeSession(text, this.#sealer);
		if (!session.ok) throw new Error(`E2EE session ${account}/${id}: ${session.issues.join("; ")}`);
		return { record: openIceServers(session.value, this.#sealer), version: text };
	}
}
