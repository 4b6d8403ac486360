/** What the join gate refuses (design 8). Data are public: an answer tells them (join-rows.ts). Times are seconds since the epoch. */
export type JoinRefusal = SessionRefusal | ClientRefusal | TicketRefusal | ProviderRefusal;

/** What the session's record and its room refuse. */
type SessionRefusal =
	| { readonly reason: "e2ee-session-not-found" }
	| { readonly reason: "e2ee-session-not-started"; readonly startsAt: number }
	/** `endedAt` is null where an operator ended it. */
	| { readonly reason: "e2ee-session-ended"; readonly endedAt: number | null }
	| { readonly reason: "e2ee-session-locked" }
	| { readonly reason: "e2ee-session-full"; readonly limit: number }
	/** The record names no page that a browser could be sent to. */
	| { readonly reason: "join-url-missing" }
	/** `until` is null for a ban without an end. */
	| { readonly reason: "participant-banned"; readonly until: number | null }
	/** A participant of the same identity is there, and the record says `identity: "refuse"`. */
	| { readonly reason: "participant-present" }
	| { readonly reason: "participant-not-found" }
	/** What was asked for goes with participants of another status only: `status` is the one it has. */
	| { readonly reason: "participant-status"; readonly status: string; readonly wanted: string }
	| { readonly reason: "token-already-joined" }
	| { readonly reason: "lobby-denied" }
	| { readonly reason: "role-not-allowed"; readonly role: string; readonly allowed: readonly string[] }
	| { readonly reason: "moderator-required" };

/** What the client or its request is refused for. */
type ClientRefusal =
	/** `version` is null where the client does not say it; `product` as people call it. */
	| {
			readonly reason: "client-too-old";
			readonly product: string;
			readonly version: string | null;
			readonly leastVersion: string;
	  }
	/** No version of the product will do. `detail` says why, and what to use. */
	| { readonly reason: "client-unsupported"; readonly product: string; readonly detail: string }
	/** `member` is the place, as in `client.options.secret` or `query encryptionSecret`; never its value. */
	| { readonly reason: "encryption-secret-sent"; readonly member: string }
	| { readonly reason: "media-type-unsupported"; readonly expected: readonly string[] }
	/** A change of a WHIP or WHEP session names the version of it that the client knows (If-Match, RFC 9725 section 4.3). */
	| { readonly reason: "precondition-required" }
	| { readonly reason: "precondition-failed" }
	/** `rule` is a name of the table of SDP admission. */
	| { readonly reason: "sdp-refused"; readonly rule: string; readonly detail: string };

type TicketRefusal =
	/** Not a ticket that this gate signed, or one for another door. */
	| { readonly reason: "ticket-invalid" }
	| { readonly reason: "ticket-used" }
	| { readonly reason: "ticket-expired" }
	/** `because` as in `GoneBecause` of join/room/contract.ts. */
	| { readonly reason: "participant-gone"; readonly because: string };

/** What stands behind the gate. `detail` never repeats what a provider said, nor a credential. */
type ProviderRefusal =
	| { readonly reason: "provider-not-configured"; readonly provider: string; readonly detail: string }
	| { readonly reason: "provider-unavailable"; readonly provider: string; readonly detail: string }
	| { readonly reason: "provider-timeout"; readonly provider: string }
	/** What the endpoint of a WHIP or WHEP session says: nobody publishes yet, it has too much to do, it does not want this request. */
	| { readonly reason: "stream-not-live"; readonly retryAfterSeconds: number }
	| { readonly reason: "media-server-busy"; readonly retryAfterSeconds: number }
	| { readonly reason: "media-server-refused" }
	| { readonly reason: "room-unavailable" };
