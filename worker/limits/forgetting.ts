import type { SessionRow, ViewerState } from "./state.ts";

/** A request may be this long on its way after its token has ended, by the clock of the object. Its rows count until then. */
export const ON_ITS_WAY_MS = 60_000;

/**
 * Rows stay on disk for so long after they ended: a clock that was ahead by less, of the object or of an isolate that still takes the token
 * for valid, takes no use, address or end away that counts.
 */
export const MOST_ASTRAY_MS = 24 * 60 * 60_000;

/**
 * A session as decisions see it. One that has lapsed is as if it had never been, but for its ends, which are known as long as a token lives
 * that it was played with. The clean-up removes just what is not known any more, so it changes no decision, whenever it runs.
 */
export function knownSession(state: ViewerState, key: string, now: number): SessionRow | null {
	const row = state.session(key);
	if (!row || row.seenAt + row.ttlSeconds * 1000 > now) return row;
	return row.barredAt !== null && row.forgetAt + ON_ITS_WAY_MS > now ? row : null;
}
