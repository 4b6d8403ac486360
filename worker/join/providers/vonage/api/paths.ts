import { type Decision, allow, refuse } from "../../../../decision/decision.ts";

/** What decodes media on the platform's side, by its name in the path (reference: rtc 1.2); captions are of our own adding. */
const FEATURES: ReadonlySet<string> = new Set(["archive", "broadcast", "render", "connect", "dial", "captions"]);

/** What a call of the REST API is about. */
export interface ApiTarget {
	/** `create`: of a session. `feature`: begins something that decodes media. `other`: all else. */
	readonly does: "create" | "feature" | "other";
	readonly feature: string | null;
	/** API key or application id that the path names. */
	readonly project: string | null;
	/** Session that the path names. */
	readonly session: string | null;
}

/** Reads a path below the API's base. One that could be read in two ways is refused: the platform may read it in the other. */
export function readApiPath(method: string, path: string): Decision<ApiTarget> {
	const segments = segmentsOf(path);
	if (!segments) return refuse({ reason: "bad-request", detail: "The path cannot be read." });
	const lower = segments.map((segment) => segment.toLowerCase());
	const isCreating = method === "POST" || method === "PUT";
	if (lower.join("/") === "session/create") return allow({ ...NONE, does: isCreating ? "create" : "other" });
	const [version = "", kind = "", project = null] = segments;
	if (!/^v\d+$/i.test(version) || !/^(?:project|partner)$/i.test(kind)) return allow(NONE);
	const session = lower[3] === "session" ? (segments[4] ?? null) : null;
	const named = session === null ? lower.slice(3) : lower.slice(5);
	const feature = named.length === 1 && FEATURES.has(named[0] ?? "") ? (named[0] ?? null) : null;
	const does = isCreating && feature !== null ? "feature" : "other";
	return allow({ does, feature: does === "feature" ? feature : null, project, session });
}

const NONE: ApiTarget = { does: "other", feature: null, project: null, session: null };

/** Decoded; null where a segment holds a separator, or one in the middle is empty. */
function segmentsOf(path: string): readonly string[] | null {
	try {
		const segments = path.split("/").slice(1).map(decodeURIComponent);
		if (segments.at(-1) === "") segments.pop();
		return segments.some((segment) => segment === "" || /[/\\\p{Cc}]|^\.{1,2}$/u.test(segment)) ? null : segments;
	} catch {
		return null;
	}
}
