import { type Decision, allow, refuse } from "../../../../decision/decision.ts";

/**
 * What decodes media on the platform's side, by its name in the path (reference: rtc 1.2). `call` is what the SDK of PHP dials by; captions
 * are of our own adding.
 */
const FEATURES: ReadonlySet<string> = new Set([
	"archive",
	"broadcast",
	"render",
	"connect",
	"dial",
	"call",
	"captions",
]);

/** What a call of the REST API is about. */
export interface ApiTarget {
	/** `create`: of a session. `feature`: begins something that decodes media. `about`: is below a session, or reads. `other`: all else. */
	readonly does: "create" | "feature" | "about" | "other";
	/** Last word of the path, where it has one. */
	readonly name: string | null;
	/** API key or application id that the path names. */
	readonly project: string | null;
	/** Session that the path names. */
	readonly session: string | null;
}

/** Reads a path below the API's base. One that could be read in two ways is refused: the platform may read it in the other. */
export function readApiPath(method: string, path: string): Decision<ApiTarget> {
	const segments = segmentsOf(path);
	if (!segments) return refuse({ reason: "bad-request", detail: UNREADABLE });
	const plain = segments.map(plainOf).filter((segment) => segment !== "");
	const name = plain.at(-1) ?? null;
	const [version = "", kind = "", project = null] = segments;
	const isOfProject = /^v\d+$/i.test(version) && /^(?:project|partner)$/i.test(kind);
	const session = plain[3] === "session" ? (segments[4] ?? null) : null;
	const place = { name, ...(isOfProject ? { project, session } : { project: null, session: null }) };
	if (name === "create" && plain.at(-2) === "session") {
		if (method === "POST" || method === "PUT") return allow({ ...place, does: "create" });
		return refuse({ reason: "method-not-allowed", allowed: ["POST", "OPTIONS"] });
	}
	if (READING.has(method)) return allow({ ...place, does: "about" });
	if (name !== null && FEATURES.has(name)) return allow({ ...place, does: "feature" });
	return allow({ ...place, does: place.session === null ? "other" : "about" });
}

const READING: ReadonlySet<string> = new Set(["GET", "HEAD", "DELETE"]);
const UNREADABLE =
	"The path cannot be read: it has an empty segment (two slashes), one of dots, or an encoded slash or control character.";

/** As a platform may take it: in any case, without parameters (RFC 3986 section 3.3) and blanks. */
const plainOf = (segment: string): string => (segment.split(";", 1)[0] ?? "").trim().toLowerCase();

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
