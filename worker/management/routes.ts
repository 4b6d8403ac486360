import { type Context, Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { ID_PATTERN } from "../catalog/video-schema.ts";
import { type Decision, refuse } from "../decision/decision.ts";
import { type Exchange, refused } from "../exchange.ts";
import type { Gate } from "../gate.ts";
import { logDecision } from "../observe/decision-log.ts";
import { auditReport, auditStatus, queryAudit } from "./audit.ts";
import { deleteToken, hasToken, listTokens, putToken } from "./blacklist.ts";
import { judgeCredentials } from "./credentials.ts";
import { listDecisions } from "./decisions.ts";
import { addKey, deleteKey, getKey, listKeys } from "./keys.ts";
import type { ManagedHandler } from "./managed.ts";
import { addRight, asPlainText, deleteRight, getRight, listRights, putRight } from "./rights.ts";
import { addRevocation, deleteRevocation, listRevocations } from "./revocations.ts";
import { endSessions, listSessions } from "./sessions.ts";
import { getSettings, putSettings } from "./settings.ts";
import { deleteVideo, getVideo, listVideos, putVideo } from "./videos.ts";

type Method = "GET" | "POST" | "PUT" | "DELETE";
const KEYS = "/v1/accounts/:account/keys";
const BLACKLIST = "/v1/accounts/:account/blacklist";
const RIGHTS = "/v1/accounts/:account/playback_rights";
const AUDIT = "/v1/audit/accounts/:account";
const MANAGE = "/manage/v1/accounts/:account";

/** `:id` is the part of the path that a handler gets; ids of records follow `idSchema`, the others are free text. */
const routes: readonly { path: string; freeId?: true; methods: Partial<Record<Method, ManagedHandler>> }[] = [
	{ path: KEYS, methods: { GET: listKeys, POST: addKey } },
	{ path: `${KEYS}/:id`, methods: { GET: getKey, DELETE: deleteKey } },
	{ path: BLACKLIST, methods: { GET: listTokens } },
	{ path: `${BLACKLIST}/tokens/:id`, freeId: true, methods: { PUT: putToken, GET: hasToken, DELETE: deleteToken } },
	{ path: RIGHTS, methods: { GET: listRights, POST: addRight } },
	{ path: `${RIGHTS}/:id`, methods: { GET: getRight, PUT: putRight, DELETE: deleteRight } },
	{ path: `${AUDIT}/query/:id`, freeId: true, methods: { POST: queryAudit } },
	{ path: `${AUDIT}/execution/:id/status`, freeId: true, methods: { GET: auditStatus } },
	{ path: `${AUDIT}/execution/:id/report`, freeId: true, methods: { GET: auditReport } },
	{ path: `${MANAGE}/decisions`, methods: { GET: listDecisions } },
	{ path: `${MANAGE}/settings`, methods: { GET: getSettings, PUT: putSettings } },
	{ path: `${MANAGE}/videos`, methods: { GET: listVideos } },
	{ path: `${MANAGE}/videos/:id`, methods: { GET: getVideo, PUT: putVideo, DELETE: deleteVideo } },
	{
		path: `${MANAGE}/revocations`,
		methods: { GET: listRevocations, POST: addRevocation, DELETE: deleteRevocation },
	},
	{ path: `${MANAGE}/sessions`, methods: { GET: listSessions, DELETE: endSessions } },
	{ path: `${MANAGE}/sessions/:id`, freeId: true, methods: { DELETE: endSessions } },
];

const MOST_BODY_BYTES = 1_048_576;

/** The publisher's and ops' API: the credential first, then the path, then the body. */
export function managementRoutes(gate: Gate, begin: (gate: Gate, c: Context) => Exchange): Hono {
	const app = new Hono();
	const tooLarge = (c: Context) =>
		refused(begin(gate, c), { reason: "record-too-large", maxBytes: MOST_BODY_BYTES }, "api");
	for (const { path, methods, freeId = false } of routes) {
		const limit = bodyLimit({ maxSize: MOST_BODY_BYTES, onError: tooLarge });
		for (const [method, handler] of Object.entries(methods)) {
			app.on(method, path, limit, async (c) => {
				const exchange = begin(gate, c);
				return finished(exchange, await managed(exchange, c, handler, freeId));
			});
		}
		const allowed = [...Object.keys(methods), "OPTIONS"];
		app.all(path, (c) => refused(begin(gate, c), { reason: "method-not-allowed", allowed }, "api"));
	}
	return app;
}

async function managed(
	exchange: Exchange,
	c: Context,
	handler: ManagedHandler,
	freeId: boolean,
): Promise<Decision<Response>> {
	const credentials = judgeCredentials(exchange.headers, exchange.gate.settings);
	if (!credentials.allowed) return credentials;
	const account = c.req.param("account") ?? "";
	const id = c.req.param("id") ?? "";
	if (!ID_PATTERN.test(account)) {
		return refuse({
			reason: "bad-request",
			detail: "The account id in the path has characters that no account id has.",
		});
	}
	if (id !== "" && !freeId && !ID_PATTERN.test(id)) {
		return refuse({
			reason: "bad-request",
			detail: "The id in the path must be 1 to 128 of A-Z a-z 0-9 _ . - and start with a letter or digit.",
		});
	}
	return handler({ exchange, account, id });
}

function finished(exchange: Exchange, outcome: Decision<Response>): Response {
	if (!outcome.allowed) {
		const { refusal } = outcome;
		const response = refused(exchange, refusal, "api");
		return refusal.reason === "country-invalid" ? asPlainText(response, refusal) : response;
	}
	logDecision(exchange, { status: outcome.value.status });
	return outcome.value;
}
