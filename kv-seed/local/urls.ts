/** A video of an account on a running gate. `base` is like `http://127.0.0.1:8787`. */
export interface VideoAddress {
	readonly base: string;
	readonly account: string;
	readonly video: string;
}

/** JSON of the video, to be asked with `Authorization: Bearer` (design 7). */
export function videoUrl({ base, account, video }: VideoAddress): string {
	return `${base}/playback/v1/accounts/${encodeURIComponent(account)}/videos/${encodeURIComponent(video)}`;
}

/** HLS multivariant playlist, with the token in the query. */
export function manifestUrl(address: VideoAddress, token: string): string {
	return `${videoUrl(address)}/master.m3u8?bcov_auth=${token}`;
}

/** Demo page that plays with this token. It stands in the fragment, which no server sees. */
export function playerUrl({ base, account, video }: VideoAddress, token: string): string {
	return `${base}/demo/player#${new URLSearchParams({ account, video, token }).toString()}`;
}
