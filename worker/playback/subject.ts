import type { Account } from "../catalog/catalog.ts";
import { type Decision, allow, refuse } from "../decision/decision.ts";
import type { Told } from "../exchange.ts";
import type { Limits } from "../limits/contract.ts";
import { viewerObjectName } from "../limits/client.ts";
import { shardCount } from "../limits/leases/plan.ts";
import { judgeAudience } from "../token/audience.ts";
import type { Claims } from "../token/claims.ts";
import { judgeLifetime } from "../token/lifetime.ts";
import { type VerifiedToken, verifyToken } from "../token/verify.ts";
import { type Grant, lastingClaims } from "./grant.ts";

/** Whom a request speaks for: the same for a token and for a grant that was given for it. */
export interface Subject {
	readonly tokenId: string;
	readonly keyId: string;
	readonly claims: Claims;
	/** Claims that a grant carries on. */
	readonly lasting: Claims;
	readonly highestTier: { readonly claim: string; readonly tier: number };
	/** Null when the token limits nothing. */
	readonly limits: Limits | null;
	/** Name of the object that holds the viewer's limits; worked out when it is first asked for, as most tokens limit nothing. */
	readonly viewer: () => string;
	/** See `shardCount`. */
	readonly shards: number;
	/** Null for a token. */
	readonly grant: Grant | null;
	/** Grants signed for this token by this isolate, by what they hold; they differ only there. */
	readonly grantTexts: Map<string, string>;
}

/** A subject and when it ends: `expiresAt` in seconds, without skew. */
export interface TimedSubject {
	readonly subject: Subject;
	readonly expiresAt: number;
}

// Derived from the token or grant alone, so made once for each that the isolate remembers.
const ofTokens = new WeakMap<VerifiedToken, Subject>();
const ofGrants = new WeakMap<Grant, Subject>();

/** What the log is told of a subject. */
export type ToldSubject = Pick<Told, "tokenId" | "keyId" | "uid">;

export function tell(told: ToldSubject, { tokenId, keyId, claims }: Subject): void {
	told.tokenId = tokenId;
	told.keyId = keyId;
	told.uid = claims.uid;
}

/** Signature, then claims, then times, then audience. From the signature on the log is told whose token it is, whatever comes of it. */
export async function subjectOfToken(
	raw: string,
	account: Account,
	audiences: readonly string[],
	nowSeconds: number,
	told: ToldSubject,
): Promise<Decision<TimedSubject>> {
	const token = await verifyToken(raw, account.keySet);
	if (!token.allowed) return token;
	const subject = fromToken(token.value, account.id);
	tell(told, subject);
	const { claims } = token.value;
	const { settings } = account;
	const lifetime = judgeLifetime(
		claims,
		{
			requireExp: settings.require_exp,
			maxLifetimeSeconds: settings.max_token_lifetime_seconds,
			clockSkewSeconds: settings.clock_skew_seconds,
		},
		nowSeconds,
	);
	if (!lifetime.allowed) return lifetime;
	const audience = judgeAudience(claims, audiences, settings.require_aud);
	if (!audience.allowed) return audience;
	return allow({ subject, expiresAt: lifetime.value });
}

/** The grant's signature was checked when it was opened; what is left is its end. */
export function subjectOfGrant(
	grant: Grant,
	account: Account,
	nowSeconds: number,
	told: ToldSubject,
): Decision<TimedSubject> {
	const subject = fromGrant(grant);
	tell(told, subject);
	if (nowSeconds >= grant.expiresAt + account.settings.clock_skew_seconds) {
		return refuse({ reason: "token-expired", expiredAt: grant.expiresAt });
	}
	return allow({ subject, expiresAt: grant.expiresAt });
}

/** How long a viewer without a token may go on under one grant. */
const ANONYMOUS_SECONDS = 86_400;

const ANONYMOUS = "anonymous"; // no hash looks like this

export const isAnonymous = ({ tokenId }: Subject): boolean => tokenId === ANONYMOUS;

/** Whoever asks without a token where a playback right needs none: no claims, so no limits. */
export function anonymousSubject(account: string, nowSeconds: number): TimedSubject {
	const claims: Claims = { iat: nowSeconds };
	const named = { tokenId: ANONYMOUS, keyId: ANONYMOUS };
	const counting = counted(account, named.tokenId, claims);
	const subject = {
		...named,
		claims,
		lasting: claims,
		highestTier: NO_TIER,
		...counting,
		grant: null,
		grantTexts: new Map(),
	};
	return { subject, expiresAt: nowSeconds + ANONYMOUS_SECONDS };
}

function fromToken(token: VerifiedToken, account: string): Subject {
	const known = ofTokens.get(token);
	if (known) return known;
	const { id: tokenId, keyId, claims, highestTier } = token;
	const lasting = lastingClaims(claims);
	const subject = {
		tokenId,
		keyId,
		claims,
		lasting,
		highestTier,
		...counted(account, tokenId, claims),
		grant: null,
		grantTexts: new Map(),
	};
	ofTokens.set(token, subject);
	return subject;
}

const NO_TIER = { claim: "", tier: 1 }; // judged when the grant was given

function fromGrant(grant: Grant): Subject {
	const known = ofGrants.get(grant);
	if (known) return known;
	const { tokenId, keyId, claims, account } = grant;
	const subject: Subject = {
		tokenId,
		keyId,
		claims,
		lasting: claims,
		highestTier: NO_TIER,
		...counted(account, tokenId, claims),
		grant,
		grantTexts: new Map(),
	};
	ofGrants.set(grant, subject);
	return subject;
}

function counted(account: string, tokenId: string, claims: Claims): Pick<Subject, "limits" | "viewer" | "shards"> {
	const { maxip, maxu, climit, cbeh, dlimit, uid, sid } = claims;
	const limited = maxip !== undefined || maxu !== undefined || climit !== undefined || dlimit !== undefined;
	const limits: Limits = {
		...(maxip === undefined ? {} : { maxip }),
		...(maxu === undefined ? {} : { maxu }),
		...(climit === undefined ? {} : { climit }),
		...(cbeh === undefined ? {} : { cbeh }),
		...(dlimit === undefined ? {} : { dlimit }),
	};
	let name: string | undefined;
	const viewer = () => (name ??= viewerObjectName(account, uid === undefined ? { tokenId } : { uid }));
	return { limits: limited ? limits : null, viewer, shards: shardCount(limits, uid ?? sid) };
}
