import type { Ports } from "../ports.ts";
import { RecordCache } from "./cache.ts";
import { kvKeys } from "./kv-keys.ts";
import { type PlaylistRecord, readPlaylist } from "./playlist-record.ts";
import { type Owner, ttlMsOf } from "./ttl.ts";
import { REFERENCE_PREFIX } from "./video-schema.ts";

const MOST_PLAYLISTS = 500;

/** The playlists of KV, parsed and cached per isolate. */
export class Playlists {
	readonly #kv: KVNamespace;
	readonly #playlists: RecordCache<PlaylistRecord | null>;

	constructor(kv: KVNamespace, log: Ports["log"]) {
		this.#kv = kv;
		this.#playlists = new RecordCache("playlist", log, MOST_PLAYLISTS);
	}

	/** `idOrReference` as in a path. @throws CatalogUnavailable */
	named(account: Owner, idOrReference: string, nowMs: number): Promise<PlaylistRecord | null> {
		return this.#playlists.get(cacheKey(account.id, idOrReference), nowMs, async () => {
			const playlist = await this.#load(account.id, idOrReference);
			return { value: playlist, ttlMs: ttlMsOf(account, playlist !== null) };
		});
	}

	/** After a write by this isolate: its next request reads anew. */
	forget({ account_id: account, id, reference_id: reference }: PlaylistRecord): void {
		this.#playlists.forget(cacheKey(account, id));
		if (reference !== null) this.#playlists.forget(cacheKey(account, REFERENCE_PREFIX + reference));
	}

	async #load(account: string, idOrReference: string): Promise<PlaylistRecord | null> {
		const id = idOrReference.startsWith(REFERENCE_PREFIX)
			? await this.#kv.get(kvKeys.playlistReference(account, idOrReference.slice(REFERENCE_PREFIX.length)))
			: idOrReference;
		const text = id === null ? null : await this.#kv.get(kvKeys.playlist(account, id));
		if (text === null) return null;
		const record = readPlaylist(text);
		if (!record.ok) throw new Error(`playlist ${account}/${idOrReference}: ${record.issues.join("; ")}`);
		return record.value;
	}
}

const cacheKey = (account: string, name: string): string => `${account}/${name}`;
