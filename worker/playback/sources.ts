import type { VideoRecord } from "../catalog/video-record.ts";
import type { Source } from "../catalog/video-schema.ts";
import type { Claims } from "../token/claims.ts";

export const isDashSource = (source: Source): boolean => source.type === "application/dash+xml";
export const isHlsSource = (source: Source): boolean => !isDashSource(source) && source.type !== "video/mp4";

/**
 * Index of the source that a URL serves, or -1: its type by the path, its protection by the claim `pro`; without `pro` the clear
 * one, else the first (design 5).
 */
export function pickSource(video: VideoRecord, isType: (source: Source) => boolean, pro: Claims["pro"]): number {
	const exact = video.sources.findIndex((source) => source.protection === (pro ?? "") && isType(source));
	return exact >= 0 || (pro !== undefined && pro !== "") ? exact : video.sources.findIndex(isType);
}

/** What the manifest of a source is called at the gate. */
export const manifestName = (source: Source): string => (isDashSource(source) ? "manifest.mpd" : "master.m3u8");

/** "https://origin/clip/" of "https://origin/clip/master.m3u8?x=1". */
export function directoryOf(url: string): string {
	const path = url.split(/[?#]/, 1)[0] ?? url;
	return path.slice(0, path.lastIndexOf("/") + 1);
}

/** Hosts that a redirect of one of the video's sources may lead to. */
export function redirectHosts(video: VideoRecord): readonly string[] {
	return [...video.allowed_hosts, ...video.sources.map((source) => new URL(source.src).host)];
}
