import type { VonageSession } from "../vonage-account.ts";

/** What a proxy URL's path begins with; the ticket follows. */
export const PROXY_ROOT = "/join/v1/vonage/";

/** A request of the web client behind the proxy URL: the host that it means, and what it asks of it (reference: rtc 1.4). */
export interface ProxyTarget {
	/** The last one that the path has. */
	readonly ticket: string;
	/** With the port, if there is one; in lower case. */
	readonly host: string;
	/** Decoded segments of the path at that host. */
	readonly segments: readonly string[];
	/** The same as it was sent, with a slash at the front. */
	readonly path: string;
}

/**
 * Reads what stands behind the ticket. The client puts the proxy's address before the messaging URL, too, which the gate has given it with
 * the proxy's address in it already: then that stands there twice, and the second one counts, with its ticket.
 *
 * @param path of the request, as it was sent
 * @param ownHost of the gate
 */
export function readProxyPath(path: string, ticket: string, ownHost: string): ProxyTarget | null {
	const prefix = `${PROXY_ROOT}${ticket}/`;
	if (!path.startsWith(prefix)) return null;
	const rest = path.slice(prefix.length);
	const again = rest.startsWith(`${ownHost}${PROXY_ROOT}`) ? rest.slice(ownHost.length + PROXY_ROOT.length) : null;
	const last = again?.split("/", 1)[0] ?? ticket;
	const meant = again?.slice(last.length + 1) ?? rest;
	const [host = "", ...parts] = meant.split("/");
	try {
		const segments = parts.map(decodeURIComponent);
		if (!HOST.test(host) || segments.some((segment) => /^\.{1,2}$|[/\\]/.test(segment))) return null;
		return { ticket: last, host: host.toLowerCase(), segments, path: meant.slice(host.length) };
	} catch {
		return null;
	}
}

const HOST = /^(?:[A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?$/;
const PLATFORM = /(?:^|\.)(?:opentok|tokbox|vonage)\.com(?::443)?$/;

/** Hosts of Vonage, and that of the session's own record. */
export function isPlatformHost(host: string, { vonage }: VonageSession): boolean {
	return PLATFORM.test(host) || host === new URL(vonage.api_url).host;
}

/** Whether the session is on Vonage's own platform, and not on one that only speaks as it does. */
export const isOnVonage = ({ vonage }: VonageSession): boolean => PLATFORM.test(new URL(vonage.api_url).host);
