const SCHEMES: ReadonlySet<string> = new Set(["https:", "http:", "r2:"]);

/** Stands for the source's origin where a player would not read the source's own scheme as it reads the gate's. */
const STAND_IN = "https://source.invalid";

/** Resolves the references of a playlist to absolute URLs at its source. */
export interface Source {
	/** The playlist's own directory, ends in "/". */
	readonly dir: string;
	/** Absolute URL without fragment; null when no URL comes of it, "" when its scheme is none that a source can have. */
	readonly resolve: (reference: string) => string | null;
}

/**
 * References are read as the player reads them, that is, against an https URL: under `r2:` a URL parser would take `\\host`
 * for a file name and `//host` for a bucket, while the player takes both for a host.
 *
 * @throws TypeError when `url` is not absolute
 */
export function createSource(url: string): Source {
	const own = new URL(url);
	const origin = `${own.protocol}//${own.host}`;
	const base = own.protocol === "https:" ? own.href : `${STAND_IN}${own.pathname}${own.search}`;
	const toSource = (href: string): string =>
		own.protocol !== "https:" && href.startsWith(`${STAND_IN}/`) ? origin + href.slice(STAND_IN.length) : href;
	return {
		dir: toSource(new URL(".", base).href),
		resolve(reference) {
			const resolved = URL.parse(reference, base);
			if (resolved === null) return null;
			const { protocol, host, pathname, href } = resolved;
			if (!SCHEMES.has(protocol) || host === "" || pathname === "") return "";
			const fragment = href.indexOf("#");
			const absolute = fragment === -1 ? href : href.slice(0, fragment);
			// A URL parser keeps backslashes under r2:, and the player would read them as slashes.
			return toSource(protocol === "r2:" ? absolute.replaceAll("\\", "%5C") : absolute);
		},
	};
}
