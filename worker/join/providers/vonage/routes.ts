import type { Context, Hono } from "hono";
import { ID_PATTERN } from "../../../catalog/video-schema.ts";
import { preflightResponse } from "../../../decision/response.ts";
import { type Exchange, refused } from "../../../exchange.ts";
import { refusalOfFault } from "../../../fault.ts";
import { refusedAsVonage } from "./api/answers.ts";
import { handleApiCall } from "./api/facade.ts";
import { handleProxied } from "./web/door.ts";
import { PROXY_ROOT } from "./web/paths.ts";

const API = "/join/v1/accounts/:account/vonage/api";
/** Of the path as it was sent: an id may be spelled in more characters than it has. A base URL may end with a slash of its own. */
const BELOW = /^\/join\/v1\/accounts\/[^/]+\/vonage\/api(?:\/(?=\/))?((?:\/.*)?)$/;
const PROXY = `${PROXY_ROOT}:ticket`;

/** The doors to Vonage Video: the REST API for back ends, and everything that a participant's web client asks for. */
export function vonageRoutes(app: Hono, exchange: (c: Context) => Exchange): void {
	const call = async (c: Context): Promise<Response> => {
		const begun = exchange(c);
		if (begun.method === "OPTIONS") return preflightResponse(begun.request);
		const account = c.req.param("account") ?? "";
		if (!ID_PATTERN.test(account)) return refusedAsVonage(begun, { reason: "account-id-invalid" });
		const path = BELOW.exec(begun.path)?.[1];
		if (path === undefined) return refusedAsVonage(begun, { reason: "resource-not-found" });
		return handleApiCall(begun, account, path).catch((fault: unknown) =>
			refusedAsVonage(begun, refusalOfFault(begun, "vonage-api", fault)),
		);
	};
	app.all(API, call);
	app.all(`${API}/*`, call);
	const proxied = (c: Context): Promise<Response> | Response => handleProxied(exchange(c), c.req.param("ticket") ?? "");
	app.all(`${PROXY}/*`, proxied);
	app.all(PROXY, (c) => refused(exchange(c), { reason: "resource-not-found" }, "problem"));
}
