import type { ChimeRefusal } from "./chime-refusals.ts";
import type { JoinRefusal } from "./join-refusals.ts";
import type { VonageRefusal } from "./vonage-refusals.ts";
import type { SoraRefusal } from "./sora-refusals.ts";

/**
 * Every refusal of the product, each with its data. `reason` is stable: it is logged, sent in `Playgate-Reason` and
 * documented in docs/reasons.md. Add an arm here and the compiler names every table that must learn it.
 *
 * Times are seconds since the epoch, as in a JWT.
 */
export type Refusal =
	| TokenRefusal
	| PolicyRefusal
	| RightRefusal
	| LimitRefusal
	| RequestRefusal
	| CredentialRefusal
	| ManagementRefusal
	| JoinRefusal
	| ChimeRefusal
	| VonageRefusal
	| SoraRefusal
	| { readonly reason: "token-revoked"; readonly by: RevokedBy };

export type RevokedBy = "token" | "jti" | "uid" | "sid" | "key" | "video" | "issued-before";

/** Names of the carriers a token may travel in (reference: wire facts 6.1). */
export type Carrier = "authorization" | "bcov-auth-header" | "query" | "cookie";

type TokenRefusal =
	| { readonly reason: "token-required" }
	| { readonly reason: "token-repeated"; readonly parameter: string }
	| { readonly reason: "token-conflict"; readonly carriers: readonly Carrier[] }
	/** Refused before any crypto; `detail` names the rule that was broken, never the token. */
	| { readonly reason: "token-malformed"; readonly detail: string }
	/** No registered key fits the token's `kid`, `pkid` or algorithm. Public wording is the same as for a bad signature. */
	| { readonly reason: "key-unknown" }
	| { readonly reason: "signature-invalid" }
	| { readonly reason: "claim-invalid"; readonly claim: string; readonly detail: string }
	| { readonly reason: "claim-missing"; readonly claim: string }
	| { readonly reason: "token-expired"; readonly expiredAt: number }
	| { readonly reason: "token-not-yet-valid"; readonly validFrom: number }
	| { readonly reason: "token-lifetime-too-long"; readonly lifetimeSeconds: number; readonly maxSeconds: number }
	| { readonly reason: "audience-mismatch"; readonly expected: readonly string[] }
	/** A grant (the gate's own short token) that the gate did not sign, or that is not for this path. */
	| { readonly reason: "grant-invalid" };

type PolicyRefusal =
	| { readonly reason: "claim-not-enabled"; readonly claim: string; readonly tier: number; readonly neededTier: number }
	| { readonly reason: "account-mismatch" }
	| { readonly reason: "video-not-in-token"; readonly claim: "conid" | "vids" }
	| { readonly reason: "tags-mismatch" }
	| { readonly reason: "user-agent-mismatch" }
	/** Of a video's sources none has the protection that the token asks for (`pro`). Told within the video's JSON. */
	| { readonly reason: "sources-restricted"; readonly pro: string }
	/** An action that the claim `drules` names does not exist: what it was to limit is not known. */
	| { readonly reason: "delivery-rule-missing" }
	| { readonly reason: "video-not-active" }
	| { readonly reason: "video-not-started"; readonly startsAt: number }
	| { readonly reason: "video-ended"; readonly endedAt: number };

/** What a playback right refuses (reference: brightcove 5.3), in the order of its ladder. */
export type RightRefusal =
	/** The right that the token (`prid`) or the video names does not exist: nothing says that playback is allowed. */
	| { readonly reason: "rights-missing"; readonly namedBy: "prid" | "video" }
	| { readonly reason: "rights-ip-blocked" }
	| { readonly reason: "rights-ip-not-allowed" }
	/** `country` as the platform tells it, null where it knows none. */
	| { readonly reason: "rights-geo-blocked"; readonly by: GeoRule; readonly country: string | null }
	| { readonly reason: "rights-geo-not-allowed"; readonly country: string | null }
	| { readonly reason: "rights-not-started"; readonly startsAt: number }
	| { readonly reason: "rights-ended"; readonly endedAt: number }
	| { readonly reason: "rights-day-not-allowed"; readonly day: string }
	| { readonly reason: "rights-hour-not-allowed"; readonly hours: readonly string[] }
	| { readonly reason: "rights-proxy-blocked"; readonly type: string }
	| { readonly reason: "rights-domain-blocked"; readonly domain: string }
	/** `domain` is null when the request names no page. */
	| { readonly reason: "rights-domain-not-allowed"; readonly domain: string | null };

export type GeoRule = "zip" | "dma" | "country";

/** What the limits of a token refuse. */
export type LimitRefusal =
	| { readonly reason: "ip-limit"; readonly limit: number }
	| { readonly reason: "use-limit"; readonly limit: number }
	| { readonly reason: "device-limit"; readonly limit: number }
	/** `climit` is full and `cbeh` says that the new session loses. */
	| ({ readonly reason: "stream-limit-create"; readonly limit: number; readonly active: number } & Conflicting)
	/** This session was ended because a newer one took its place; renewals stay refused. */
	| ({ readonly reason: "stream-limit-renew" } & Conflicting)
	/** This session was ended by its player, by an operator, or by its viewer from another one; renewals stay refused. */
	| { readonly reason: "session-ended"; readonly by: "player" | "operator" | "viewer" }
	/** The request names a session to end (`end_session`), which the account does not allow, or a token without `uid` cannot. */
	| { readonly reason: "end-session-not-allowed"; readonly for: "account" | "token" }
	| { readonly reason: "limits-unavailable" };

type Conflicting = {
	/** What the viewer plays, newest first; absent where the account does not have it listed. For the client alone: not logged. */
	readonly conflicts?: readonly Conflict[];
};

/** One of the viewer's sessions. `startedAt` in milliseconds since the epoch. */
export interface Conflict {
	readonly session: string;
	readonly device: string;
	/** What the Devices API calls it, else a description; null until then. */
	readonly deviceName: string | null;
	/** Never shown. */
	readonly userAgent: string;
	readonly video: string;
	readonly startedAt: number;
}

type RequestRefusal =
	| { readonly reason: "bad-request"; readonly detail: string }
	| { readonly reason: "video-not-found" }
	| { readonly reason: "playlist-not-found" }
	| { readonly reason: "resource-not-found" }
	/** An ad insertion document (VMAP) was asked for, and nothing says which. */
	| { readonly reason: "ssai-claim-missing" }
	/** The video's record has no such configuration, or none of this kind. */
	| { readonly reason: "ssai-config-unknown"; readonly config: string; readonly kind: "hls" | "dash" }
	| { readonly reason: "method-not-allowed"; readonly allowed: readonly string[] }
	| { readonly reason: "source-unavailable"; readonly detail: string }
	| { readonly reason: "source-timeout" }
	/** The licence server of the record failed; `detail` says how, and never repeats what it said. */
	| { readonly reason: "license-unavailable"; readonly detail: string }
	| { readonly reason: "license-timeout" }
	| { readonly reason: "catalog-unavailable"; readonly record: UnreadRecord }
	| { readonly reason: "fault" };

/** What of the catalog could not be read; `playlist-videos` are those that a playlist names. */
export type UnreadRecord =
	| "account"
	| "video"
	| "right"
	| "delivery rule"
	| "playlist"
	| "playlist-videos"
	| JoinRecord;

/** Records of the join gate. */
export type JoinRecord = "E2EE session" | "provider credentials" | "join webhook";

/** What a management credential is refused for. */
export type CredentialRefusal =
	| { readonly reason: "credentials-required" }
	/** `expiredAt` is told to who holds the right secret; `cause` is for the log: what was wrong with an assertion of Cloudflare Access. */
	| { readonly reason: "credentials-invalid"; readonly expiredAt?: number; readonly cause?: Refusal }
	| { readonly reason: "credentials-throttled"; readonly retryAfterSeconds: number }
	| { readonly reason: "credentials-unavailable" }
	| { readonly reason: "scope-missing"; readonly scope: string }
	| { readonly reason: "cross-site-request" };

/** What the management API refuses of its paths and bodies. */
export type ManagementRefusal =
	| { readonly reason: "account-id-invalid" }
	/** `issues` name the place and the mistake: `sources[0].src: must start with https://`. */
	| { readonly reason: "record-invalid"; readonly issues: readonly string[] }
	| { readonly reason: "record-too-large"; readonly maxBytes: number }
	/** KV did not take a change. */
	| { readonly reason: "catalog-not-written"; readonly record: "right" | "session" }
	/** The object that holds the devices cannot be reached; what was to be done may have been done. */
	| { readonly reason: "devices-unavailable"; readonly operation: DeviceOperation }
	/** Another object that the call needs cannot be reached, or cannot store; what was to be done may have been done. */
	| { readonly reason: "object-unavailable" }
	/** A value of a playback right, told as Brightcove's API does; at most 64 characters. */
	| { readonly reason: "country-invalid"; readonly value: string }
	| { readonly reason: "address-invalid"; readonly value: string }
	/** A link to an audit report that this gate did not sign, or signed with a secret that was rotated away. */
	| { readonly reason: "report-link-invalid" }
	| { readonly reason: "report-link-expired"; readonly expiredAt: number };

/** What the Devices API was asked for: a list, an end of all devices or of one, or a name. */
export type DeviceOperation = "list" | "remove-all" | "remove" | "rename";

export type Reason = Refusal["reason"];
