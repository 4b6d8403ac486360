import type { VmapValue } from "../manifest/vmap.ts";
import type { Asker } from "./limit-ask.ts";
import { isKnownMedia, saysManifest } from "./content-type.ts";
import { directoryOf, isMp4Source } from "./sources.ts";

/** Longer than any URL that a player could ask for. */
const MOST_URL = 8192;
const ABSOLUTE = /^https?:/i;
const FETCHED = new Set(["https:", "http:", "r2:"]);
/** Where SSAI servers name the stream with its ads, whatever it is called: `contenturi`. */
const CONTENT_NAME = /^content[-_]?ur[il]$/i;

/** Makes the gate's link: to the source's own manifest (its index, or null for the source that is asked for), or to another one. */
export type ContentLink = (source: number | null, manifest: string | null) => string;

/**
 * Tells the URLs of a VMAP document that lead to the video from those of its ads: the manifests of its sources and what lies below their
 * directories, and outside of ads any manifest, for there it can only be the video with its ads in it.
 *
 * @param documentUrl what relative URLs are resolved against
 */
export function contentUrls(
	{ video, subject }: Asker,
	documentUrl: string,
	link: ContentLink,
): (value: VmapValue) => string | null {
	const { sources } = video.record;
	const { pro } = subject.subject.claims;
	const addresses = sources.map((source) => (isMp4Source(source) ? null : new URL(source.src).href));
	const roots = sources.map(({ src }) => directoryOf(new URL(src).href));
	return ({ text, name, ofAd }) => {
		const url = readUrl(text, documentUrl);
		if (url === null) return null;
		const own = addresses.indexOf(url.href);
		if (own >= 0) return link(pro === undefined || pro === sources[own]?.protection ? own : null, null);
		const isContent = !ofAd || roots.some((root) => url.href.startsWith(root));
		return isContent && isManifest(url, name) ? link(null, url.href) : null;
	};
}

/** A value that is a URL, or stands for one against the address of its document; null for words, numbers and whatever else. */
function readUrl(text: string, documentUrl: string): URL | null {
	if (text === "" || text.length > MOST_URL || (/\s/.test(text) && !ABSOLUTE.test(text))) return null;
	const url = URL.parse(text, documentUrl);
	if (url === null || !FETCHED.has(url.protocol)) return null;
	url.hash = "";
	return url;
}

const isManifest = ({ pathname }: URL, name: string): boolean =>
	saysManifest(pathname, null) || (CONTENT_NAME.test(name) && !isKnownMedia(pathname));
