import type { E2eeSessionRecord } from "../catalog/e2ee-session-record.ts";
import type { Asker } from "../playback/limit-ask.ts";
import type { EndCause, Stay } from "./room/contract.ts";

const NEVER = Number.POSITIVE_INFINITY;

/** How long a participant may stay: until the token ends, the longest stay is over, or the session ends, whichever is first. */
export function stayOf(
	{ account, subject: { subject, expiresAt } }: Pick<Asker, "account" | "subject">,
	{ max_stay_seconds: stay, ends_at: end }: Pick<E2eeSessionRecord, "max_stay_seconds" | "ends_at">,
	joinedAtMs: number,
	nowMs: number,
): Stay {
	// Within the skew a token counts as good, so whoever joins with it just then is not put out in the same moment.
	const skewedMs = (expiresAt + account.settings.clock_skew_seconds) * 1000;
	const tokenMs = expiresAt * 1000 > nowMs ? expiresAt * 1000 : skewedMs;
	const ends: { readonly at: number; readonly because: EndCause }[] = [
		{ at: tokenMs, because: "token-expired" },
		{ at: stay === null ? NEVER : joinedAtMs + stay * 1000, because: "stayed-too-long" },
		{ at: end === null ? NEVER : end * 1000, because: "session-ended" },
	];
	const first = ends.reduce((least, other) => (other.at < least.at ? other : least));
	const { jti, uid, sid, iat: issuedAt } = subject.claims;
	const { tokenId, keyId } = subject;
	return {
		expiresAt: first.at,
		endsBecause: first.because,
		tokenEndsAt: skewedMs,
		facts: { tokenId, keyId, jti, uid, sid, issuedAt },
	};
}
