import { buffer } from "node:stream/consumers";
import type { IncomingHttpHeaders } from "node:http";
import type { Origin } from "./origin.ts";
import type { Answerer } from "./server.ts";

/** A licence request as the server got it. */
export interface LicenseRequest {
	readonly method: string;
	readonly url: string;
	readonly headers: IncomingHttpHeaders;
	readonly body: Buffer;
}

/** A stand-in for a DRM's licence server: it wants its credential, and answers with what it was sent, marked as a licence. */
export interface LicenseServer {
	readonly url: string;
	readonly received: readonly LicenseRequest[];
	/** What the next request gets instead of a licence. */
	readonly fail: (answerer: Answerer) => void;
}

export const CREDENTIAL = "the licence server's own secret";
export const LICENSE_TYPE = "application/vnd.example.license";
const MARK = Buffer.from([0x00, 0xff, 0x4c]);

/** The licence for a request. */
export const licenseFor = (request: Uint8Array): Buffer => Buffer.concat([MARK, request]);

/** @param path at the origin */
export function startLicenseServer(origin: Origin, path: string): LicenseServer {
	const received: LicenseRequest[] = [];
	const failures: Answerer[] = [];
	origin.answer(path, async (request, response) => {
		const { method = "", url = "", headers } = request;
		const body = await buffer(request);
		received.push({ method, url, headers, body });
		const failure = failures.shift();
		if (failure) return failure(request, response);
		const isTrusted = method === "POST" && headers["x-credential"] === CREDENTIAL;
		if (!isTrusted) return void response.writeHead(403).end("who are you?");
		return void response.writeHead(200, { "Content-Type": LICENSE_TYPE }).end(licenseFor(body));
	});
	return { url: origin.url + path, received, fail: (answerer) => failures.push(answerer) };
}
