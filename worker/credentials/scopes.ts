/** The scopes that let a caller read and change one part of the API; any one of those named is enough. */
interface AreaScopes {
	readonly read: readonly string[];
	readonly write: readonly string[];
}

const pair = (base: string): AreaScopes => ({ read: [`${base}/read`], write: [`${base}/write`] });
const one = (scope: string): AreaScopes => ({ read: [scope], write: [scope] });

/**
 * Every part of the management API and its scopes. Where Brightcove has a scope for it, its name is theirs (reference: brightcove 1), so
 * that a back end asks for the same ones. To write is not to read: who needs both names both.
 */
const areas = {
	keys: pair("video-cloud/playback-auth/key"),
	blacklist: one("video-cloud/playback-auth/blacklist"),
	audit: one("video-cloud/playback-auth/audit"),
	devices: pair("video-cloud/playback-auth/devices"),
	"playback-rights": pair("video-cloud/playback-auth/playback-rights"),
	"delivery-rules": {
		read: ["video-cloud/delivery-rules/read", "video-cloud/delivery-rules/all"],
		write: ["video-cloud/delivery-rules/all"],
	},
	settings: pair("playgate/settings"),
	videos: pair("playgate/videos"),
	playlists: pair("playgate/playlists"),
	sessions: pair("playgate/sessions"),
	"e2ee-sessions": pair("playgate/e2ee-sessions"),
	providers: pair("playgate/providers"),
	revocations: pair("playgate/revocations"),
	decisions: one("playgate/decisions/read"),
	tokens: pair("playgate/tokens"),
} as const satisfies Readonly<Record<string, AreaScopes>>;

/** A part of the API, as a route names it. */
export type Area = keyof typeof areas;

/** Everything within the account. */
export const EVERY_SCOPE = "playgate/all";

/** Every scope that a token may have. */
export const SCOPES: readonly string[] = [
	...new Set(Object.values(areas).flatMap(({ read, write }): readonly string[] => [...read, ...write])),
	EVERY_SCOPE,
];

/** The scopes of which a caller must have one; the first is the narrowest, and the one that a refusal names. */
export function scopesFor(area: Area, method: string): readonly string[] {
	return method === "GET" || method === "HEAD" ? areas[area].read : areas[area].write;
}

/** Whether who has `granted` may do what `wanted` alone lets one do. */
export function covers(granted: readonly string[], wanted: string): boolean {
	if (granted.includes(EVERY_SCOPE) || granted.includes(wanted)) return true;
	return wanted === "video-cloud/delivery-rules/read" && granted.includes("video-cloud/delivery-rules/all");
}
