import { type Decision, allow, refuse } from "../decision/decision.ts";
import type { Ports } from "../ports.ts";
import { readUpTo } from "./limited-body.ts";
import { type SourceReader, TIME_LIMIT_MS, mayLeadTo } from "./source-reader.ts";

/** A licence is some kilobytes. */
const MOST_LICENSE_BYTES = 1_048_576;
const MOST_REDIRECTS = 5;

export interface LicenseAsk {
	/** `https:`, or `http:` on loopback in the local environment. */
	readonly url: URL;
	readonly headers: Headers;
	readonly body: Uint8Array;
	/** Hosts that a redirect may lead to, and that then get the same headers. */
	readonly redirectHosts: readonly string[];
}

export interface License {
	readonly bytes: Uint8Array;
	readonly contentType: string;
}

/** Asks the licence servers of records. Refusals name what a server did wrong, never what it said. */
export class LicenseServers {
	readonly #sources: SourceReader;
	readonly #ports: Ports;

	constructor(sources: SourceReader, ports: Ports) {
		this.#sources = sources;
		this.#ports = ports;
	}

	/** The licence, whole: until its last byte is here, nothing was given. */
	async request(ask: LicenseAsk): Promise<Decision<License>> {
		const limit = new AbortController();
		const timer = setTimeout(() => limit.abort(new DOMException("", "TimeoutError")), TIME_LIMIT_MS);
		try {
			const response = await this.#send(ask, limit.signal);
			const license = response.allowed ? await readLicense(response.value) : response;
			return !license.allowed && limit.signal.aborted ? TIMEOUT : license;
		} catch {
			return limit.signal.aborted ? TIMEOUT : unavailable("the connection failed");
		} finally {
			clearTimeout(timer);
		}
	}

	async #send(
		{ url: first, headers, body, redirectHosts }: LicenseAsk,
		signal: AbortSignal,
	): Promise<Decision<Response>> {
		let url = first;
		for (let hop = 0; hop <= MOST_REDIRECTS; hop++) {
			if (!this.#sources.reaches(url)) return unavailable("its address is not https");
			const request = new Request(url.href, { method: "POST", headers, body, redirect: "manual", signal });
			const response = await this.#ports.fetch(request);
			if (response.status === 200) return allow(response);
			await response.body?.cancel();
			const location = KEEPS_METHOD.has(response.status) ? response.headers.get("Location") : null;
			if (location === null) return unavailable(`it answered ${response.status}`);
			const next = URL.parse(location, url.href);
			if (!next || !mayLeadTo(next, first, redirectHosts))
				return unavailable("it redirects to a host that the record does not allow (allowed_hosts)");
			url = next;
		}
		return unavailable(`it redirects more than ${MOST_REDIRECTS} times`);
	}
}

/** Other redirects would make a GET of it, without the request (RFC 9110 section 15.4). */
const KEEPS_METHOD: ReadonlySet<number> = new Set([307, 308]);

async function readLicense(response: Response): Promise<Decision<License>> {
	const read = await readUpTo(response, MOST_LICENSE_BYTES);
	if (!read.allowed) return unavailable("it broke off in the middle of its answer");
	const { bytes, rest } = read.value;
	if (rest !== null) {
		await rest.cancel();
		return unavailable(`its answer is larger than ${MOST_LICENSE_BYTES} bytes`);
	}
	if (bytes.byteLength === 0) return unavailable("its answer is empty");
	return allow({ bytes, contentType: response.headers.get("Content-Type") ?? "application/octet-stream" });
}

const TIMEOUT = refuse({ reason: "license-timeout" });
const unavailable = (detail: string) => refuse({ reason: "license-unavailable", detail });
