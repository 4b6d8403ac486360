import { type Context, Hono } from "hono";
import type { Refusal } from "./decision/refusals.ts";
import { decisionHeaders, preflightResponse } from "./decision/response.ts";
import type { Dialect } from "./decision/wire.ts";
import { Exchange, answerContext, refused } from "./exchange.ts";
import { refusalOfFault } from "./fault.ts";
import type { Gate } from "./gate.ts";
import { joinRoutes } from "./join/routes.ts";
import { handleReport } from "./management/audit-report.ts";
import { managementRoutes } from "./management/routes.ts";
import { serveOpenApi } from "./openapi/serve.ts";
import { playbackRoutes } from "./playback/routes.ts";

const STREAM_SESSIONS_ROOT = "/api/v1/";
const JOIN_ROOT = "/join/";
const REPORT = "/v1/audit/reports/:ticket";

/** Routes only: which story a path and method begin (design 7). */
export function createApp(gate: Gate): Hono {
	const app = new Hono();
	const exchange = (c: Context): Exchange => beginExchange(gate, c);
	joinRoutes(app, exchange); // first: some of its doors answer OPTIONS by more than a preflight's answer
	app.options("*", (c) => preflightResponse(c.req.raw));
	playbackRoutes(app, exchange);
	app.route("/", managementRoutes(gate, beginExchange));
	app.get(REPORT, (c) => handleReport(exchange(c), c.req.param("ticket")));
	ownRoutes(app, exchange);
	app.notFound((c) => refused(exchange(c), nothingFor(c.req.method), dialectOf(c.req.path)));
	app.onError((fault, c) => {
		const begun = exchange(c);
		return refused(begun, refusalOfFault(begun, "request", fault), dialectOf(c.req.path));
	});
	return app;
}

function ownRoutes(app: Hono, exchange: (c: Context) => Exchange): void {
	app.get("/openapi.json", (c) => serveOpenApi(exchange(c)));
	app.get("/healthz", (c) => new Response("ok\n", { headers: decisionHeaders(answerContext(exchange(c))) }));
	for (const path of ["/openapi.json", "/healthz", REPORT]) {
		app.on(["POST", "PUT", "PATCH", "DELETE"], path, (c) =>
			refused(exchange(c), { reason: "method-not-allowed", allowed: ["GET", "HEAD", "OPTIONS"] }, "api"),
		);
	}
}

function beginExchange(gate: Gate, c: Context): Exchange {
	return new Exchange(gate, c.req.raw, () => c.executionCtx);
}

const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/** A method that no address answers (PROPFIND, TRACE) is not a matter of the address. */
function nothingFor(method: string): Refusal {
	return METHODS.includes(method)
		? { reason: "resource-not-found" }
		: { reason: "method-not-allowed", allowed: METHODS };
}

/** Clients of the stream sessions API parse errors of its shape only; the join gate is all our own. */
function dialectOf(path: string): Dialect {
	if (path.startsWith(JOIN_ROOT)) return "problem";
	return path.startsWith(STREAM_SESSIONS_ROOT) ? "gsc" : "api";
}
