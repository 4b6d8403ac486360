import type { Decision } from "../decision/decision.ts";
import { type HeaderRecord, decisionHeaders } from "../decision/response.ts";
import { type Exchange, answerContext } from "../exchange.ts";
import type { Asker } from "./limit-ask.ts";
import { redirectHosts } from "./sources.ts";

/** Headers of the source's answer that the player gets. */
const PASSED_HEADERS = ["Content-Type", "Accept-Ranges", "ETag", "Last-Modified"];
/** Those that speak of the body as it was sent; a compressed one is unpacked on its way, so for that they would be wrong. */
const BODY_HEADERS = ["Content-Length", "Content-Range"];

/** The source's answer for a file that is passed on as it comes: with the player's range, conditions and HEAD. */
export function readFile(
	exchange: Exchange,
	asker: Asker,
	url: string,
	cacheable: boolean,
): Promise<Decision<Response>> {
	return exchange.gate.sources.read({
		url,
		headers: exchange.headers,
		head: exchange.method === "HEAD",
		redirectHosts: redirectHosts(asker.video.record),
		streamed: true,
		cacheable,
	});
}

/** What the player gets to know of the source's answer, beside the decision. */
export function passedHeaders(exchange: Exchange, source: Response): HeaderRecord {
	const headers = decisionHeaders(answerContext(exchange));
	const passed = source.headers.has("Content-Encoding") ? PASSED_HEADERS : [...PASSED_HEADERS, ...BODY_HEADERS];
	for (const name of passed) {
		const value = source.headers.get(name);
		if (value !== null) headers[name] = value;
	}
	return headers;
}
