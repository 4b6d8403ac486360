import type { Context, Hono } from "hono";
import type { Account } from "../../../catalog/catalog.ts";
import { type Exchange, refused } from "../../../exchange.ts";
import { handleAuthWebhook } from "./auth-webhook.ts";
import { handleEventWebhook } from "./event-webhook.ts";
import { judgeCaller } from "./protect.ts";
import { handleSignaling } from "./signaling.ts";

const SORA = "/join/v1/accounts/:account/sora";
const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"];

type Handle = (exchange: Exchange, account: Account) => Promise<Response>;

/** The doors to Sora: its webhooks, and the signalling of its clients. */
export function soraRoutes(app: Hono, exchange: (c: Context) => Exchange): void {
	const accountOf = (c: Context): string => c.req.param("account") ?? "";
	const webhook = (name: string, handle: Handle): void => {
		app.on(METHODS, `${SORA}/${name}/:secret`, (c) =>
			onWebhook(exchange(c), accountOf(c), c.req.param("secret") ?? "", handle),
		);
	};
	webhook("auth-webhook", (begun, account) => handleAuthWebhook(begun, account.id));
	webhook("event-webhook", handleEventWebhook);
	app.get(`${SORA}/signaling`, (c) => handleSignaling(exchange(c), accountOf(c)));
	app.on(["POST", "PUT", "PATCH", "DELETE"], `${SORA}/signaling`, (c) =>
		refused(exchange(c), { reason: "method-not-allowed", allowed: ["GET", "OPTIONS"] }, "problem"),
	);
}

/** The secret before everything: whoever does not know it learns nothing, not even of methods. */
async function onWebhook(exchange: Exchange, account: string, secret: string, handle: Handle): Promise<Response> {
	const caller = await judgeCaller(exchange, account, secret);
	if (!caller.allowed) return withScheme(refused(exchange, caller.refusal, "problem"));
	if (exchange.method !== "POST")
		return refused(exchange, { reason: "method-not-allowed", allowed: ["POST", "OPTIONS"] }, "problem");
	return handle(exchange, caller.value.account);
}

function withScheme(answer: Response): Response {
	if (answer.status === 401) answer.headers.set("WWW-Authenticate", 'Basic realm="sora", charset="UTF-8"');
	return answer;
}
