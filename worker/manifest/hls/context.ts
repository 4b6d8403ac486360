/** What a compile of one playlist needs to know about its source and about the gate. */
export interface HlsContext {
	/** Absolute URL of the playlist at its source, without fragment: `https://origin/clip/master.m3u8` or `r2://MEDIA/clip/master.m3u8`. */
	readonly url: string;
	/** Directory of the video's source, ends in "/". What lies below it is reached at `<base>s/<path below it>`. */
	readonly sourceRoot: string;
	/**
	 * The source directory that the document is served under at the gate (`<base>s/` or `<base>r/<sealed>/`), when its relative
	 * URIs may stay as they are; null when it is served at another path, so that every URI has to start at the base.
	 */
	readonly servedBelow: { readonly dir: string } | null;
	/** `direct` sends the player to the source for segments and other resources; playlists and keys stay behind the gate. */
	readonly segments: "gate" | "direct";
	/** With `direct`: media whose URL begins with `from` is fetched at `to` instead; both are origins with a slash at the end. */
	readonly mediaMove?: { readonly from: string; readonly to: string };
	/** Last path segments, percent-decoded, of key URIs whose key the gate itself holds. */
	readonly keyNames: ReadonlySet<string>;
	/** Opaque, authenticated, deterministic, of `[A-Za-z0-9_-]` only. Called once for each distinct argument. */
	readonly seal: (value: string) => string;
	/** Variables of the multivariant playlist, for `EXT-X-DEFINE:IMPORT`. */
	readonly imports?: ReadonlyMap<string, string>;
	/** Which absolute URLs the gate would fetch. Asked with a directory or a key; all others are left to the player as they are. */
	readonly reachable: (url: URL) => boolean;
}

/** A playlist with a hole wherever a URI starts at the gate. */
export interface HlsTemplate {
	readonly kind: "multivariant" | "media";
	/** Text between the holes: the document for a viewer is `parts.join(base)`, base `/g/<grant>/` or a relative `../../`. */
	readonly parts: readonly string[];
	/** A media playlist that may still grow: no EXT-X-ENDLIST and no EXT-X-PLAYLIST-TYPE:VOD. */
	readonly live: boolean;
	/** EXT-X-TARGETDURATION, when it is a number. */
	readonly targetDurationSeconds: number | null;
	/** Variables with a value known here (EXT-X-DEFINE with VALUE or IMPORT), for `imports` of the media playlists. */
	readonly variables: ReadonlyMap<string, string>;
}

/** What the player will ask a URI for; decides the route that it takes. */
export type ReferenceKind = "playlist" | "key" | "media" | "resource";

/** The text that takes a URI's place; `atBase`: the viewer's base comes in front of it. */
export interface Replacement {
	readonly atBase: boolean;
	readonly text: string;
}

/** The URL that players fetch media from. */
export function movedMedia(url: string, move: HlsContext["mediaMove"]): string {
	return move !== undefined && url.startsWith(move.from) ? move.to + url.slice(move.from.length) : url;
}
