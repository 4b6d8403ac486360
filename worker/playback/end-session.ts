import { type Decision, allow, refuse } from "../decision/decision.ts";
import type { Exchange } from "../exchange.ts";
import { SID_PATTERN } from "../token/claims.ts";
import type { Asker, LimitAsk } from "./limit-ask.ts";

/** Query parameter of a request that starts playback: the session of its viewer that is to end for it. */
export const END_SESSION = "end_session";
/** Most queries are the token alone, and are not parsed for this. */
const MAY_NAME_ONE = /end_session|%/;

/** The session that the request names to be ended; null for none, and for requests that go on with a session. */
export function sessionToEnd(exchange: Exchange, asker: Asker, { intent }: LimitAsk): Decision<string | null> {
	if (intent === "renew" || !MAY_NAME_ONE.test(exchange.search)) return allow(null);
	const named = exchange.query.getAll(END_SESSION);
	const [key] = named;
	if (key === undefined) return allow(null);
	if (named.length > 1) return refuse({ reason: "token-repeated", parameter: END_SESSION });
	if (!asker.account.settings.viewer_may_end_sessions)
		return refuse({ reason: "end-session-not-allowed", for: "account" });
	if (asker.subject.subject.claims.uid === undefined)
		return refuse({ reason: "end-session-not-allowed", for: "token" });
	if (SID_PATTERN.test(key)) return allow(key);
	return refuse({ reason: "bad-request", detail: `${END_SESSION} must be the id of a session.` });
}
