import { LRUCache } from "lru-cache";
import type { Video } from "../catalog/catalog.ts";
import type { Source } from "../catalog/video-schema.ts";
import { type Decision, allow, refuse } from "../decision/decision.ts";
import { type DeliveryEffect, mediaMoveOf } from "../delivery/effect.ts";
import { compileDash, filterDash, isDash } from "../manifest/dash.ts";
import { type HlsContext, compileHls, filterHls, isHls } from "../manifest/hls.ts";
import type { Ports } from "../ports.ts";
import { Sealer } from "../sealing.ts";
import type { Settings } from "../settings.ts";
import { freshForMs } from "./freshness.ts";
import { licenseSystems } from "./license-systems.ts";
import { type LimitedBody, readUpTo } from "./limited-body.ts";
import { type Manifest, compiledMpd, compiledPlaylist, streamedPlaylist, utf8Decoder } from "./manifest.ts";
import type { SourceReader } from "./source-reader.ts";
import { directoryOf, redirectHosts } from "./sources.ts";

export interface ManifestAsk {
	readonly video: Video;
	readonly source: Source;
	/** Address of the playlist at its source, with the query that the player sent for it. */
	readonly url: string;
	/** See `HlsContext`. */
	readonly servedBelow: { readonly dir: string } | null;
	/** Renditions that are left, and where media is fetched; null: as the source has it. */
	readonly delivery: DeliveryEffect | null;
}

/** A manifest and what only this room needs of it. */
interface Found {
	readonly manifest: Manifest;
	/** Of an HLS playlist. */
	readonly variables: ReadonlyMap<string, string>;
	/** How often players ask for a live one, where it says so. */
	readonly pollSeconds: number | null;
}

interface Kept extends Found {
	readonly found: Decision<Manifest>;
	readonly validators: Headers;
	readonly bytes: number;
	freshUntilMs: number;
	refreshingUntilMs: number;
}

/** Playlists up to here are compiled in one buffer and kept; larger ones are rewritten as they stream by. */
const MOST_BUFFERED_BYTES = 1_048_576;
/** An MPD cannot be rewritten as it streams by (see `compileDash`); one larger than this is refused. */
const MOST_MPD_BYTES = 8 * 1_048_576;
const MOST_KEPT_BYTES = 24 * 1_048_576;
/** While one request asks the source, others use what is kept. */
const REFRESH_GRACE_MS = 1000;

/** Playlists of the sources, compiled once per version and kept in this isolate. */
export class ManifestStore {
	readonly #sources: SourceReader;
	readonly #ports: Ports;
	readonly #sealers: readonly [Sealer, ...Sealer[]];
	readonly #kept = new LRUCache<string, Kept>({ maxSize: MOST_KEPT_BYTES, sizeCalculation: ({ bytes }) => bytes });
	/** A number for each version of a record that is in use, so that a changed record never meets what was compiled for the old one. */
	readonly #versions = new WeakMap<Video, number>();
	#lastVersion = 0;

	constructor(sources: SourceReader, settings: Settings, ports: Ports) {
		this.#sources = sources;
		this.#ports = ports;
		const [current, ...previous] = settings.grantSecrets;
		this.#sealers = [sealerOf(current), ...previous.map(sealerOf)];
	}

	/** The playlist at `url`; refusals name what the source did wrong. */
	read(ask: ManifestAsk): Decision<Manifest> | Promise<Decision<Manifest>> {
		const kept = this.#kept.get(this.#keyOf(ask));
		return kept && kept.freshUntilMs > this.#ports.now() ? kept.found : this.#readAnew(ask);
	}

	async #readAnew(ask: ManifestAsk): Promise<Decision<Manifest>> {
		const found = await this.#find(ask);
		return found.allowed ? allow(found.value.manifest) : found;
	}

	#keyOf(ask: ManifestAsk): string {
		return `${this.#versionOf(ask.video)} ${ask.servedBelow?.dir ?? ""} ${ask.source.src} ${ask.url} ${ask.delivery?.key ?? ""}`;
	}

	/** The URL that `HlsContext.seal` or `seal` hid in a reference of this video; null when it did not. */
	unseal(video: Video, sealed: string): string | null {
		for (const sealer of this.#sealers) {
			const url = sealer.open(sealed, sealContext(video));
			if (url !== null) return url;
		}
		return null;
	}

	/** Hides an address, so that only this video's own requests can bring it back. */
	seal(video: Video, url: string): string {
		return this.#sealers[0].sealSame(url, sealContext(video));
	}

	async #find(ask: ManifestAsk): Promise<Decision<Found>> {
		const key = this.#keyOf(ask);
		const kept = this.#kept.get(key);
		const nowMs = this.#ports.now();
		if (kept && (kept.freshUntilMs > nowMs || kept.refreshingUntilMs > nowMs)) return allow(kept);
		if (kept) kept.refreshingUntilMs = nowMs + REFRESH_GRACE_MS;
		const read = await this.#sources.read({
			url: ask.url,
			redirectHosts: redirectHosts(ask.video.record),
			...(kept ? { headers: kept.validators } : {}),
		});
		if (!read.allowed) {
			this.#kept.delete(key);
			return read;
		}
		const response = read.value;
		if (kept && response.status === 304) {
			kept.freshUntilMs = nowMs + freshForMs(response, kept.manifest.live, kept.pollSeconds);
			kept.refreshingUntilMs = 0;
			return allow(kept);
		}
		if (response.status !== 200) return unusable(`it answered ${response.status}`);
		return this.#compile(key, ask, response, nowMs);
	}

	async #compile(key: string, ask: ManifestAsk, response: Response, nowMs: number): Promise<Decision<Found>> {
		const read = await readUpTo(response, MOST_BUFFERED_BYTES);
		if (!read.allowed) return read;
		const { bytes, rest } = read.value;
		const text = utf8Decoder().decode(bytes, { stream: rest !== null });
		const hls = isHls(text);
		if (!hls && !isDash(text)) return unusable("it is neither an HLS playlist nor an MPD");
		const compiled = hls ? await this.#compileHls(ask, text, read.value) : await this.#compileMpd(ask, read.value);
		if (!compiled.allowed || (rest !== null && hls)) return compiled;
		const found = compiled.value;
		const freshMs = freshForMs(response, found.manifest.live, found.pollSeconds);
		if (freshMs > 0) this.#keep(key, found, text.length, validatorsOf(response), nowMs + freshMs);
		return compiled;
	}

	#keep(key: string, found: Found, characters: number, validators: Headers, freshUntilMs: number): void {
		this.#kept.set(key, {
			...found,
			found: allow(found.manifest),
			validators,
			bytes: 2 * characters + 1000, // the parts, and the bytes that are rendered from them
			freshUntilMs,
			refreshingUntilMs: 0,
		});
	}

	async #compileHls(ask: ManifestAsk, text: string, { bytes, rest }: LimitedBody): Promise<Decision<Found>> {
		const imports = await this.#imports(ask, text);
		if (!imports.allowed) return imports;
		const context = this.#context(ask, imports.value);
		if (rest !== null)
			return allow({ manifest: streamedPlaylist(text, bytes, rest, context), variables: NONE, pollSeconds: null });
		const filtered = ask.delivery ? filterHls(text, ask.url, ask.delivery.renditions) : text;
		const template = compileHls(filtered, context);
		const { variables, targetDurationSeconds: pollSeconds } = template;
		return allow({ manifest: compiledPlaylist(template), variables, pollSeconds });
	}

	async #compileMpd(ask: ManifestAsk, { bytes, rest }: LimitedBody): Promise<Decision<Found>> {
		const more = rest === null ? allow(NOTHING_MORE) : await readUpTo({ body: rest }, MOST_MPD_BYTES);
		if (!more.allowed) return more;
		if (more.value.rest !== null) {
			await more.value.rest.cancel();
			return unusable(`its MPD is larger than ${MOST_MPD_BYTES} bytes`);
		}
		const whole = utf8Decoder().decode(Buffer.concat([bytes, more.value.bytes]));
		const text = ask.delivery ? filterDash(whole, ask.delivery.renditions) : whole;
		const licenses = licenseSystems(ask.source, ask.video.record);
		const result = compileDash(text, { ...this.#context(ask, undefined), licenses });
		if (!result.ok) return unusable(`its MPD cannot be read: ${result.problem}`);
		const { template } = result;
		return allow({ manifest: compiledMpd(template), variables: NONE, pollSeconds: template.minimumUpdateSeconds });
	}

	/** EXT-X-DEFINE:IMPORT takes variables from the multivariant playlist that the player came from. */
	async #imports(ask: ManifestAsk, text: string): Promise<Decision<ReadonlyMap<string, string> | undefined>> {
		if (!text.includes("IMPORT=") || ask.url === ask.source.src) return allow(undefined);
		const parent = await this.#find({ ...ask, url: ask.source.src, servedBelow: null, delivery: null });
		return parent.allowed ? allow(parent.value.variables) : parent;
	}

	#context(ask: ManifestAsk, imports: ReadonlyMap<string, string> | undefined): HlsContext {
		const { source, video } = ask;
		const binding = source.src.startsWith("r2:") ? new URL(source.src).host : null;
		return {
			url: ask.url,
			sourceRoot: directoryOf(source.src),
			servedBelow: ask.servedBelow,
			segments: video.record.segments,
			keyNames: new Set(Object.keys(source.keys)),
			seal: (value) => this.seal(video, value),
			reachable: (url) => (url.protocol === "r2:" ? url.host === binding : this.#sources.reaches(url)),
			...(imports ? { imports } : {}),
			...mediaMoveOf(source.src, ask.delivery),
		};
	}

	#versionOf(video: Video): number {
		const known = this.#versions.get(video);
		if (known !== undefined) return known;
		this.#lastVersion += 1;
		this.#versions.set(video, this.#lastVersion);
		return this.#lastVersion;
	}
}

const sealerOf = (secret: string): Sealer => new Sealer(secret, "source addresses");
const sealContext = ({ record }: Video): string => `${record.account_id}/${record.id}`;
const NONE: ReadonlyMap<string, string> = new Map();
const NOTHING_MORE: LimitedBody = { bytes: new Uint8Array(), rest: null };
const unusable = (detail: string) => refuse({ reason: "source-unavailable", detail });

function validatorsOf(response: Response): Headers {
	const validators = new Headers();
	const [etag, modified] = [response.headers.get("ETag"), response.headers.get("Last-Modified")];
	if (etag !== null) validators.set("If-None-Match", etag);
	if (modified !== null) validators.set("If-Modified-Since", modified);
	return validators;
}
