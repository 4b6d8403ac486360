import CachePolicy from "http-cache-semantics";

/** How long a playlist whose source says nothing is used: a live one changes every few seconds, the others hardly ever. */
const SILENT_LIVE_MS = 1000;
const SILENT_MS = 10_000;
const MOST_MS = 3_600_000;

/**
 * For how many milliseconds a compiled playlist may be used before its source is asked again (RFC 9111, as a shared cache).
 * A live playlist is never kept for more than half its target duration, whatever its source says: players poll at that rate.
 */
export function freshForMs(response: Response, live: boolean, targetDurationSeconds: number | null): number {
	const liveMostMs = live ? Math.max(SILENT_LIVE_MS, (targetDurationSeconds ?? 2) * 500) : MOST_MS;
	return Math.min(liveMostMs, saidMs(response) ?? (live ? SILENT_LIVE_MS : SILENT_MS));
}

function saidMs({ status, headers }: Response): number | null {
	if (!headers.has("Cache-Control") && !headers.has("Expires") && !headers.has("Pragma")) return null;
	const policy = new CachePolicy(
		{ method: "GET", headers: {} },
		{ status, headers: Object.fromEntries(headers) },
		{ cacheHeuristic: 0 },
	);
	return policy.storable() ? policy.timeToLive() : 0;
}
