import type { DashTemplate, LicenseSystem } from "./context.ts";
import type { ReferenceKind } from "./rules.ts";

/** A URL of a document, decoded, and the range of the text that it was written in. */
export interface Slot {
	readonly start: number;
	readonly end: number;
	readonly value: string;
	/** One run of characters: no comment, CDATA section or element is part of it, so that all players read the same. */
	readonly simple: boolean;
}

export interface Reference extends Slot {
	readonly kind: ReferenceKind;
	/** Index of the level whose BaseURLs it is resolved against; for a BaseURL, the one that it belongs to. */
	readonly level: number;
	/** Of the ContentProtection element around it. */
	readonly system: LicenseSystem | null;
}

/** A ContentProtection element that names no licence server: where one may be told, in place of what is between the two ends. */
export interface Unlicensed {
	readonly start: number;
	readonly end: number;
	readonly system: LicenseSystem;
	/** Tags that have to stand before and after, where the element was a single tag. */
	readonly open: string;
	readonly close: string;
}

/** Behind a ContentProtection element that says only that the media is in Common Encryption; `tag` is how it spells its name. */
export interface Common {
	readonly end: number;
	readonly tag: string;
}

/** What the rewriting needs of a document: everything in it that may be replaced, in document order. */
export interface DashDocument extends Pick<DashTemplate, "kind" | "live" | "minimumUpdateSeconds"> {
	/** The index of each level's parent, which is always smaller; the first level is the document's root and has none. */
	readonly parents: readonly (number | null)[];
	readonly references: readonly Reference[];
	readonly unlicensed: readonly Unlicensed[];
	/** Where Clear Key may be named; empty in a document that names any system. */
	readonly common: readonly Common[];
	/** Attributes that are turned off, and the text that does it. */
	readonly silenced: readonly { readonly start: number; readonly end: number; readonly text: string }[];
	/** Where a BaseURL of the MPD may stand; null when it has no content. */
	readonly insertAt: number | null;
	/** Prefix of the MPD's own namespace, with its colon: "" or "mpd:". */
	readonly prefix: string;
	/** Whether what the player writes into templates is more than numbers and names. */
	readonly hasUnusualIdentifiers: boolean;
}
