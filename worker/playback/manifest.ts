import { createHash } from "node:crypto";
import type { DashTemplate } from "../manifest/dash.ts";
import { type HlsContext, type HlsTemplate, createHlsStream } from "../manifest/hls.ts";
import { DASH_TYPE, HLS_TYPE } from "./content-type.ts";

/** A manifest, ready for any viewer. `base` is what its holes are filled with: a path or an absolute URL that ends in "/". */
export interface Manifest {
	/** "media" for whatever does not start playback. */
	readonly kind: "multivariant" | "media" | "mpd";
	readonly live: boolean;
	readonly contentType: string;
	readonly body: (base: string) => string | Uint8Array | ReadableStream<Uint8Array>;
	/** Strong validator of what `body` returns, where it is the same for every viewer. */
	readonly etag: (base: string) => string | null;
}

/** Keeps a byte order mark: what is not a URI stays as it was. */
export const utf8Decoder = (): TextDecoder => new TextDecoder("utf-8", { ignoreBOM: true, fatal: false });

export function compiledPlaylist(template: HlsTemplate): Manifest {
	// Under a grant the base is relative, so the bytes are the same for every viewer.
	return {
		kind: template.kind,
		...rendering(template.parts, (base) => !base.startsWith("/")),
		live: template.live,
		contentType: HLS_TYPE,
	};
}

/** `parts` without a hole are the same for every viewer. A patch or a part of an MPD is never what starts playback. */
export function compiledMpd({ kind, parts, live }: DashTemplate): Manifest {
	const isWhole = kind === "mpd";
	return {
		kind: isWhole ? "mpd" : "media",
		...rendering(parts, () => parts.length === 1),
		live,
		contentType: DASH_TYPE,
	};
}

function rendering(parts: readonly string[], isShared: (base: string) => boolean): Pick<Manifest, "body" | "etag"> {
	let rendered: { readonly base: string; readonly bytes: Uint8Array; readonly etag: string } | null = null;
	const shared = (base: string) => {
		if (rendered?.base === base) return rendered;
		const bytes = new TextEncoder().encode(parts.join(base));
		return (rendered = {
			base,
			bytes,
			etag: `"${createHash("sha256").update(bytes).digest("base64url").slice(0, 22)}"`,
		});
	};
	return {
		body: (base) => (isShared(base) ? shared(base).bytes : parts.join(base)),
		etag: (base) => (isShared(base) ? shared(base).etag : null),
	};
}

/** A playlist too large to keep: rewritten as it streams by, for one viewer. */
export function streamedPlaylist(
	head: string,
	bytes: Uint8Array,
	rest: ReadableStream<Uint8Array>,
	context: HlsContext,
): Manifest {
	return {
		kind: head.includes("#EXT-X-STREAM-INF") ? "multivariant" : "media",
		live: !head.includes("#EXT-X-PLAYLIST-TYPE:VOD"),
		contentType: HLS_TYPE,
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
