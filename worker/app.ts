import { type Context, Hono } from "hono";
import { CatalogUnavailable } from "./catalog/cache.ts";
import { REFERENCE_PREFIX } from "./catalog/catalog.ts";
import { RIGHT_PREFIX } from "./catalog/rights.ts";
import { ID_PATTERN } from "./catalog/video-schema.ts";
import type { Refusal } from "./decision/refusals.ts";
import { preflightResponse } from "./decision/response.ts";
import type { Dialect } from "./decision/wire.ts";
import { Exchange, refused } from "./exchange.ts";
import type { Gate } from "./gate.ts";
import { handleReport } from "./management/audit-report.ts";
import { managementRoutes } from "./management/routes.ts";
import { handleHeartbeat, handleSessions, handleStop } from "./playback/stream-sessions.ts";
import {
	handleGrant,
	handleImage,
	handleKey,
	handleMaster,
	handleMp4,
	handleMpd,
	handleVideo,
} from "./playback/handlers.ts";

const STREAM_SESSIONS = "/api/v1/accounts/:account/sessions";
const REPORT = "/v1/audit/reports/:ticket";
const VIDEO = "/playback/v1/accounts/:account/videos/:video";

/** Routes only: which story a path and method begin (design 7). */
export function createApp(gate: Gate): Hono {
	const app = new Hono();
	const exchange = (c: Context): Exchange => beginExchange(gate, c);
	app.options("*", (c) => preflightResponse(c.req.raw));
	playbackRoutes(app, exchange);
	streamSessionRoutes(app, exchange);
	app.route("/", managementRoutes(gate, beginExchange));
	app.get(REPORT, (c) => handleReport(exchange(c), c.req.param("ticket")));
	app.get("/healthz", () => new Response("ok\n", { headers: { "Cache-Control": "no-store" } }));
	app.notFound((c) => refused(exchange(c), { reason: "resource-not-found" }, "api"));
	app.onError((fault, c) => {
		const begun = exchange(c);
		gate.ports.log({
			event: "fault",
			where: "request",
			decision: begun.decisionId,
			message: String(fault),
			stack: fault.stack,
		});
		return refused(begun, refusalOfFault(fault), "api");
	});
	return app;
}

type Begin = (c: Context) => Exchange;

function playbackRoutes(app: Hono, exchange: Begin): void {
	app.get("/g/:grant/*", (c) => grantRoute(exchange(c)));
	app.get(`${VIDEO}/master.m3u8`, (c) => onVideo(exchange(c), c, "static", handleMaster));
	app.get(`${VIDEO}/manifest.mpd`, (c) => onVideo(exchange(c), c, "static", handleMpd));
	for (const wanted of ["high", "low"] as const) {
		app.get(`${VIDEO}/${wanted}.mp4`, (c) =>
			onVideo(exchange(c), c, "static", (begun, path) => handleMp4(begun, path, wanted)),
		);
	}
	for (const kind of ["poster", "thumbnail"] as const) {
		app.get(`${VIDEO}/${kind}.jpg`, (c) =>
			onVideo(exchange(c), c, "static", (begun, path) => handleImage(begun, path, kind)),
		);
	}
	app.get(`${VIDEO}/licenses/aes128/:key`, (c) =>
		onVideo(exchange(c), c, "static", (begun, path) => handleKey(begun, { ...path, key: c.req.param("key") })),
	);
	app.get(VIDEO, (c) => onVideo(exchange(c), c, "api", handleVideo));
	// Not `all`: a second handler for the same request would make hono compose the two, which costs as much as the routing.
	for (const path of [
		"/g/:grant/*",
		`${VIDEO}/master.m3u8`,
		`${VIDEO}/manifest.mpd`,
		`${VIDEO}/:file{(?:high|low)\\.mp4|(?:poster|thumbnail)\\.jpg}`,
		`${VIDEO}/licenses/aes128/:key`,
		VIDEO,
		"/healthz",
		REPORT,
	]) {
		app.on(["POST", "PUT", "PATCH", "DELETE"], path, (c) =>
			refused(exchange(c), { reason: "method-not-allowed", allowed: ["GET", "HEAD", "OPTIONS"] }, "api"),
		);
	}
}

function streamSessionRoutes(app: Hono, exchange: Begin): void {
	app.post(STREAM_SESSIONS, (c) => onAccount(exchange(c), c, handleHeartbeat));
	app.get(STREAM_SESSIONS, (c) => onAccount(exchange(c), c, handleSessions));
	app.delete(`${STREAM_SESSIONS}/:session?`, (c) =>
		onAccount(exchange(c), c, (begun, account) => handleStop(begun, account, c.req.param("session"))),
	);
	app.all(STREAM_SESSIONS, (c) =>
		refused(
			exchange(c),
			{ reason: "method-not-allowed", allowed: ["GET", "HEAD", "POST", "DELETE", "OPTIONS"] },
			"gsc",
		),
	);
}

function beginExchange(gate: Gate, c: Context): Exchange {
	return new Exchange(gate, c.req.raw, () => c.executionCtx);
}

const GRANT_PREFIX = "/g/".length;

function grantRoute(exchange: Exchange): Promise<Response> {
	const end = exchange.path.indexOf("/", GRANT_PREFIX);
	return handleGrant(exchange, exchange.path.slice(GRANT_PREFIX, end), exchange.path.slice(end + 1));
}

/** An account id that cannot be one has no keys either, so no token can be good for it. */
function onAccount(
	exchange: Exchange,
	c: Context,
	handle: (exchange: Exchange, account: string) => Promise<Response>,
): Promise<Response> | Response {
	const account = c.req.param("account") ?? "";
	if (ID_PATTERN.test(account)) return handle(exchange, account);
	return refused(exchange, { reason: "key-unknown" }, "gsc");
}

type OnVideo = (exchange: Exchange, path: { account: string; video: string }) => Promise<Response>;

/** Ids that cannot be ids are refused before anything is looked up by them. */
function onVideo(exchange: Exchange, c: Context, dialect: Dialect, handle: OnVideo): Promise<Response> | Response {
	const account = c.req.param("account") ?? "";
	const video = c.req.param("video") ?? "";
	const isReference = video.startsWith(REFERENCE_PREFIX) && video.length <= 260;
	if (!ID_PATTERN.test(account) || !(isReference || ID_PATTERN.test(video))) {
		return refused(exchange, { reason: "video-not-found" }, dialect);
	}
	return handle(exchange, { account, video });
}

function refusalOfFault(fault: Error): Refusal {
	if (!(fault instanceof CatalogUnavailable)) return { reason: "fault" };
	if (fault.message.startsWith(RIGHT_PREFIX)) return { reason: "catalog-unavailable", record: "right" };
	return { reason: "catalog-unavailable", record: fault.message.includes("/") ? "video" : "account" };
}
