import type { HlsContext } from "../hls/context.ts";

/** DRM systems whose licence URLs the gate takes over. */
export type LicenseSystem = "widevine" | "playready" | "fairplay" | "clearkey";

/** What a compile of one document needs to know about its source and about the gate; the shared members are as for a playlist. */
export interface DashContext extends Pick<
	HlsContext,
	"url" | "sourceRoot" | "servedBelow" | "segments" | "mediaMove" | "seal" | "reachable"
> {
	/** Systems that the record has a licence server or keys for. The licence URLs of all others are left to the player. */
	readonly licenses: ReadonlySet<LicenseSystem>;
}

/** A document with a hole wherever a URL starts at the gate. */
export interface DashTemplate {
	/** `element`: what an xlink of an MPD brings in. */
	readonly kind: "mpd" | "patch" | "element";
	/**
	 * Text between the holes: the document for a viewer is `parts.join(base)`. The base has to be absolute, `https://<gate>/g/<grant>/`,
	 * and of characters that XML keeps: players read licence URLs against their own page, not against the MPD.
	 */
	readonly parts: readonly string[];
	/** It may still change: an MPD of `type="dynamic"`, or a patch of one. */
	readonly live: boolean;
	/** MPD@minimumUpdatePeriod in seconds, when it is a duration. */
	readonly minimumUpdateSeconds: number | null;
}

/** `problem` names what is wrong with the document and is fit to be shown. */
export type DashResult =
	| { readonly ok: true; readonly template: DashTemplate }
	| { readonly ok: false; readonly problem: string };
