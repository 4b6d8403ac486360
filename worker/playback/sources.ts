import type { VideoRecord } from "../catalog/video-record.ts";
import type { Source } from "../catalog/video-schema.ts";
import type { Claims } from "../token/claims.ts";

export const isDashSource = (source: Source): boolean => source.type === "application/dash+xml";
export const isMp4Source = (source: Source): boolean => source.type === "video/mp4";
export const isHlsSource = (source: Source): boolean => !isDashSource(source) && !isMp4Source(source);

/**
 * Index of the source that a URL serves, or -1: its type by the path, its protection by the claim `pro`; without `pro` the clear
 * one, else the first (design 5).
 */
export function pickSource(video: VideoRecord, isType: (source: Source) => boolean, pro: Claims["pro"]): number {
	const exact = video.sources.findIndex((source) => source.protection === (pro ?? "") && isType(source));
	return exact >= 0 || (pro !== undefined && pro !== "") ? exact : video.sources.findIndex(isType);
}

/** What a source is called under a grant: its manifest, or the file itself. */
export function manifestName(source: Source): string {
	if (isMp4Source(source)) return MP4_NAME;
	return isDashSource(source) ? "manifest.mpd" : "master.m3u8";
}

export const MP4_NAME = "video.mp4";

/** "https://origin/clip/" of "https://origin/clip/master.m3u8?x=1". */
export function directoryOf(url: string): string {
	const path = url.split(/[?#]/, 1)[0] ?? url;
	return path.slice(0, path.lastIndexOf("/") + 1);
}

/** Hosts that a redirect of one of the video's sources may lead to. */
export function redirectHosts(video: VideoRecord): readonly string[] {
	return [...video.allowed_hosts, ...video.sources.map((source) => new URL(source.src).host)];
}
