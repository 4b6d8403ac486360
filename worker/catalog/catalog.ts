import type { Ports } from "../ports.ts";
import { Sealer } from "../sealing.ts";
import type { Settings } from "../settings.ts";
import { type JwksResult, fetchJwks } from "../token/jwks.ts";
import type { KeySet, VerificationKey } from "../token/verify.ts";
import { openKey, readAccount } from "./account-record.ts";
import { RecordCache } from "./cache.ts";
import { kvKeys } from "./kv-keys.ts";
import { type AccountSettings, defaultSettings } from "./settings-schema.ts";
import { CONTENT_PURPOSE, type VideoRecord, openSecret, readVideo } from "./video-record.ts";
import { isLoopback, type Source } from "./video-schema.ts";

/** An account as the gate uses it. The object is replaced, never changed, and stays the same object while the records do. */
export interface Account {
	readonly id: string;
	readonly settings: AccountSettings;
	readonly keySet: KeySet;
	/** Those of the keys that came from the account's JWKS. */
	readonly published: readonly VerificationKey[];
	/** What it was made from. */
	readonly version: string;
}

/** A video as the gate uses it; same rule of identity as `Account`. */
export interface Video {
	readonly record: VideoRecord;
	readonly version: string;
}

const MOST_ACCOUNTS = 500;
const MOST_VIDEOS = 2000;
/** Records that do not exist are asked for again soon: they are what ops is about to add. */
const MISSING_TTL_MS = 2000;

/** Reads accounts, keys and videos from KV, parsed and cached per isolate (docs/storage.md). */
export class Catalog {
	readonly #kv: KVNamespace;
	readonly #ports: Ports;
	readonly #settings: Settings;
	readonly #sealer: Sealer;
	readonly #accounts: RecordCache<Account>;
	readonly #videos: RecordCache<Video | null>;

	constructor(kv: KVNamespace, settings: Settings, ports: Ports) {
		this.#kv = kv;
		this.#ports = ports;
		this.#settings = settings;
		this.#sealer = new Sealer(settings.contentSecret, CONTENT_PURPOSE);
		this.#accounts = new RecordCache(ports, MOST_ACCOUNTS, ({ settings: { catalog_cache_seconds: ttl }, keySet }) =>
			keySet.keys.length === 0 ? Math.min(ttl * 1000, MISSING_TTL_MS) : ttl * 1000,
		);
		this.#videos = new RecordCache(ports, MOST_VIDEOS, (video) => {
			const account = video && this.#accounts.fresh(video.record.account_id);
			const ttl = (account?.settings ?? defaultSettings).catalog_cache_seconds * 1000;
			return video ? ttl : Math.min(ttl, MISSING_TTL_MS);
		});
	}

	/** An account nobody made has default settings and no key, so every token for it fails. @throws CatalogUnavailable */
	account(id: string): Account | Promise<Account> {
		return this.#accounts.fresh(id) ?? this.#accounts.get(id, (previous) => this.#loadAccount(id, previous));
	}

	/** `idOrReference` as in a path: an id, or `ref:` and a reference id. @throws CatalogUnavailable */
	video(account: string, idOrReference: string): Video | null | Promise<Video | null> {
		const key = `${account}/${idOrReference}`;
		return (
			this.#videos.fresh(key) ?? this.#videos.get(key, (previous) => this.#loadVideo(account, idOrReference, previous))
		);
	}

	/** The content key named `name` of a source, or null when the record holds none. @throws when it cannot be unsealed. */
	contentKey(video: Video, source: Source, name: string): string | null {
		if (!Object.hasOwn(source.keys, name)) return null;
		const key = openSecret(source.keys[name] ?? "", video.record, this.#sealer);
		if (key === null)
			throw new Error(`the content key of video ${video.record.id} was sealed with another CONTENT_SECRET`);
		return key;
	}

	/** After a write by this isolate: its next request reads anew. */
	forgetAccount(id: string): void {
		this.#accounts.forget(id);
	}

	forgetVideo(record: Pick<VideoRecord, "account_id" | "id" | "reference_id">): void {
		this.#videos.forget(`${record.account_id}/${record.id}`);
		if (record.reference_id !== null)
			this.#videos.forget(`${record.account_id}/${REFERENCE_PREFIX}${record.reference_id}`);
	}

	async #loadAccount(id: string, previous: Account | undefined): Promise<Account> {
		const [text, keys] = await Promise.all([this.#kv.get(kvKeys.account(id)), this.#listKeys(id)]);
		const record = text === null ? null : readAccount(text);
		if (record && !record.ok) throw new Error(`account ${id}: ${record.issues.join("; ")}`);
		const settings = record ? record.value.settings : defaultSettings;
		const published = settings.jwks_url === null ? [] : await this.#fetchJwks(id, settings.jwks_url, previous);
		const prints = await Promise.all(
			published.map(async (key) => [key.id, await crypto.subtle.exportKey("jwk", key.key)]),
		);
		const version = JSON.stringify([text, keys, prints]);
		if (previous?.version === version) return previous;
		const opened = await Promise.all(keys.map(([keyId, stored]) => openKey(keyId, stored)));
		const registered = opened.filter((key) => key !== null);
		return { id, settings, keySet: { keys: [...registered, ...published] }, published, version };
	}

	/** Keys come with the list, as metadata: one operation whatever their number. */
	async #listKeys(account: string): Promise<[string, unknown][]> {
		const prefix = kvKeys.keysOf(account);
		const found: [string, unknown][] = [];
		let cursor: string | null = null;
		do {
			const page: KVNamespaceListResult<unknown> = await this.#kv.list({ prefix, cursor });
			for (const { name, metadata } of page.keys) found.push([name.slice(prefix.length), metadata ?? null]);
			cursor = page.list_complete ? null : page.cursor;
		} while (cursor !== null);
		return found;
	}

	/** While the publisher's key set cannot be fetched, the keys it had stay good. */
	async #fetchJwks(account: string, url: string, previous: Account | undefined): Promise<readonly VerificationKey[]> {
		const result: JwksResult = await fetchJwks(url, {
			fetch: this.#ports.fetch,
			allowsHttp: (target) => this.#settings.local && isLoopback(target.hostname),
		});
		if (result.ok) return result.keys;
		this.#ports.log({ event: "fault", where: "jwks", account, message: result.message });
		return previous?.published ?? [];
	}

	async #loadVideo(account: string, idOrReference: string, previous: Video | null | undefined): Promise<Video | null> {
		const id = idOrReference.startsWith(REFERENCE_PREFIX)
			? await this.#kv.get(kvKeys.reference(account, idOrReference.slice(REFERENCE_PREFIX.length)))
			: idOrReference;
		const text = id === null ? null : await this.#kv.get(kvKeys.video(account, id));
		if (text === null) return null;
		if (previous?.version === text) return previous;
		const record = readVideo(text);
		if (!record.ok) throw new Error(`video ${account}/${idOrReference}: ${record.issues.join("; ")}`);
		return { record: record.value, version: text };
	}
}

export const REFERENCE_PREFIX = "ref:";
