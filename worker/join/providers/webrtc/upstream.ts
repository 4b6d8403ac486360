import type { Decision } from "../../../decision/decision.ts";
import { type Outside, type ProviderAnswer, type ProviderAsk, askProvider } from "../../provider-call.ts";

const MOST_REDIRECTS = 3;

/** One request to a media server or a TURN provider, which may send it on within its host (RFC 9725 section 4.7). */
export const askUpstream = (outside: Outside, ask: ProviderAsk): Promise<Decision<ProviderAnswer>> =>
	askProvider(outside, { ...ask, redirects: MOST_REDIRECTS });
