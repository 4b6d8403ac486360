export interface Resolution {
	readonly width: number;
	readonly height: number;
}

/** A domain and what is below it, with a port where it names one, or hosts that have the text in their name. */
export type HostPreference = { readonly domain: string } | { readonly part: string };

/** Which renditions of a manifest are left, and in which order. What is absent limits nothing. Bitrates are bit/s. */
export interface RenditionRules {
	readonly minBitrate?: number;
	readonly maxBitrate?: number;
	/** The rendition nearest to it comes first. */
	readonly firstBitrate?: number;
	readonly minResolution?: Resolution;
	readonly maxResolution?: Resolution;
	readonly maxVideo?: number;
	readonly maxAudio?: number;
	/** Names of codecs or of their families, as in `isCodecOf`. */
	readonly videoCodecs?: readonly string[];
	readonly audioCodecs?: readonly string[];
	/** Of several places that have the same rendition, one at such a host comes first. */
	readonly host?: HostPreference;
}

/** What a manifest says of a rendition; null is not known, and fits every rule. */
export interface Rendition {
	readonly bitrate: number | null;
	readonly width: number | null;
	readonly height: number | null;
	/** As in a codecs parameter (RFC 6381). */
	readonly codecs: readonly string[];
	/** The same for what is one rendition at several places. */
	readonly identity: string;
}
