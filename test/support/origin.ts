import { createHash } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import { gzipSync } from "node:zlib";
import { type Answerer, startServer } from "./server.ts";

/** A request as the origin got it. `url` is the request target: path and query, undecoded. */
export interface SeenRequest {
	readonly method: string;
	readonly url: string;
	readonly headers: IncomingHttpHeaders;
}

/** A publisher's HTTP origin on loopback, which records all that it is asked. */
export interface Origin {
	/** `http://127.0.0.1:PORT`, without a slash at the end. */
	readonly url: string;
	readonly host: string;
	/** What was asked for below a path, oldest first. */
	readonly seen: (prefix: string) => SeenRequest[];
	/** Serves a file with validator, ranges and HEAD, as file servers do. */
	readonly put: (path: string, body: string | Uint8Array, headers?: Readonly<Record<string, string>>) => void;
	/** Answers a path as the test says; the query does not count. */
	readonly answer: (path: string, answerer: Answerer) => void;
	/** The same for every path that begins so and has no answer of its own. */
	readonly answerBelow: (prefix: string, answerer: Answerer) => void;
	readonly close: () => Promise<void>;
}

export async function startOrigin(): Promise<Origin> {
	const answerers = new Map<string, Answerer>();
	const folders = new Map<string, Answerer>();
	const below = (path: string) => [...folders].find(([prefix]) => path.startsWith(prefix))?.[1];
	const requests: SeenRequest[] = [];
	const { host, close } = await startServer((request, response) => {
		const { method = "", url = "", headers } = request;
		requests.push({ method, url, headers });
		const path = pathOf(url);
		const answerer = answerers.get(path) ?? below(path) ?? status(404);
		return answerer(request, response);
	});
	return {
		url: `http://${host}`,
		host,
		seen: (prefix) => requests.filter(({ url }) => url.startsWith(prefix)),
		put: (path, body, headers = {}) => answerers.set(path, file(Buffer.from(body), headers)),
		answer: (path, answerer) => answerers.set(path, answerer),
		answerBelow: (prefix, answerer) => folders.set(prefix, answerer),
		close,
	};
}

/** Decodes first and takes dot segments away then, as careless file servers do. */
function pathOf(target: string): string {
	try {
		return new URL(decodeURIComponent(target.split("?", 1)[0] ?? ""), "http://origin.example").pathname;
	} catch {
		return "";
	}
}

/** Answers with a status and a short page that is no media. */
export function status(code: number, headers: Readonly<Record<string, string>> = {}): Answerer {
	return (_request, response) => {
		response.writeHead(code, { "Content-Type": "text/html", ...headers }).end(`<p>${code}</p>`);
	};
}

/** Takes the request and hangs up without a word. */
export const hangUp: Answerer = (request) => {
	request.socket.destroy();
};

/** Promises more than it sends, and hangs up in between. */
export function breakOff(body: string): Answerer {
	return (request, response) => {
		response.writeHead(200, { "Content-Length": String(body.length + 1000) });
		response.write(body, () => request.socket.destroy());
	};
}

/** Sends the body without its length, in two chunks. */
export function chunked(body: Uint8Array): Answerer {
	return (_request, response) => {
		const half = body.byteLength >> 1;
		response.write(body.subarray(0, half), () => response.end(body.subarray(half)));
	};
}

/** Sends the first part at once, and the second when the test says so. */
export function paused(
	first: Uint8Array,
	second: Uint8Array,
): { readonly answerer: Answerer; readonly goOn: () => void } {
	let goOn = (): void => {};
	const told = new Promise<void>((resolve) => (goOn = resolve));
	const answerer: Answerer = async (_request, response) => {
		response.write(first);
		await told;
		response.end(second);
	};
	return { answerer, goOn };
}

/** Compresses for whoever takes gzip. */
export function compressed(body: string | Uint8Array, headers: Readonly<Record<string, string>>): Answerer {
	return (request, response) => {
		const takesGzip = /\bgzip\b/.test(String(request.headers["accept-encoding"] ?? ""));
		if (!takesGzip) return void response.writeHead(200, headers).end(body);
		const packed = gzipSync(body);
		const encoding = { "Content-Encoding": "gzip", "Content-Length": String(packed.length) };
		return void response.writeHead(200, { ...headers, ...encoding }).end(packed);
	};
}

function file(body: Buffer, headers: Readonly<Record<string, string>>): Answerer {
	const etag = `"${createHash("sha256").update(body).digest("base64url").slice(0, 16)}"`;
	return (request, response) => {
		const common = { ETag: etag, "Accept-Ranges": "bytes", ...headers };
		if (request.headers["if-none-match"] === etag) return void response.writeHead(304, common).end();
		const range = rangeOf(request.headers.range, body.length);
		if (range === null) {
			return void response.writeHead(416, { ...common, "Content-Range": `bytes */${body.length}` }).end();
		}
		const part = body.subarray(range.start, range.end + 1);
		const length = { "Content-Length": String(part.length) };
		const isWhole = part.length === body.length && request.headers.range === undefined;
		const partial = { "Content-Range": `bytes ${range.start}-${range.end}/${body.length}` };
		response.writeHead(isWhole ? 200 : 206, { ...common, ...length, ...(isWhole ? {} : partial) });
		return void response.end(request.method === "HEAD" ? undefined : part);
	};
}

/** One range of RFC 9110 section 14.1.2, the whole file where none is asked; null when it cannot be satisfied. */
function rangeOf(header: string | undefined, size: number): { readonly start: number; readonly end: number } | null {
	const [, first = "", last = ""] = /^bytes=(\d*)-(\d*)$/.exec(header ?? "bytes=0-") ?? [];
	const start = first === "" ? Math.max(0, size - Number(last)) : Number(first);
	const end = first === "" || last === "" ? size - 1 : Math.min(Number(last), size - 1);
	return start > end || start >= size ? null : { start, end };
}
