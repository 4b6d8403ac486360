import * as v from "valibot";
import { filled } from "./fields.ts";
import { isLoopback } from "./video-schema.ts";

/** URLs in records: the secure scheme, or its open one where only the machine itself is asked (refused outside the local environment). */
function endpoint(secure: "https" | "wss", open: "http" | "ws") {
	return v.pipe(
		filled(2048),
		v.check(
			(text) => isEndpoint(text, `${secure}:`, `${open}:`),
			`must be an absolute ${secure}:// URL without user name and password`,
		),
	);
}

function isEndpoint(text: string, secure: string, open: string): boolean {
	const url = URL.parse(text);
	if (!url || /[\s\\]/.test(text) || url.username !== "" || url.password !== "") return false;
	return url.protocol === secure || (url.protocol === open && isLoopback(url.hostname));
}

/** A page, with a fragment or not. */
export const pageUrl = endpoint("https", "http");
const WITHOUT_FRAGMENT = "must not have a fragment (#)";
const bare = (text: string): boolean => !text.includes("#");
export const httpsUrl = v.pipe(pageUrl, v.check(bare, WITHOUT_FRAGMENT));
/** What paths are put behind: it comes without a slash at the end. */
export const baseUrl = v.pipe(
	httpsUrl,
	v.check((text) => !text.includes("?"), "must not have a query (?)"),
	v.transform((text) => text.replace(/\/+$/, "")),
);
export const wssUrl = v.pipe(endpoint("wss", "ws"), v.check(bare, WITHOUT_FRAGMENT));

/** What is wrong with URLs outside of the local environment; `at` is the place of each. */
export function openUrlIssues(urls: readonly (readonly [at: string, url: string | null])[], local: boolean): string[] {
	if (local) return [];
	return urls.flatMap(([at, url]) => {
		if (url === null || !/^(?:http|ws):/i.test(url)) return [];
		return [`${at}: must start with ${/^ws/i.test(url) ? "wss" : "https"}://`];
	});
}

const HOST = String.raw`(?:[a-z0-9](?:[a-z0-9.-]{0,252}[a-z0-9])?\.?|\[[0-9a-f:.]{2,45}\])(?::(\d{1,5}))?`;
/** RFC 7064 and RFC 7065: no credentials, path or fragment, and a query only for the transport of TURN. */
const ICE_URLS = [
	new RegExp(`^stuns?:${HOST}$`, "i"),
	new RegExp(`^turns?:${HOST}(?:\\?transport=(?:udp|tcp))?$`, "i"),
];

/** Such as `turn:turn.example:3478?transport=udp`. */
export const iceUrl = v.pipe(
	filled(512),
	v.check(isIceUrl, "must be a URL such as stun:host:3478, turn:host:3478?transport=udp or turns:host:443"),
);

function isIceUrl(text: string): boolean {
	return ICE_URLS.some((form) => {
		const found = form.exec(text);
		const port = Number(found?.[1] ?? 1);
		return found !== null && port >= 1 && port <= 65_535;
	});
}
