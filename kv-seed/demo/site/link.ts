/** What a player link names: `/demo/player#token=...&account=demo&video=clip`, or the same as a query. */
export interface PlayerLink {
	readonly token: string;
	readonly account: string;
	readonly video: string;
}

/** The fragment first: it never leaves the browser, so it is in no log. */
export function readLink(location: { readonly hash: string; readonly search: string }): PlayerLink {
	const fragment = new URLSearchParams(location.hash.slice(1));
	const query = new URLSearchParams(location.search);
	const read = (name: string): string => fragment.get(name) ?? query.get(name) ?? "";
	return { token: read("token"), account: read("account") || "demo", video: read("video") || "clip" };
}

/** URL of the multivariant playlist, with the token where a player that can set no header puts it. */
export function playlistUrl({ token, account, video }: PlayerLink): string {
	const path = `/playback/v1/accounts/${encodeURIComponent(account)}/videos/${encodeURIComponent(video)}/master.m3u8`;
	return `${path}?bcov_auth=${encodeURIComponent(token)}`;
}

/** Claims of a token for display, unverified; empty when it is no JWT. */
export function readClaims(token: string): readonly (readonly [string, string])[] {
	try {
		const payload = token.split(".")[1] ?? "";
		const bytes = Uint8Array.from(atob(payload.replaceAll("-", "+").replaceAll("_", "/")), (char) =>
			char.charCodeAt(0),
		);
		const claims = JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>;
		return Object.entries(claims).map(([name, value]) => [name, describe(name, value)] as const);
	} catch {
		return [];
	}
}

const times: ReadonlySet<string> = new Set(["exp", "iat", "nbf", "cexp"]);

function describe(name: string, value: unknown): string {
	if (times.has(name) && typeof value === "number") return new Date(value * 1000).toLocaleString();
	return typeof value === "string" ? value : JSON.stringify(value);
}
