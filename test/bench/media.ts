/** What the measured videos are made of: as large as their kind is in practice, and the same in every run. */

export const SEGMENTS = 3600;
const RENDITIONS = 10;

/** A multivariant playlist of ten renditions, about 2.7 kB. */
export function multivariantPlaylist(): string {
	const lines = ["#EXTM3U", "#EXT-X-VERSION:6", "#EXT-X-INDEPENDENT-SEGMENTS"];
	for (let index = 0; index < RENDITIONS; index++) {
		const bandwidth = 400_000 * (index + 1);
		lines.push(
			`#EXT-X-STREAM-INF:BANDWIDTH=${bandwidth},AVERAGE-BANDWIDTH=${Math.round(bandwidth * 0.9)},` +
				`CODECS="avc1.64001f,mp4a.40.2",RESOLUTION=${160 * (index + 1)}x${90 * (index + 1)},` +
				"FRAME-RATE=25.000,VIDEO-RANGE=SDR,CLOSED-CAPTIONS=NONE",
			`video/rendition-${index}/avc-aac-${bandwidth}/index.m3u8?quality=${index}&set=main-${"0".repeat(32)}`,
		);
	}
	return `${lines.join("\n")}\n`;
}

/** A media playlist of two hours, about 126 kB; `key` is the URI of its AES-128 key, null for clear content. */
export function mediaPlaylist(key: string | null): string {
	const lines = ["#EXTM3U", "#EXT-X-VERSION:6", "#EXT-X-TARGETDURATION:2", "#EXT-X-PLAYLIST-TYPE:VOD"];
	if (key !== null) lines.push(`#EXT-X-KEY:METHOD=AES-128,URI="${key}"`);
	for (let index = 0; index < SEGMENTS; index++) {
		lines.push("#EXTINF:2.000,", `segment-${String(index).padStart(7, "0")}.ts`);
	}
	return `${lines.join("\n")}\n#EXT-X-ENDLIST\n`;
}

/** A media segment of 64 KiB: small, so that what the gate adds is not lost in the copying of bytes. */
export function segment(): Uint8Array {
	return new Uint8Array(65_536).map((_, index) => index % 251);
}

/** The URIs of a playlist, as a player reads them: lines that are no tags, and those of tags. */
export function urisOf(playlist: string, url: string): readonly string[] {
	const lines = playlist.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
	const quoted = [...playlist.matchAll(/URI="([^"]*)"/g)].map(([, uri]) => uri ?? "");
	return [...quoted, ...lines].map((uri) => new URL(uri, url).href);
}
