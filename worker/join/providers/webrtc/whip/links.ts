import type { IceServer } from "../../../../catalog/e2ee-session-record.ts";

/**
 * ICE servers as `Link` values (RFC 9725 section 4.6): `<turn:host?transport=udp>; rel="ice-server"; username="u"; credential="p";
 * credential-type="password"`, one a URL.
 */
export function iceServerLinks(servers: readonly IceServer[]): readonly string[] {
	return servers.flatMap(({ urls, username, credential }) => {
		const secrets =
			username === undefined || credential === undefined
				? ""
				: `; username=${quoted(username)}; credential=${quoted(credential)}; credential-type="password"`;
		return urls.filter((url) => !/[<>\s]/.test(url)).map((url) => `<${url}>; rel="ice-server"${secrets}`);
	});
}

/** RFC 9110 section 5.6.4; what no header may hold is left out. */
const quoted = (text: string): string => `"${text.replaceAll(/[^ -~]/g, "").replaceAll(/["\\]/g, String.raw`\$&`)}"`;
