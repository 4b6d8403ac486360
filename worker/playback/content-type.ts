/** Media types by file extension, for sources that name none. Playlists: RFC 8216bis section 4; segments: RFC 8216bis 3 and ISO/IEC 23000-19. */
const TYPES: Readonly<Record<string, string>> = {
	m3u8: "application/vnd.apple.mpegurl",
	m3u: "application/vnd.apple.mpegurl",
	mpd: "application/dash+xml",
	ts: "video/mp2t",
	mpegts: "video/mp2t",
	m4s: "video/iso.segment",
	cmfv: "video/mp4",
	cmfa: "audio/mp4",
	cmft: "application/mp4",
	mp4: "video/mp4",
	m4v: "video/mp4",
	m4a: "audio/mp4",
	aac: "audio/aac",
	ac3: "audio/ac3",
	ec3: "audio/eac3",
	mp3: "audio/mpeg",
	vtt: "text/vtt",
	webvtt: "text/vtt",
	srt: "application/x-subrip",
	ttml: "application/ttml+xml",
	jpg: "image/jpeg",
	jpeg: "image/jpeg",
	png: "image/png",
	webp: "image/webp",
	json: "application/json",
};

export const HLS_TYPE = "application/vnd.apple.mpegurl";
export const DASH_TYPE = "application/dash+xml";

/** `path`: without query. */
export function contentTypeOf(path: string): string {
	return TYPES[extensionOf(path)] ?? "application/octet-stream";
}

export function isKnownMedia(path: string): boolean {
	return extensionOf(path) in TYPES;
}

function extensionOf(path: string): string {
	return /\.([A-Za-z0-9]{2,7})$/.exec(path)?.[1]?.toLowerCase() ?? "";
}

/** Whether path or media type says that this is an HLS playlist, an MPD or a patch of one (RFC 8216bis 4, ISO/IEC 23009-1 annex C). */
export function saysManifest(path: string, contentType: string | null): boolean {
	return (
		/\.(?:m3u8?|mpd|mpp)$/i.test(path) ||
		(contentType !== null && /mpegurl|dash\+xml|dash-patch\+xml/i.test(contentType))
	);
}
