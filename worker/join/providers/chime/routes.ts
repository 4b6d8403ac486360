import type { Context, Hono } from "hono";
import { ID_PATTERN } from "../../../catalog/video-schema.ts";
import { preflightResponse } from "../../../decision/response.ts";
import { type Exchange, refused } from "../../../exchange.ts";
import { refusalOfFault } from "../../../fault.ts";
import { refusedAsAws } from "./aws-error.ts";
import { handleMeetingsCall } from "./facade.ts";
import { handleSignaling } from "./signaling.ts";

const API = "/join/v1/accounts/:account/chime/api";
/** Of the path as it was sent: an id may be spelled in more characters than it has. */
const BELOW = /^\/join\/v1\/accounts\/[^/]+\/chime\/api((?:\/.*)?)$/;
const SIGNALING = "/join/v1/chime/:ticket";

/** The doors to Amazon Chime: the meetings API for back ends, and the signalling connections of participants. */
export function chimeRoutes(app: Hono, exchange: (c: Context) => Exchange): void {
	const call = async (c: Context): Promise<Response> => {
		if (c.req.method === "OPTIONS") return preflightResponse(c.req.raw); // without a signature, as everywhere
		const begun = exchange(c);
		const account = c.req.param("account") ?? "";
		if (!ID_PATTERN.test(account)) return refusedAsAws(begun, { reason: "account-id-invalid" });
		const path = BELOW.exec(begun.path)?.[1];
		if (path === undefined) return refusedAsAws(begun, { reason: "resource-not-found" });
		return handleMeetingsCall(begun, account, path).catch((fault: unknown) =>
			refusedAsAws(begun, refusalOfFault(begun, "chime-api", fault)),
		);
	};
	app.all(API, call);
	app.all(`${API}/*`, call);
	app.get(SIGNALING, (c) => handleSignaling(exchange(c), c.req.param("ticket")));
	app.on(["POST", "PUT", "PATCH", "DELETE"], SIGNALING, (c) =>
		refused(exchange(c), { reason: "method-not-allowed", allowed: ["GET", "OPTIONS"] }, "problem"),
	);
}
