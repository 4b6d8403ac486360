import { JOIN_ROLES, type JoinRole } from "../token/join-role.ts";

/** Providers of real-time sessions that the join gate stands in front of. */
export const PROVIDERS = ["vonage", "sora", "chime", "webrtc"] as const;
export type ProviderName = (typeof PROVIDERS)[number];

export { JOIN_ROLES, type JoinRole };

/** Browsers that a record may name, as join/support knows them; `webview` is one within an app. */
export const BROWSERS = ["chrome", "edge", "safari", "firefox", "opera", "samsung", "webview"] as const;
export type BrowserName = (typeof BROWSERS)[number];

export type SessionStatus = "open" | "locked" | "ended";

/** Each provider's part of a session's record. */
interface Parts {
	readonly vonage: VonagePart;
	readonly sora: SoraPart;
	readonly chime: ChimePart;
	readonly webrtc: WebrtcPart;
}

type PartsOrNull = { readonly [P in ProviderName]: Parts[P] | null };

/** An end-to-end encrypted session as KV keeps it (design 5 and 8). Times are seconds since the epoch. */
export interface E2eeSessionRecord extends PartsOrNull {
	readonly account_id: string;
	readonly id: string;
	readonly name: string;
	readonly provider: ProviderName;
	readonly status: SessionStatus;
	/** Milliseconds: which of two statuses is the later one, that of the record or that of the room. */
	readonly status_changed_at: number;
	readonly starts_at: number | null;
	readonly ends_at: number | null;
	/** Null: no limit. */
	readonly max_participants: number | null;
	readonly max_stay_seconds: number | null;
	readonly lobby: boolean;
	/** Each token joins once. */
	readonly single_use: boolean;
	readonly default_role: JoinRole;
	/** Roles that a client may ask for; a token's claim `join_role` may allow more. */
	readonly roles: readonly JoinRole[];
	/** What a second participant with the same `uid` does: takes the place of the first, is refused, or comes in besides. */
	readonly identity: "newest" | "refuse" | "many";
	/** How long a participant whose connection broke keeps the place. */
	readonly reconnect_seconds: number;
	/** How long a ticket opens its connection. */
	readonly ticket_seconds: number;
	/** Page that a browser is sent to, with the ticket in the fragment. */
	readonly join_url: string | null;
	readonly playback_rights_id: string | null;
	readonly tags: readonly string[];
	readonly custom_fields: Readonly<Record<string, string>>;
	/** Least versions that a client must have, by SDK or browser (`opentok.js`, `chrome`); tightens the table of join/support. */
	readonly least_versions: Readonly<Record<string, string>>;
	/** Browsers that may join; empty: every one that can encrypt. */
	readonly browsers: readonly string[];
	readonly created_at?: string | null;
	readonly updated_at?: string | null;
}

export interface VonagePart {
	readonly application_id: string | null;
	readonly api_key: string | null;
	readonly session_id: string;
	readonly api_url: string;
}

export interface SoraPart {
	readonly channel_id: string;
	readonly signaling_urls: readonly string[];
	readonly mode: "redirect" | "proxy";
}

export interface ChimePart {
	readonly region: string;
	/** Null until the facade has made the meeting. */
	readonly meeting_id: string | null;
	readonly app_key: string | null;
	readonly tenant_ids: readonly string[];
	/** Upstream of the signalling gate. */
	readonly signaling_url: string | null;
	/** `inject`: the gate adds the two headers upstream; `check`: it judges those that a network's proxy sent to it. */
	readonly headers: "inject" | "check";
}

export interface WebrtcPart {
	readonly mode: "room" | "whip" | "whep";
	/** Of the SFU, for whip and whep. */
	readonly endpoint: string | null;
	/** Sealed, opened by `catalog.endpointToken`; sent to the endpoint as Bearer. */
	readonly endpoint_token: string | null;
	/** Sealed in KV, open where the catalog hands them out: every participant gets them. */
	readonly ice_servers: readonly IceServer[];
}

export interface IceServer {
	readonly urls: readonly string[];
	readonly username?: string;
	readonly credential?: string;
}
