import { allow, refuse } from "../decision/decision.ts";
import type { Decision } from "../decision/decision.ts";
import type { Claims } from "./claims.ts";

const STATIC_URLS = "static.api.brightcove.com";
const PLAYBACK_API = "playback.api.brightcove.com";

/** Audiences of each use of a token, any one of which is enough (reference: brightcove 2.2 and 2.3, `aud`). */
export const STATIC_URL_AUDIENCES: readonly string[] = [STATIC_URLS];
export const PLAYBACK_API_AUDIENCES: readonly string[] = [PLAYBACK_API];
/** A player of a static URL and one of the Playback API fetch the same licences. */
export const LICENSE_AUDIENCES: readonly string[] = [PLAYBACK_API, STATIC_URLS];
/** Joins are not Brightcove's: a name of our own, or that of the API that a publisher signs for already. */
export const JOIN_AUDIENCES: readonly string[] = ["playgate/join", PLAYBACK_API];

/**
 * Judges whether a token is meant for this use (RFC 7519 section 4.1.3). A token without `aud` is for every use, unless
 * the account requires the claim (`claim-missing`); one for other uses only is refused as `audience-mismatch`.
 */
export function judgeAudience(
	{ aud }: Pick<Claims, "aud">,
	expected: readonly string[],
	requireAud: boolean,
): Decision {
	if (aud === undefined) {
		return requireAud ? refuse({ reason: "claim-missing", claim: "aud" }) : allow();
	}
	return aud.some((audience) => expected.includes(audience))
		? allow()
		: refuse({ reason: "audience-mismatch", expected });
}
