import { isLoopback } from "../catalog/video-schema.ts";
import { type Decision, allow, refuse } from "../decision/decision.ts";
import type { Ports } from "../ports.ts";
import type { Settings } from "../settings.ts";
import { contentTypeOf } from "./content-type.ts";

/** Request headers that a source may see; nothing of the viewer's own (no cookie, no token, no referrer). */
const FORWARDED_HEADERS = [
	"Range",
	"If-Range",
	"If-None-Match",
	"If-Modified-Since",
	"If-Match",
	"If-Unmodified-Since",
] as const;
export const TIME_LIMIT_MS = 15_000;
const MOST_REDIRECTS = 5;
const PASSED_STATUSES = new Set([200, 206, 304, 412, 416]);

export interface SourceAsk {
	/** `https:`, `r2:`, or `http:` on loopback in the local environment. */
	readonly url: string;
	/** Conditional and range headers are taken from here; absent for a plain GET. */
	readonly headers?: Headers;
	readonly head?: boolean;
	/** Hosts that a redirect may lead to. */
	readonly redirectHosts: readonly string[];
	/** The body is passed on as it comes, for as long as it takes; without this the whole answer must come in time. */
	readonly streamed?: boolean;
	/** Lets the platform's cache keep the answer as the source allows: for media, not for playlists and keys. */
	readonly cacheable?: boolean;
}

/** Reads media, playlists and keys from where a video's record says: an HTTP origin or an R2 bucket. */
export class SourceReader {
	readonly #bindings: Readonly<Record<string, unknown>>;
	readonly #settings: Settings;
	readonly #ports: Ports;

	constructor(bindings: Readonly<Record<string, unknown>>, settings: Settings, ports: Ports) {
		this.#bindings = bindings;
		this.#settings = settings;
		this.#ports = ports;
	}

	/** An answer of 200, 206, 304, 412 or 416; anything else of the source is a refusal that names its status. */
	async read(ask: SourceAsk): Promise<Decision<Response>> {
		const url = new URL(ask.url);
		return url.protocol === "r2:" ? this.#readBucket(url, ask) : this.#readOrigin(url, ask);
	}

	/** Whether the gate would fetch from there: https, or http on loopback in the local environment. */
	reaches(url: URL): boolean {
		return url.protocol === "https:" || (url.protocol === "http:" && this.#settings.local && isLoopback(url.hostname));
	}

	async #readOrigin(first: URL, ask: SourceAsk): Promise<Decision<Response>> {
		let url = first;
		for (let hop = 0; hop <= MOST_REDIRECTS; hop++) {
			if (!this.reaches(url)) return unavailable("its address is not https");
			if (url.username !== "" || url.password !== "") return unavailable("its address has a user name or password");
			const response = await this.#fetch(url, ask);
			if (!response.allowed) return response;
			const location = isRedirect(response.value.status) ? response.value.headers.get("Location") : null;
			if (location === null) return judgeStatus(response.value);
			await response.value.body?.cancel();
			const next = URL.parse(location, url.href);
			if (!next || !mayLeadTo(next, first, ask.redirectHosts)) {
				return unavailable("it redirects to a host that the record does not allow (allowed_hosts)");
			}
			url = next;
		}
		return unavailable(`it redirects more than ${MOST_REDIRECTS} times`);
	}

	async #fetch(url: URL, ask: SourceAsk): Promise<Decision<Response>> {
		const headers = new Headers(ask.cacheable ? { "Accept-Encoding": "identity" } : {}); // media is compressed already
		for (const name of FORWARDED_HEADERS) {
			const value = ask.headers?.get(name);
			if (value !== null && value !== undefined && (name !== "Range" || SINGLE_RANGE.test(value)))
				headers.set(name, value);
		}
		const limit = new AbortController();
		const timer = setTimeout(() => limit.abort(new DOMException("", "TimeoutError")), TIME_LIMIT_MS);
		const request = new Request(url.href, {
			method: ask.head ? "HEAD" : "GET",
			headers,
			redirect: "manual",
			signal: limit.signal,
			...(ask.cacheable ? { cf: { cacheEverything: true } } : {}),
		});
		try {
			const response = await this.#ports.fetch(request);
			if (ask.streamed) clearTimeout(timer);
			return allow(response);
		} catch {
			clearTimeout(timer);
			return limit.signal.aborted ? refuse({ reason: "source-timeout" }) : unavailable("the connection failed");
		}
	}

	async #readBucket(url: URL, ask: SourceAsk): Promise<Decision<Response>> {
		const bucket = this.#bindings[url.host];
		if (!isBucket(bucket)) return unavailable(`there is no R2 binding named ${url.host}`);
		const headers = ask.headers ?? new Headers();
		try {
			const key = decodeURIComponent(url.pathname.slice(1));
			if (Buffer.byteLength(key) > MOST_KEY_BYTES) return refuse({ reason: "resource-not-found" });
			const object = ask.head ? await bucket.head(key) : await getObject(bucket, key, headers);
			return object === null
				? refuse({ reason: "resource-not-found" })
				: allow(bucketResponse(key, object, headers, ask.head === true));
		} catch {
			return unavailable("the bucket could not be read");
		}
	}
}

/** R2 throws on conditions that it cannot read; a server ignores those (RFC 9110 section 13.1). */
async function getObject(bucket: R2Bucket, key: string, headers: Headers): Promise<R2Object | R2ObjectBody | null> {
	const range = rangeOf(headers) === null ? {} : { range: headers };
	try {
		return await bucket.get(key, { ...range, onlyIf: headers });
	} catch (fault) {
		if (!["If-None-Match", "If-Match", "If-Modified-Since", "If-Unmodified-Since"].some((name) => headers.has(name)))
			throw fault;
		return bucket.get(key, range);
	}
}

/** R2 has no name longer than this. */
const MOST_KEY_BYTES = 1024;

function isBucket(binding: unknown): binding is R2Bucket {
	return typeof binding === "object" && binding !== null && "createMultipartUpload" in binding && "get" in binding;
}

function bucketResponse(key: string, object: R2Object | R2ObjectBody, conditions: Headers, head: boolean): Response {
	const headers = new Headers();
	object.writeHttpMetadata(headers);
	if (!headers.has("Content-Type")) headers.set("Content-Type", contentTypeOf(key));
	headers.set("ETag", object.httpEtag);
	headers.set("Last-Modified", object.uploaded.toUTCString());
	headers.set("Accept-Ranges", "bytes");
	const body = "body" in object ? object.body : null;
	if (body === null && !head) {
		const revalidated = conditions.has("If-None-Match") || conditions.has("If-Modified-Since");
		return new Response(null, { status: revalidated ? 304 : 412, headers });
	}
	const part = head ? null : partOf(object, rangeOf(conditions));
	if (part === "beyond") {
		headers.set("Content-Range", `bytes */${object.size}`);
		body?.cancel().catch(() => {}); // nothing of it is wanted
		return new Response(null, { status: 416, headers });
	}
	headers.set("Content-Length", String(part ? part.length : object.size));
	if (!part) return new Response(body, { headers });
	headers.set("Content-Range", `bytes ${part.offset}-${part.offset + part.length - 1}/${object.size}`);
	return new Response(body, { status: 206, headers });
}

/**
 * The only form of Range that is passed on (RFC 9110 section 14.2 lets a server ignore any). R2 reads no other, and the parts of a
 * multipart answer could not be told from a key.
 */
const SINGLE_RANGE = /^bytes=(?:(\d+)-\d*|-\d+)$/;

/** The range that R2 is asked for. With If-Range the whole is sent: always right, and R2 does not judge that condition. */
function rangeOf(headers: Headers): RegExpExecArray | null {
	return headers.has("If-Range") ? null : SINGLE_RANGE.exec(headers.get("Range") ?? "");
}

/** What R2 gave of the object; null for the whole of it, asked for as such. R2 gives the whole for a range beyond its end. */
function partOf(
	{ range, size }: R2Object,
	asked: RegExpExecArray | null,
): { offset: number; length: number } | "beyond" | null {
	if (!asked || !range) return null;
	const [, first] = asked;
	if (first !== undefined && Number(first) >= size) return "beyond";
	const { offset = 0, length = size - offset, suffix } = range as { offset?: number; length?: number; suffix?: number };
	return suffix === undefined
		? { offset, length }
		: { offset: Math.max(0, size - suffix), length: Math.min(size, suffix) };
}

/** Whether a redirect from the host of `first` may lead to `next`. */
export function mayLeadTo(next: URL, first: URL, hosts: readonly string[]): boolean {
	return next.host === first.host || hosts.includes(next.host) || hosts.includes(next.hostname);
}

const isRedirect = (status: number): boolean => status >= 300 && status < 400 && status !== 304;

function judgeStatus(response: Response): Decision<Response> {
	if (PASSED_STATUSES.has(response.status)) return allow(response);
	response.body?.cancel().catch(() => {}); // nothing of it is wanted
	if (response.status === 404 || response.status === 410) return refuse({ reason: "resource-not-found" });
	return unavailable(`it answered ${response.status}`);
}

const unavailable = (detail: string) => refuse({ reason: "source-unavailable", detail });
