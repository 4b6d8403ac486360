import type { Context, Hono } from "hono";
import { ID_PATTERN, REFERENCE_PREFIX } from "../catalog/video-schema.ts";
import type { Dialect } from "../decision/wire.ts";
import { type Exchange, refused } from "../exchange.ts";
import { handleCertificate } from "./certificate.ts";
import {
	handleGrant,
	handleImage,
	handleKey,
	handleMaster,
	handleMp4,
	handleMpd,
	handleVideo,
	handleVmap,
} from "./handlers.ts";
import { handleGrantWrite, handleLicense } from "./license-handlers.ts";
import { LICENSE_ROUTES } from "./license-systems.ts";
import { handlePlaylist } from "./playlist.ts";
import { handleHeartbeat, handleSessions, handleStop } from "./stream-sessions.ts";

type Begin = (c: Context) => Exchange;
type Answer = Promise<Response> | Response;

const ACCOUNT = "/playback/v1/accounts/:account";
const PLAYLIST = `${ACCOUNT}/playlists/:playlist`;
const VIDEO = `${ACCOUNT}/videos/:video`;
const CERTIFICATE = `${ACCOUNT}/fairplay_app_cert`;
const STREAM_SESSIONS = "/api/v1/accounts/:account/sessions";

type OnVideo = (exchange: Exchange, path: { account: string; video: string }) => Promise<Response>;

/** What a token opens below a video (design 7). */
const files: readonly (readonly [string, OnVideo])[] = [
	["master.m3u8", handleMaster],
	["manifest.mpd", handleMpd],
	["high.mp4", (exchange, path) => handleMp4(exchange, path, "high")],
	["low.mp4", (exchange, path) => handleMp4(exchange, path, "low")],
	["poster.jpg", (exchange, path) => handleImage(exchange, path, "poster")],
	["thumbnail.jpg", (exchange, path) => handleImage(exchange, path, "thumbnail")],
	["hls.vmap", (exchange, path) => handleVmap(exchange, path, "hls")],
	["dash.vmap", (exchange, path) => handleVmap(exchange, path, "dash")],
];

/** What players ask for, with a token or under a grant. */
export function playbackRoutes(app: Hono, exchange: Begin): void {
	app.get("/g/:grant/*", (c) => onGrant(exchange(c), handleGrant));
	app.on(["POST", "PUT", "PATCH", "DELETE"], "/g/:grant/*", (c) => onGrant(exchange(c), handleGrantWrite));
	const get = (path: string, answer: (c: Context) => Answer): void => {
		app.get(path, answer);
		// Not `all`: a second handler for the same request would make hono compose the two, which costs as much as the routing.
		app.on(["POST", "PUT", "PATCH", "DELETE"], path, (c) =>
			refused(exchange(c), { reason: "method-not-allowed", allowed: ["GET", "HEAD", "OPTIONS"] }, "api"),
		);
	};
	for (const [file, handle] of files) get(`${VIDEO}/${file}`, (c) => onVideo(exchange(c), c, "static", handle));
	get(`${VIDEO}/licenses/aes128/:key`, (c) =>
		onVideo(exchange(c), c, "static", (begun, path) => handleKey(begun, { ...path, key: c.req.param("key") ?? "" })),
	);
	get(PLAYLIST, (c) => onPlaylist(exchange(c), c));
	get(VIDEO, (c) => onVideo(exchange(c), c, "api", handleVideo));
	get(CERTIFICATE, (c) => handleCertificate(exchange(c), { account: c.req.param("account") ?? "" }));
	get(`${VIDEO}/fairplay_app_cert`, (c) => onVideo(exchange(c), c, "api", handleCertificate));
	licenseRoutes(app, exchange);
	streamSessionRoutes(app, exchange);
}

function licenseRoutes(app: Hono, exchange: Begin): void {
	for (const [path, system] of LICENSE_ROUTES) {
		app.post(`${VIDEO}/${path}`, (c) =>
			onVideo(exchange(c), c, "license", (begun, video) => handleLicense(begun, video, system)),
		);
		app.on(["GET", "PUT", "PATCH", "DELETE"], `${VIDEO}/${path}`, (c) =>
			refused(exchange(c), { reason: "method-not-allowed", allowed: ["POST", "OPTIONS"] }, "license"),
		);
	}
}

function streamSessionRoutes(app: Hono, exchange: Begin): void {
	app.post(STREAM_SESSIONS, (c) => onAccount(exchange(c), c, handleHeartbeat));
	app.get(STREAM_SESSIONS, (c) => onAccount(exchange(c), c, handleSessions));
	app.delete(`${STREAM_SESSIONS}/:session?`, (c) =>
		onAccount(exchange(c), c, (begun, account) => handleStop(begun, account, c.req.param("session"))),
	);
	for (const [path, allowed] of STREAM_SESSION_METHODS) {
		app.all(path, (c) => refused(exchange(c), { reason: "method-not-allowed", allowed }, "gsc"));
	}
}

const STREAM_SESSION_METHODS = [
	[STREAM_SESSIONS, ["GET", "HEAD", "POST", "DELETE", "OPTIONS"]],
	[`${STREAM_SESSIONS}/:session`, ["DELETE", "OPTIONS"]],
] as const;

const GRANT_PREFIX = "/g/".length;

function onGrant(
	exchange: Exchange,
	handle: (exchange: Exchange, grant: string, path: string) => Promise<Response>,
): Promise<Response> {
	const end = exchange.path.indexOf("/", GRANT_PREFIX);
	return handle(exchange, exchange.path.slice(GRANT_PREFIX, end), exchange.path.slice(end + 1));
}

/** An account id that cannot be one has no keys either, so no token can be good for it. */
function onAccount(
	exchange: Exchange,
	c: Context,
	handle: (exchange: Exchange, account: string) => Promise<Response>,
): Answer {
	const account = c.req.param("account") ?? "";
	if (ID_PATTERN.test(account)) return handle(exchange, account);
	return refused(exchange, { reason: "key-unknown" }, "gsc");
}

/** Ids that cannot be ids are refused before anything is looked up by them. */
function onVideo(exchange: Exchange, c: Context, dialect: Dialect, handle: OnVideo): Answer {
	const account = c.req.param("account") ?? "";
	const video = c.req.param("video") ?? "";
	if (!ID_PATTERN.test(account) || !isName(video)) return refused(exchange, { reason: "video-not-found" }, dialect);
	return handle(exchange, { account, video });
}

function onPlaylist(exchange: Exchange, c: Context): Answer {
	const account = c.req.param("account") ?? "";
	const playlist = c.req.param("playlist") ?? "";
	if (!ID_PATTERN.test(account) || !isName(playlist)) return refused(exchange, { reason: "playlist-not-found" }, "api");
	return handlePlaylist(exchange, { account, playlist });
}

/** An id, or `ref:` and a reference id. */
function isName(name: string): boolean {
	return ID_PATTERN.test(name) || (name.startsWith(REFERENCE_PREFIX) && name.length <= 260);
}
