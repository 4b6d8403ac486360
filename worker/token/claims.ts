import { allow, refuse } from "../decision/decision.ts";
import type { Decision } from "../decision/decision.ts";
import { address, count, duration, list, matching, objectWith, oneOf, oneOrList, text, time } from "./claim-readers.ts";
import type { Reader } from "./claim-readers.ts";
import { JOIN_ROLES, type JoinRole } from "./join-role.ts";

/** Encryption that a token asks for (`pro`). "" is clear; "clearkey" is ours, the others are Brightcove's. */
export type Protection = "" | "aes128" | "widevine" | "playready" | "fairplay" | "clearkey";

/**
 * The claims that mean something here, typed and bounded (reference: brightcove 2.2 and 2.3). Absent claims are absent
 * members. Times are seconds since the epoch.
 */
export interface Claims {
	/** Account that owns the content. */
	readonly accid?: string;
	/** Audiences; a single string is read as a list of one. */
	readonly aud?: readonly string[];
	readonly iat?: number;
	readonly exp?: number;
	readonly nbf?: number;
	/** Identifier that the publisher gave the token; never the identity of a counter. */
	readonly jti?: string;
	/** Playback right that replaces the video's own. */
	readonly prid?: string;
	/** The video must have one of these tags. */
	readonly tags?: readonly string[];
	/** Videos that the token is good for. */
	readonly vids?: readonly string[];
	/** Address that replaces the client's where geography is judged. */
	readonly ip?: string;
	/** Delivery rule actions; a single string is read as a list of one. */
	readonly drules?: readonly string[];
	readonly pro?: Protection;
	/** Registered key that signed the token. */
	readonly pkid?: string;
	/** `ssai`: server-side ad insertion configuration. */
	readonly vod?: { readonly ssai?: string };
	/** The one User-Agent allowed. */
	readonly ua?: string;
	/** The one video, or joined session, allowed. */
	readonly conid?: string;
	/** Distinct addresses, and licence or key requests, over the token's life. */
	readonly maxip?: number;
	readonly maxu?: number;
	/** Viewer. */
	readonly uid?: string;
	/** Sessions of the viewer at once, and what happens to one too many. */
	readonly climit?: number;
	readonly cbeh?: "BLOCK_NEW" | "BLOCK_NEW_USER";
	/** Session, where the publisher names it. */
	readonly sid?: string;
	/** Devices of the viewer. */
	readonly dlimit?: number;
	/** Life of a session in seconds; written as a Go duration. */
	readonly cexp?: number;
	/** Role in an end-to-end encrypted session: the one of a client that asks for none, and the most it may have. */
	readonly join_role?: JoinRole;
}

export type ClaimName = keyof Claims;

/** Security tier of an account or claim: 1 rights, 2 licence key protection, 3 viewers, streams and devices. */
export type Tier = 1 | 2 | 3;

interface ClaimRule<T> {
	readonly tier: Tier;
	readonly reader: Reader<T>;
}

const id = text(1, 256);

/** Names of viewers: the claim `uid`. */
export const UID_PATTERN = /^[A-Za-z0-9=/,@_.+-]{1,64}$/;
export const UID_RULE = "1 to 64 of A-Z a-z 0-9 = / , @ _ . + -";

/** Names of sessions: the claim `sid`. User-Agents are in use for them, so blanks are. */
export const SID_PATTERN = /^[^\p{C}\p{Zl}\p{Zp}]{1,128}$/u;

const RULES: { readonly [C in ClaimName]-?: ClaimRule<Required<Claims>[C]> } = {
	accid: { tier: 1, reader: id },
	aud: { tier: 1, reader: oneOrList(id, 20) },
	iat: { tier: 1, reader: time },
	exp: { tier: 1, reader: time },
	nbf: { tier: 1, reader: time },
	jti: { tier: 1, reader: text(0, 256) },
	prid: { tier: 1, reader: id },
	tags: { tier: 1, reader: list(id, 40) },
	vids: { tier: 1, reader: list(id, 200) },
	ip: { tier: 1, reader: address },
	drules: { tier: 1, reader: oneOrList(id, 50) },
	pro: { tier: 1, reader: oneOf(["", "aes128", "widevine", "playready", "fairplay", "clearkey"]) },
	pkid: { tier: 1, reader: id },
	vod: { tier: 1, reader: objectWith("ssai", id) },
	ua: { tier: 2, reader: text(0, 1024) },
	conid: { tier: 2, reader: id },
	maxip: { tier: 2, reader: count },
	maxu: { tier: 2, reader: count },
	uid: { tier: 3, reader: matching(UID_PATTERN, UID_RULE) },
	climit: { tier: 3, reader: count },
	cbeh: { tier: 3, reader: oneOf(["BLOCK_NEW", "BLOCK_NEW_USER"]) },
	sid: { tier: 3, reader: matching(SID_PATTERN, "a string of 1 to 128 printable characters") },
	dlimit: { tier: 3, reader: count },
	cexp: { tier: 3, reader: duration },
	join_role: { tier: 1, reader: oneOf(JOIN_ROLES) },
};

// A map, since names come from the token: an object would also answer to `constructor` and its like.
const RULE_BY_NAME: ReadonlyMap<string, ClaimRule<unknown>> = new Map(Object.entries(RULES));

/**
 * Reads the claims of a payload. Unknown claims are ignored; a known claim of another type or beyond its bounds is refused
 * as `claim-invalid`, with the claim and what it must be, and never coerced.
 */
export function parseClaims(payload: Readonly<Record<string, unknown>>): Decision<Claims> {
	const claims: Record<string, unknown> = {};
	for (const claim of Object.keys(payload)) {
		const rule = RULE_BY_NAME.get(claim);
		if (rule === undefined) {
			continue;
		}
		const value = rule.reader.read(payload[claim]);
		if (value === undefined) {
			return refuse({ reason: "claim-invalid", claim, detail: `must be ${rule.reader.expected}` });
		}
		claims[claim] = value;
	}
	return allow<Claims>(claims);
}

/** The tier that an account needs for a claim (reference: brightcove 2.3, tier table). */
export function tierOf(claim: ClaimName): Tier {
	return RULES[claim].tier;
}

/** The claim of the highest tier, the first where several share it; tier 0 and no name where there are no claims. */
export function highestTierOf(claims: Claims): { readonly claim: string; readonly tier: number } {
	let highest = { claim: "", tier: 0 };
	for (const claim of Object.keys(claims)) {
		const tier = RULE_BY_NAME.get(claim)?.tier ?? 0;
		if (tier > highest.tier) {
			highest = { claim, tier };
		}
	}
	return highest;
}
