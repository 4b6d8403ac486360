import { CERTIFICATE_RULE, certificateBytes } from "./certificate.ts";
import type { VideoInput } from "./video-schema.ts";

/** RFC 9110 section 5.1 and 5.5. */
const HEADER_NAME = /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/;
const HEADER_VALUE = /^[\t\x20-\x7e]*$/;
/** Headers that are the connection's own, or that say how long the body is. */
const CONNECTION_HEADERS: ReadonlySet<string> = new Set([
	"connection",
	"content-length",
	"host",
	"keep-alive",
	"te",
	"trailer",
	"transfer-encoding",
	"upgrade",
]);

/** What is wrong with the licence servers of a video as users write it; each issue names the place. */
export function licenseIssues({ licenses }: VideoInput, local: boolean): string[] {
	return Object.entries(licenses).flatMap(([system, server]) => {
		const at = `licenses.${system}`;
		const issues = Object.entries(server?.headers ?? {}).flatMap(([name, value]) =>
			headerIssues(name, value).map((issue) => `${at}.headers.${name.slice(0, 64)}: ${issue}`),
		);
		const { url, certificate } = server ?? {};
		if (url !== undefined && !(url.startsWith("https:") || (local && url.startsWith("http:"))))
			issues.push(`${at}.url: must start with https://`);
		if (certificate !== undefined && certificateBytes(certificate) === null)
			issues.push(`${at}.certificate: ${CERTIFICATE_RULE}`);
		return issues;
	});
}

function headerIssues(name: string, value: string): string[] {
	if (!HEADER_NAME.test(name)) return ["is not the name of a header"];
	if (CONNECTION_HEADERS.has(name.toLowerCase())) return ["is a header of the connection, which the gate sets itself"];
	return HEADER_VALUE.test(value) ? [] : ["must be printable ASCII on one line"];
}
