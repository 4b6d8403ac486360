import type { Video } from "../catalog/catalog.ts";
import type { Grant } from "./grant.ts";
import type { ManifestStore } from "./manifests.ts";
import type { MediaAsk } from "./media.ts";
import { directoryOf } from "./sources.ts";

/** Query parameters that are for the gate, or that would make each viewer's request a file of its own in the source's cache. */
export const OWN_PARAMETERS = ["bcov_auth", "bcov-auth", "device_id", "config_id", "end_session", "CMCD"];

/**
 * Where below a source a path under a grant leads: `s/<path>` below the directory of the source, `r/<sealed>/<path>` below a directory
 * that one of its playlists named. Null when it leads nowhere.
 *
 * @param path what follows `/g/<grant>/`, not decoded
 * @param search "?..." or ""
 */
export function sourcePath(
	path: string,
	search: string,
	grant: Grant,
	video: Video,
	manifests: ManifestStore,
): MediaAsk | null {
	const source = video.record.sources[grant.source];
	const slash = path.indexOf("/", 2);
	const [dir, below] = path.startsWith("s/")
		? [source ? directoryOf(source.src) : null, path.slice(2)]
		: path.startsWith("r/") && slash > 0
			? [manifests.unseal(video, path.slice(2, slash)), path.slice(slash + 1)]
			: [null, ""];
	if (dir === null || !dir.endsWith("/") || climbs(below)) return null;
	const base = "../".repeat(path.split("/").length - 1);
	return { url: dir + below + withoutOwn(search), dir, base, sourceIndex: grant.source };
}

/** Whether a path has dot segments, in any spelling that a URL parser or a careless origin might read as such. */
function climbs(path: string): boolean {
	if (CLIMBING.test(path)) return true;
	if (!path.includes("%")) return false;
	try {
		const once = decodeURIComponent(path);
		return CLIMBING.test(once) || (once.includes("%") && CLIMBING.test(decodeURIComponent(once)));
	} catch {
		return true; // not percent-encoded UTF-8
	}
}

/** A dot segment, a backslash or a control character. */
const CLIMBING = /(?:^|[/\\])\.\.?(?:[/\\]|$)|\\|\p{Cc}/u;

function withoutOwn(search: string): string {
	if (search === "") return search;
	const kept = search
		.slice(1)
		.split("&")
		.filter((pair) => !OWN_PARAMETERS.includes(nameOf(pair)));
	return kept.length === 0 ? "" : `?${kept.join("&")}`;
}

/** A parameter's name, also where it is percent-encoded without need. */
function nameOf(pair: string): string {
	const name = pair.split("=", 1)[0] ?? "";
	return name.includes("%") ? (new URLSearchParams(name).keys().next().value ?? "") : name;
}
