import type { HlsContext, HlsTemplate } from "./hls/context.ts";
import { Playlist } from "./hls/playlist.ts";

export { filterHls } from "./hls/filter.ts";
export type { HlsContext, HlsTemplate } from "./hls/context.ts";

/** Whether the text is an HLS playlist, with what players put up with in front of its first tag. */
export function isHls(text: string): boolean {
	return /^\s*#EXTM3U/.test(text);
}

/**
 * Compiles a playlist (RFC 8216bis) so that what a player asks for next goes through the gate, or to the source where `segments`
 * says so. What is no URI stays as it is, mistakes included.
 *
 * @throws TypeError when a URL of the context is not absolute; never for what the playlist says
 */
export function compileHls(text: string, context: HlsContext): HlsTemplate {
	const playlist = new Playlist(context);
	playlist.read(text);
	return { ...playlist.facts(), parts: playlist.take() };
}

/**
 * The same rewriting by chunk, for documents too large to keep: `push` and `end` return the text that is ready, holes filled with
 * `base`. Holds back at most one line.
 */
export function createHlsStream(
	context: HlsContext,
	base: string,
): { push: (chunk: string) => string; end: () => string } {
	const playlist = new Playlist(context);
	let held = "";
	return {
		push(chunk) {
			const end = chunk.lastIndexOf("\n") + 1;
			if (end === 0) {
				held += chunk;
				return "";
			}
			playlist.read(held + chunk.slice(0, end));
			held = chunk.slice(end);
			return playlist.take().join(base);
		},
		end() {
			playlist.read(held);
			held = "";
			return playlist.take().join(base);
		},
	};
}
