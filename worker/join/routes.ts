import type { Context, Hono } from "hono";
import { ID_PATTERN } from "../catalog/video-schema.ts";
import { type Exchange, refused } from "../exchange.ts";
import { type SessionPath, handleJoin, handleLink } from "./handlers.ts";
import { handleLeave, handleLook, handleRenew } from "./participants.ts";
import { doors } from "./providers/doors.ts";
import { handleRoomSocket } from "./room-door.ts";

type Begin = (c: Context) => Exchange;

const SESSION = "/join/v1/accounts/:account/sessions/:session";
const PARTICIPANT = "/join/v1/participants/:ticket";
const ROOM = "/join/v1/rooms/:ticket";
const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"];

/** The join gate (design 8), and the doors of each provider. */
export function joinRoutes(app: Hono, exchange: Begin): void {
	for (const routes of doors) routes(app, exchange);
	app.post(SESSION, (c) => onSession(exchange(c), c, handleJoin));
	app.get(SESSION, (c) => onSession(exchange(c), c, handleLink));
	others(app, exchange, SESSION, ["GET", "HEAD", "POST", "OPTIONS"]);
	const ticketOf = (c: Context): string => c.req.param("ticket") ?? "";
	app.get(PARTICIPANT, (c) => handleLook(exchange(c), ticketOf(c)));
	app.post(PARTICIPANT, (c) => handleRenew(exchange(c), ticketOf(c)));
	app.delete(PARTICIPANT, (c) => handleLeave(exchange(c), ticketOf(c)));
	others(app, exchange, PARTICIPANT, ["GET", "HEAD", "POST", "DELETE", "OPTIONS"]);
	app.get(ROOM, (c) => handleRoomSocket(exchange(c), ticketOf(c)));
	others(app, exchange, ROOM, ["GET", "OPTIONS"]);
}

/** Every other method of an address. */
function others(app: Hono, exchange: Begin, path: string, allowed: readonly string[]): void {
	const wrong = METHODS.filter((method) => !allowed.includes(method));
	app.on(wrong, path, (c) => refused(exchange(c), { reason: "method-not-allowed", allowed }, "problem"));
}

/** Ids that cannot be ids are refused before anything is looked up by them. */
function onSession(
	exchange: Exchange,
	c: Context,
	handle: (exchange: Exchange, path: SessionPath) => Promise<Response>,
): Promise<Response> | Response {
	const account = c.req.param("account") ?? "";
	const session = c.req.param("session") ?? "";
	if (ID_PATTERN.test(account) && ID_PATTERN.test(session)) return handle(exchange, { account, session });
	return refused(exchange, { reason: "e2ee-session-not-found" }, "problem");
}
