import type { Ports } from "../ports.ts";
import { Sealer } from "../sealing.ts";
import type { Settings } from "../settings.ts";
import { type JwksResult, fetchJwks } from "../token/jwks.ts";
import type { KeySet, VerificationKey } from "../token/verify.ts";
import { openKey, readAccount } from "./account-record.ts";
import type { ReadRecord } from "./bulk-reader.ts";
import { RecordCache } from "./cache.ts";
import { DeliveryRules } from "./delivery-rules.ts";
import type { E2eeSessionRecord, ProviderName } from "./e2ee-session-record.ts";
import { E2eeSessions } from "./e2ee-sessions.ts";
import { kvKeys } from "./kv-keys.ts";
import type { PlaylistRecord } from "./playlist-record.ts";
import { Playlists } from "./playlists.ts";
import type { CredentialProvider, JoinWebhook, ProviderCredentials } from "./provider-credentials-schema.ts";
import { Providers } from "./providers.ts";
import { type Right, Rights } from "./rights.ts";
import { type AccountSettings, defaultSettings } from "./settings-schema.ts";
import { storedKeys } from "./stored-keys.ts";
import { ttlMsOf } from "./ttl.ts";
import { CONTENT_PURPOSE, type VideoRecord, openSecret, readVideo } from "./video-record.ts";
import { REFERENCE_PREFIX, isLoopback, type Source } from "./video-schema.ts";

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

/** Reads accounts, keys and videos from KV, parsed and cached per isolate (docs/storage.md). */
export class Catalog {
	readonly #kv: KVNamespace;
	readonly #ports: Ports;
	readonly #settings: Settings;
	readonly #sealer: Sealer;
	readonly #accounts: RecordCache<Account>;
	/** Opened keys, for as long as the record that holds them is the one in use. */
	readonly #contentKeys = new WeakMap<Source, Map<string, Uint8Array>>();
	readonly #videos: RecordCache<Video | null>;
	readonly #rights: Rights;
	readonly #playlists: Playlists;
	readonly #e2eeSessions: E2eeSessions;
	readonly #providers: Providers;
	readonly #readRecord: ReadRecord;
	readonly deliveryRules: DeliveryRules;

	constructor(kv: KVNamespace, settings: Settings, ports: Ports) {
		this.#kv = kv;
		this.#ports = ports;
		this.#settings = settings;
		this.#sealer = new Sealer(settings.contentSecret, CONTENT_PURPOSE);
		this.#accounts = new RecordCache("account", ports.log, MOST_ACCOUNTS);
		this.#videos = new RecordCache("video", ports.log, MOST_VIDEOS);
		this.#rights = new Rights(kv, ports.log);
		this.#playlists = new Playlists(kv, ports.log);
		this.#providers = new Providers(kv, settings.contentSecret, ports.log);
		this.#e2eeSessions = new E2eeSessions(kv, settings.contentSecret, ports.log);
		this.#readRecord = (key) => kv.get(key);
		this.deliveryRules = new DeliveryRules(kv, ports.log);
	}

	/** An account nobody made has default settings and no key, so every token for it fails. @throws CatalogUnavailable */
	account(id: string, nowMs: number): Account | Promise<Account> {
		return (
			this.#accounts.fresh(id, nowMs) ??
			this.#accounts.get(id, nowMs, async (previous) => {
				const account = await this.#loadAccount(id, previous);
				return { value: account, ttlMs: ttlMsOf(account, account.keySet.keys.length > 0) };
			})
		);
	}

	/**
	 * `idOrReference` as in a path: an id, or `ref:` and a reference id. Whoever needs many gives a `read` of its own (`BulkReader`).
	 * @throws CatalogUnavailable
	 */
	video(
		account: Account,
		idOrReference: string,
		nowMs: number,
		read: ReadRecord = this.#readRecord,
	): Video | null | Promise<Video | null> {
		const key = `${account.id}/${idOrReference}`;
		return (
			this.#videos.fresh(key, nowMs) ??
			this.#videos.get(key, nowMs, async (previous) => {
				const video = await this.#loadVideo(account.id, idOrReference, previous, read);
				return { value: video, ttlMs: ttlMsOf(account, video !== null) };
			})
		);
	}

	/** A playback right, or null when the account has none of that id. @throws CatalogUnavailable */
	right(account: Account, id: string, nowMs: number, read?: ReadRecord): Right | null | Promise<Right | null> {
		return this.#rights.named(account, id, nowMs, read);
	}

	/** `idOrReference` as in a path; null when the account has no such playlist. @throws CatalogUnavailable */
	playlist(account: Account, idOrReference: string, nowMs: number): Promise<PlaylistRecord | null> {
		return this.#playlists.named(account, idOrReference, nowMs);
	}

	/** An end-to-end encrypted session, or null when the account has none of that id. @throws CatalogUnavailable */
	e2eeSession(
		account: Account,
		id: string,
		nowMs: number,
	): E2eeSessionRecord | null | Promise<E2eeSessionRecord | null> {
		return this.#e2eeSessions.named(account, id, nowMs);
	}

	/** `providerId`: Sora's channel id, Vonage's session id or Chime's meeting id. @throws CatalogUnavailable */
	e2eeSessionByProvider(
		account: Account,
		provider: ProviderName,
		providerId: string,
		nowMs: number,
	): Promise<E2eeSessionRecord | null> {
		return this.#e2eeSessions.ofProvider(account, provider, providerId, nowMs);
	}

	/** The token that the endpoint of a WHIP or WHEP session wants; null where there is none. @throws when it cannot be unsealed. */
	endpointToken(session: E2eeSessionRecord, sealed?: string | null): string | null {
		return this.#e2eeSessions.endpointToken(session, sealed);
	}

	/** What the account has with a provider, opened; null where it has nothing. Never to be shown or logged. @throws CatalogUnavailable */
	providerCredentials<P extends CredentialProvider>(
		account: Account,
		provider: P,
		nowMs: number,
	): Promise<ProviderCredentials[P] | null> {
		return this.#providers.credentials(account, provider, nowMs);
	}

	/** Where the account hears of joins, null where it does not. @throws CatalogUnavailable */
	joinWebhook(account: Account, nowMs: number): Promise<JoinWebhook | null> {
		return this.#providers.joinWebhook(account, nowMs);
	}

	/** Whether the account has any playback right. @throws CatalogUnavailable */
	usesRights(account: Account, nowMs: number): Promise<boolean> {
		return this.#rights.areUsed(account, nowMs);
	}

	/** The right of videos that name none, or null when the account has no default. @throws CatalogUnavailable */
	defaultRight(account: Account, nowMs: number): Right | null | Promise<Right | null> {
		return this.#rights.ofAccount(account, nowMs);
	}

	/** The content key named `name` of a source, 16 bytes, or null when the record holds none. @throws when it cannot be unsealed. */
	contentKey(video: Video, source: Source, name: string): Uint8Array | null {
		if (!Object.hasOwn(source.keys, name)) return null;
		const opened = this.#contentKeys.get(source) ?? new Map<string, Uint8Array>();
		this.#contentKeys.set(source, opened);
		const known = opened.get(name);
		if (known) return known;
		const key = this.#open(source.keys[name] ?? "", video, "content key");
		const bytes = Buffer.from(key, key.endsWith("==") ? "base64" : "hex");
		opened.set(name, bytes);
		return bytes;
	}

	/** The headers that a licence server wants, opened. @throws when they cannot be unsealed. */
	licenseHeaders(video: Video, system: keyof VideoRecord["licenses"]): ReadonlyMap<string, string> {
		const sealed = Object.entries(video.record.licenses[system]?.headers ?? {});
		return new Map(sealed.map(([name, value]) => [name, this.#open(value, video, `header ${name} of ${system}`)]));
	}

	#open(sealed: string, { record }: Video, what: string): string {
		const secret = openSecret(sealed, record, this.#sealer);
		if (secret === null) throw new Error(`the ${what} of video ${record.id} was sealed with another CONTENT_SECRET`);
		return secret;
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

	forgetPlaylist(record: PlaylistRecord): void {
		this.#playlists.forget(record);
	}

	readonly forgetE2eeSession = (session: E2eeSessionRecord): void => this.#e2eeSessions.forget(session);

	forgetCredentials(account: string, provider: CredentialProvider): void {
		this.#providers.forgetCredentials(account, provider);
	}

	forgetJoinWebhook(account: string): void {
		this.#providers.forgetJoinWebhook(account);
	}

	/** Also where the right was, or was made, the default. */
	forgetRight(account: string, id: string): void {
		this.#rights.forget(account, id);
	}

	async #loadAccount(id: string, previous: Account | undefined): Promise<Account> {
		const [text, keys] = await Promise.all([this.#kv.get(kvKeys.account(id)), storedKeys(this.#kv, id)]);
		const record = text === null ? null : readAccount(text);
		if (record && !record.ok) throw new Error(`account ${id}: ${record.issues.join("; ")}`);
		const settings = record ? record.value.settings : defaultSettings;
		const published = settings.jwks_url === null ? [] : await this.#fetchJwks(id, settings.jwks_url, previous);
		const prints = await Promise.all(
			published.map(async (key) => [key.id, await crypto.subtle.exportKey("jwk", key.key)]),
		);
		const version = JSON.stringify([text, keys, prints]);
		if (previous?.version === version) return previous;
		const opened = await Promise.all(keys.map((key) => openKey(key.id, key.record)));
		const registered = opened.filter((key) => key !== null);
		return { id, settings, keySet: { keys: [...registered, ...published] }, published, version };
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

	async #loadVideo(
		account: string,
		idOrReference: string,
		previous: Video | null | undefined,
		read: ReadRecord,
	): Promise<Video | null> {
		const id = idOrReference.startsWith(REFERENCE_PREFIX)
			? await read(kvKeys.reference(account, idOrReference.slice(REFERENCE_PREFIX.length)))
			: idOrReference;
		const text = id === null ? null : await read(kvKeys.video(account, id));
		if (text === null) return null;
		if (previous?.version === text) return previous;
		const record = readVideo(text);
		if (!record.ok) throw new Error(`video ${account}/${idOrReference}: ${record.issues.join("; ")}`);
		return { record: record.value, version: text };
	}
}
