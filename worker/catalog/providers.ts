import type { Ports } from "../ports.ts";
import { Sealer } from "../sealing.ts";
import { RecordCache } from "./cache.ts";
import type { Parsed } from "./issues.ts";
import { kvKeys } from "./kv-keys.ts";
import type { CredentialProvider, JoinWebhook, ProviderCredentials } from "./provider-credentials-schema.ts";
import { readCredentials, readJoinWebhook } from "./provider-credentials.ts";
import { CREDENTIALS_PURPOSE, readSealed } from "./sealed-record.ts";
import { type Owner, ttlMsOf } from "./ttl.ts";

/** Opened, and the same object while the record in KV is the same. */
interface Opened {
	readonly value: unknown;
	readonly version: string;
}

const MOST_RECORDS = 500;

/** What accounts have with providers: credentials and webhook, opened and cached per isolate. */
export class Providers {
	readonly #kv: KVNamespace;
	readonly #sealer: Sealer;
	readonly #credentials: RecordCache<Opened | null>;
	readonly #webhooks: RecordCache<Opened | null>;

	constructor(kv: KVNamespace, contentSecret: string, log: Ports["log"]) {
		this.#kv = kv;
		this.#sealer = new Sealer(contentSecret, CREDENTIALS_PURPOSE);
		this.#credentials = new RecordCache("provider credentials", log, MOST_RECORDS);
		this.#webhooks = new RecordCache("join webhook", log, MOST_RECORDS);
	}

	/** Null when the account has none. @throws CatalogUnavailable */
	async credentials<P extends CredentialProvider>(
		account: Owner,
		provider: P,
		nowMs: number,
	): Promise<ProviderCredentials[P] | null> {
		const read = (value: unknown) => readCredentials(provider, value);
		const found = await this.#find(
			this.#credentials,
			account,
			{ key: kvKeys.provider(account.id, provider), read },
			nowMs,
		);
		return found as ProviderCredentials[P] | null; // what the key holds was read by this provider's schema
	}

	/** Null when the account wants none. @throws CatalogUnavailable */
	async joinWebhook(account: Owner, nowMs: number): Promise<JoinWebhook | null> {
		const wanted = { key: kvKeys.joinWebhook(account.id), read: readJoinWebhook };
		return (await this.#find(this.#webhooks, account, wanted, nowMs)) as JoinWebhook | null;
	}

	/** After a write by this isolate: its next request reads anew. */
	forgetCredentials(account: string, provider: CredentialProvider): void {
		this.#credentials.forget(kvKeys.provider(account, provider));
	}

	forgetJoinWebhook(account: string): void {
		this.#webhooks.forget(kvKeys.joinWebhook(account));
	}

	async #find(cache: RecordCache<Opened | null>, account: Owner, wanted: Wanted, nowMs: number): Promise<unknown> {
		const found = await cache.get(wanted.key, nowMs, async (previous) => {
			const text = await this.#kv.get(wanted.key);
			if (text !== null && previous?.version === text) return { value: previous, ttlMs: ttlMsOf(account, true) };
			return { value: text === null ? null : this.#open(text, wanted), ttlMs: ttlMsOf(account, text !== null) };
		});
		return found?.value ?? null;
	}

	#open(text: string, { key, read }: Wanted): Opened {
		const sealed = readSealed(text, this.#sealer);
		const value = sealed.ok ? read(sealed.value.value) : sealed;
		if (!value.ok) throw new Error(`${key}: ${value.issues.join("; ")}`);
		return { value: value.value, version: text };
	}
}

/** A record, and how what it holds is read. */
interface Wanted {
	readonly key: string;
	readonly read: (value: unknown) => Parsed<unknown>;
}
