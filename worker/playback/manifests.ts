import { createHash } from "node:crypto";
import { LRUCache } from "lru-cache";
import type { Video } from "../catalog/catalog.ts";
import type { Source } from "../catalog/video-schema.ts";
import { type Decision, allow, refuse } from "../decision/decision.ts";
import { type HlsContext, type HlsTemplate, compileHls, createHlsStream, isHls } from "../manifest/hls.ts";
import type { Ports } from "../ports.ts";
import { Sealer } from "../sealing.ts";
import type { Settings } from "../settings.ts";
import { freshForMs } from "./freshness.ts";
import { readUpTo } from "./limited-body.ts";
import type { SourceReader } from "./source-reader.ts";
import { directoryOf, redirectHosts } from "./sources.ts";

export interface ManifestAsk {
	readonly video: Video;
	readonly source: Source;
	/** Address of the playlist at its source, with the query that the player sent for it. */
	readonly url: string;
	/** See `HlsContext`. */
	readonly servedBelow: { readonly dir: string } | null;
}

/** A playlist, ready for any viewer. `base` is what the holes are filled with. */
export interface Manifest {
	readonly kind: HlsTemplate["kind"];
	readonly live: boolean;
	readonly body: (base: string) => string | Uint8Array | ReadableStream<Uint8Array>;
	/** Strong validator of what `body` returns, where it is the same for every viewer. */
	readonly etag: (base: string) => string | null;
}

interface Kept {
	readonly found: Decision<Manifest>;
	readonly manifest: Manifest;
	readonly template: HlsTemplate;
	readonly validators: Headers;
	readonly bytes: number;
	freshUntilMs: number;
	refreshingUntilMs: number;
}

/** Playlists up to here are compiled in one buffer and kept; larger ones are rewritten as they stream by. */
const MOST_BUFFERED_BYTES = 1_048_576;
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
		return `${this.#versionOf(ask.video)} ${ask.servedBelow?.dir ?? ""} ${ask.source.src} ${ask.url}`;
	}

	/** The URL that `HlsContext.seal` hid in a reference of this video; null when it did not. */
	unseal(video: Video, sealed: string): string | null {
		for (const sealer of this.#sealers) {
			const url = sealer.open(sealed, sealContext(video));
			if (url !== null) return url;
		}
		return null;
	}

	async #find(ask: ManifestAsk): Promise<Decision<{ manifest: Manifest; variables?: ReadonlyMap<string, string> }>> {
		const key = this.#keyOf(ask);
		const kept = this.#kept.get(key);
		const nowMs = this.#ports.now();
		if (kept && (kept.freshUntilMs > nowMs || kept.refreshingUntilMs > nowMs)) return allow(keptView(kept));
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
			kept.freshUntilMs = nowMs + freshForMs(response, kept.template.live, kept.template.targetDurationSeconds);
			kept.refreshingUntilMs = 0;
			return allow(keptView(kept));
		}
		if (response.status !== 200)
			return refuse({ reason: "source-unavailable", detail: `it answered ${response.status}` });
		return this.#compile(key, ask, response, nowMs);
	}

	async #compile(
		key: string,
		ask: ManifestAsk,
		response: Response,
		nowMs: number,
	): Promise<Decision<{ manifest: Manifest; variables?: ReadonlyMap<string, string> }>> {
		const read = await readUpTo(response, MOST_BUFFERED_BYTES);
		if (!read.allowed) return read;
		const body = read.value;
		const text = utf8Decoder().decode(body.bytes, { stream: body.rest !== null });
		if (!isHls(text)) return refuse({ reason: "source-unavailable", detail: "it is not an HLS playlist" });
		const imports = await this.#imports(ask, text);
		if (!imports.allowed) return imports;
		const context = this.#context(ask, imports.value);
		if (body.rest !== null) return allow({ manifest: streamed(text, body.bytes, body.rest, context) });
		const template = compileHls(text, context);
		const manifest = compiled(template);
		const freshMs = freshForMs(response, template.live, template.targetDurationSeconds);
		if (freshMs > 0) {
			const validators = validatorsOf(response);
			// Twice: the parts, and the bytes that are rendered from them.
			const kept = {
				found: allow(manifest),
				manifest,
				template,
				validators,
				bytes: 2 * text.length + 1000,
				freshUntilMs: nowMs + freshMs,
				refreshingUntilMs: 0,
			};
			this.#kept.set(key, kept);
		}
		return allow({ manifest, variables: template.variables });
	}

	/** EXT-X-DEFINE:IMPORT takes variables from the multivariant playlist that the player came from. */
	async #imports(ask: ManifestAsk, text: string): Promise<Decision<ReadonlyMap<string, string> | undefined>> {
		if (!text.includes("IMPORT=") || ask.url === ask.source.src) return allow(undefined);
		const parent = await this.#find({ ...ask, url: ask.source.src, servedBelow: null });
		return parent.allowed ? allow(parent.value.variables) : parent;
	}

	#context(ask: ManifestAsk, imports: ReadonlyMap<string, string> | undefined): HlsContext {
		const { source, video } = ask;
		const [sealer] = this.#sealers;
		const binding = source.src.startsWith("r2:") ? new URL(source.src).host : null;
		return {
			url: ask.url,
			sourceRoot: directoryOf(source.src),
			servedBelow: ask.servedBelow,
			segments: video.record.segments,
			keyNames: new Set(Object.keys(source.keys)),
			seal: (value) => sealer.sealSame(value, sealContext(video)),
			reachable: (url) => (url.protocol === "r2:" ? url.host === binding : this.#sources.reaches(url)),
			...(imports ? { imports } : {}),
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

/** Keeps a byte order mark: what is not a URI stays as it was. */
const utf8Decoder = (): TextDecoder => new TextDecoder("utf-8", { ignoreBOM: true, fatal: false });
const sealerOf = (secret: string): Sealer => new Sealer(secret, "source addresses");
const sealContext = ({ record }: Video): string => `${record.account_id}/${record.id}`;
const keptView = ({ manifest, template }: Kept) => ({ manifest, variables: template.variables });

function validatorsOf(response: Response): Headers {
	const validators = new Headers();
	const [etag, modified] = [response.headers.get("ETag"), response.headers.get("Last-Modified")];
	if (etag !== null) validators.set("If-None-Match", etag);
	if (modified !== null) validators.set("If-Modified-Since", modified);
	return validators;
}

function compiled(template: HlsTemplate): Manifest {
	let rendered: { readonly base: string; readonly bytes: Uint8Array; readonly etag: string } | null = null;
	// Under a grant the base is relative, so the bytes are the same for every viewer.
	const shared = (base: string) => {
		if (rendered?.base === base) return rendered;
		const bytes = new TextEncoder().encode(template.parts.join(base));
		return (rendered = {
			base,
			bytes,
			etag: `"${createHash("sha256").update(bytes).digest("base64url").slice(0, 22)}"`,
		});
	};
	const isShared = (base: string): boolean => !base.startsWith("/");
	return {
		kind: template.kind,
		live: template.live,
		body: (base) => (isShared(base) ? shared(base).bytes : template.parts.join(base)),
		etag: (base) => (isShared(base) ? shared(base).etag : null),
	};
}

function streamed(head: string, bytes: Uint8Array, rest: ReadableStream<Uint8Array>, context: HlsContext): Manifest {
	return {
		kind: head.includes("#EXT-X-STREAM-INF") ? "multivariant" : "media",
		live: !head.includes("#EXT-X-PLAYLIST-TYPE:VOD"),
		etag: () => null,
		body: (base) => {
			const rewriter = createHlsStream(context, base);
			const decoder = utf8Decoder();
			const encoder = new TextEncoder();
			const rewrite = new TransformStream<Uint8Array, Uint8Array>({
				start: (controller) =>
					controller.enqueue(encoder.encode(rewriter.push(decoder.decode(bytes, { stream: true })))),
				transform: (chunk, controller) =>
					controller.enqueue(encoder.encode(rewriter.push(decoder.decode(chunk, { stream: true })))),
				flush: (controller) => controller.enqueue(encoder.encode(rewriter.push(decoder.decode()) + rewriter.end())),
			});
			return rest.pipeThrough(rewrite);
		},
	};
}
