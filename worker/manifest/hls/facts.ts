import type { HlsTemplate } from "./context.ts";
import { MULTIVARIANT_TAGS } from "./tags.ts";

/** What the tags of a playlist tell about it. */
export type PlaylistFacts = Pick<HlsTemplate, "kind" | "live" | "targetDurationSeconds">;

export interface FactReader {
	readonly read: (tag: string, value: string) => void;
	readonly result: () => PlaylistFacts;
}

export function createFactReader(): FactReader {
	let hasMediaTags = false;
	let hasMultivariantTags = false;
	let complete = false;
	let targetDurationSeconds: number | null = null;
	return {
		read(tag, value) {
			if (tag === "EXT-X-TARGETDURATION") targetDurationSeconds = toSeconds(value);
			complete ||= tag === "EXT-X-ENDLIST" || (tag === "EXT-X-PLAYLIST-TYPE" && value.trim() === "VOD");
			hasMediaTags ||= tag === "EXT-X-TARGETDURATION" || tag === "EXTINF";
			hasMultivariantTags ||= MULTIVARIANT_TAGS.has(tag);
		},
		result() {
			// As players tell the two apart: the tags of a media playlist outweigh the others.
			const kind = hasMultivariantTags && !hasMediaTags ? "multivariant" : "media";
			return { kind, live: kind === "media" && !complete, targetDurationSeconds };
		},
	};
}

function toSeconds(value: string): number | null {
	return /^\s*\d{1,9}(?:\.\d{1,9})?\s*$/.test(value) ? Number(value) : null;
}
