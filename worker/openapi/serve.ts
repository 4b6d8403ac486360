import { decisionHeaders } from "../decision/response.ts";
import { type Exchange, answerContext } from "../exchange.ts";
import { openApiDocument } from "./document.ts";

const texts = new Map<string, string>();
const MOST_ORIGINS = 10;

/** `GET /openapi.json`: made when it is first asked for, and kept for each origin that the gate is asked at. */
export function serveOpenApi(exchange: Exchange): Response {
	const { origin } = new URL(exchange.url);
	const text = texts.get(origin) ?? JSON.stringify(openApiDocument(origin));
	if (texts.size >= MOST_ORIGINS) texts.clear();
	texts.set(origin, text);
	const headers = decisionHeaders(answerContext(exchange));
	headers["Content-Type"] = "application/json; charset=utf-8";
	headers["Cache-Control"] = "public, max-age=300";
	return new Response(text, { headers });
}
