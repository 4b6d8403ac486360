import { type Context, Hono, type MiddlewareHandler } from "hono";
import { bodyLimit } from "hono/body-limit";
import { ID_PATTERN } from "../catalog/video-schema.ts";
import { type Identity, requireScope } from "../credentials/identity.ts";
import { type Area, scopesFor } from "../credentials/scopes.ts";
import { type Decision, refuse } from "../decision/decision.ts";
import type { Refusal } from "../decision/refusals.ts";
import { type Exchange, refused } from "../exchange.ts";
import type { Gate } from "../gate.ts";
import { logDecision } from "../observe/decision-log.ts";
import { refuseRepeated } from "../token/locate.ts";
import { auditReport, auditStatus, queryAudit } from "./audit.ts";
import { deleteToken, hasToken, listTokens, putToken } from "./blacklist.ts";
import { listAccountDevices } from "./account-devices.ts";
import { listDevices, removeDevices, renameDevice, wrongDeviceMethod } from "./devices.ts";
import {
	addAction,
	deleteAction,
	getAction,
	getConditions,
	getRules,
	listActions,
	putAction,
	putConditions,
} from "./delivery-rules.ts";
import { listDecisions } from "./decisions.ts";
import { sessionRoutes } from "./session-routes.ts";
import { deleteJoinWebhook, getJoinWebhook, putJoinWebhook } from "./join-webhook.ts";
import { addKey, deleteKey, getKey, listKeys } from "./keys.ts";
import type { ManagedHandler } from "./managed.ts";
import { deletePlaylist, getPlaylist, listPlaylists, putPlaylist } from "./playlists.ts";
import { deleteProvider, getProvider, putProvider } from "./providers.ts";
import { addRight, asPlainText, deleteRight, getRight, listRights, putRight } from "./rights.ts";
import { addRevocation, deleteRevocation, listRevocations } from "./revocations.ts";
import { endSessions, listSessions } from "./sessions.ts";
import { getSettings, putSettings } from "./settings.ts";
import { createToken, getToken, listTokens as listManagementTokens, revokeToken } from "./tokens.ts";
import { deleteVideo, getVideo, listVideos, putVideo } from "./videos.ts";

type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
const KEYS = "/v1/accounts/:account/keys";
const BLACKLIST = "/v1/accounts/:account/blacklist";
const RIGHTS = "/v1/accounts/:account/playback_rights";
const DEVICES = "/v1/accounts/:account/devices";
const USERS = "/v1/accounts/:account/users";
const DELIVERY_RULES = "/accounts/:account";
const AUDIT = "/v1/audit/accounts/:account";
const MANAGE = "/manage/v1/accounts/:account";

/** `area` names the scopes that a caller needs: those to read for GET (and so HEAD), those to write for every other method. */
export interface Route {
	readonly path: string;
	readonly area: Area;
	readonly freeId?: true;
	readonly methods: Partial<Record<Method, ManagedHandler>>;
	/** What any other method is answered, where that depends on the path. */
	readonly wrongMethod?: (path: string) => Refusal;
}

/** `:id` is the part of the path that a handler gets; ids of records follow `idSchema`, the others are free text. */
export const routes: readonly Route[] = [
	{ path: KEYS, area: "keys", methods: { GET: listKeys, POST: addKey } },
	{ path: `${KEYS}/:id`, area: "keys", methods: { GET: getKey, DELETE: deleteKey } },
	{ path: BLACKLIST, area: "blacklist", methods: { GET: listTokens } },
	{
		path: `${BLACKLIST}/tokens/:id`,
		area: "blacklist",
		freeId: true,
		methods: { PUT: putToken, GET: hasToken, DELETE: deleteToken },
	},
	{ path: RIGHTS, area: "playback-rights", methods: { GET: listRights, POST: addRight } },
	{
		path: `${RIGHTS}/:id`,
		area: "playback-rights",
		methods: { GET: getRight, PUT: putRight, DELETE: deleteRight },
	},
	{ path: `${MANAGE}/settings`, area: "settings", methods: { GET: getSettings, PUT: putSettings } },
	{ path: `${MANAGE}/videos`, area: "videos", methods: { GET: listVideos } },
	{
		path: `${MANAGE}/videos/:id`,
		area: "videos",
		methods: { GET: getVideo, PUT: putVideo, DELETE: deleteVideo },
	},
	{ path: `${MANAGE}/playlists`, area: "playlists", methods: { GET: listPlaylists } },
	{
		path: `${MANAGE}/playlists/:id`,
		area: "playlists",
		methods: { GET: getPlaylist, PUT: putPlaylist, DELETE: deletePlaylist },
	},
	...sessionRoutes,
	{
		path: `${MANAGE}/providers/:id`,
		area: "providers",
		methods: { GET: getProvider, PUT: putProvider, DELETE: deleteProvider },
	},
	{
		path: `${MANAGE}/join-webhook`,
		area: "providers",
		methods: { GET: getJoinWebhook, PUT: putJoinWebhook, DELETE: deleteJoinWebhook },
	},
	{ path: DEVICES, area: "devices", methods: { GET: listAccountDevices } },
	// A viewer's name may have "/" in it, so these handlers read the path themselves.
	{
		path: `${USERS}/*`,
		area: "devices",
		methods: { GET: listDevices, PATCH: renameDevice, DELETE: removeDevices },
		wrongMethod: wrongDeviceMethod,
	},
	{ path: DELIVERY_RULES, area: "delivery-rules", methods: { GET: getRules } },
	{
		path: `${DELIVERY_RULES}/conditions`,
		area: "delivery-rules",
		methods: { GET: getConditions, PUT: putConditions },
	},
	{ path: `${DELIVERY_RULES}/actions`, area: "delivery-rules", methods: { GET: listActions, POST: addAction } },
	{
		path: `${DELIVERY_RULES}/actions/:id`,
		area: "delivery-rules",
		methods: { GET: getAction, PUT: putAction, DELETE: deleteAction },
	},
	{ path: `${AUDIT}/query/:id`, area: "audit", freeId: true, methods: { POST: queryAudit } },
	{ path: `${AUDIT}/execution/:id/status`, area: "audit", freeId: true, methods: { GET: auditStatus } },
	{ path: `${AUDIT}/execution/:id/report`, area: "audit", freeId: true, methods: { GET: auditReport } },
	{ path: `${MANAGE}/decisions`, area: "decisions", methods: { GET: listDecisions } },
	{
		path: `${MANAGE}/revocations`,
		area: "revocations",
		methods: { GET: listRevocations, POST: addRevocation, DELETE: deleteRevocation },
	},
	{ path: `${MANAGE}/sessions`, area: "sessions", methods: { GET: listSessions, DELETE: endSessions } },
	{ path: `${MANAGE}/sessions/:id`, area: "sessions", freeId: true, methods: { DELETE: endSessions } },
	{ path: `${MANAGE}/tokens`, area: "tokens", methods: { GET: listManagementTokens, POST: createToken } },
	{ path: `${MANAGE}/tokens/:id`, area: "tokens", methods: { GET: getToken, DELETE: revokeToken } },
];

const MOST_BODY_BYTES = 1_048_576;

/** What a request's credential was found to be, for the handlers behind the door. */
interface Door {
	Variables: { identity: Identity };
}

/**
 * The publisher's and ops' API: the credential first, then its scope, the path, and the body. Which methods an address has is no secret and
 * needs no credential.
 */
export function managementRoutes(gate: Gate, begin: (gate: Gate, c: Context) => Exchange): Hono<Door> {
	const app = new Hono<Door>();
	const limit = bodyLimit({
		maxSize: MOST_BODY_BYTES,
		onError: (c) => refused(admitted(c), { reason: "record-too-large", maxBytes: MOST_BODY_BYTES }, "api"),
	});
	// Begun anew behind the limit, which may put another request in the place of the one that it read.
	const admitted = (c: Context<Door>): Exchange => {
		const exchange = begin(gate, c);
		exchange.told.actor = c.get("identity").actor;
		return exchange;
	};
	for (const { path, area, methods, freeId = false, wrongMethod = () => notOneOf(methods) } of routes) {
		for (const [method, handler] of Object.entries(methods)) {
			const wanted = scopesFor(area, method);
			const door: MiddlewareHandler<Door> = async (c, next) => {
				const exchange = begin(gate, c);
				const identity = await identify(exchange, c.req.param("account") ?? "", wanted);
				if (!identity.allowed) return refused(exchange, identity.refusal, "api");
				c.set("identity", identity.value);
				return next();
			};
			app.on(method, path, door, limit, async (c) => {
				const exchange = admitted(c);
				return finished(exchange, await managed(exchange, c, handler, freeId));
			});
		}
		app.all(path, (c) => {
			const exchange = begin(gate, c);
			return refused(exchange, wrongMethod(exchange.path), "api");
		});
	}
	return app;
}

/** HEAD goes wherever GET does, and OPTIONS everywhere. */
function notOneOf(methods: Route["methods"]): Refusal {
	const named = Object.keys(methods).flatMap((method) => (method === "GET" ? ["GET", "HEAD"] : [method]));
	return { reason: "method-not-allowed", allowed: [...named, "OPTIONS"] };
}

/** Who makes the call, if they may make it. */
async function identify(exchange: Exchange, account: string, wanted: readonly string[]): Promise<Decision<Identity>> {
	const { method, headers, url, nowMs } = exchange;
	const identity = await exchange.gate.credentials.judge({ account, method, headers, url, nowMs });
	if (!identity.allowed) return identity;
	exchange.told.actor = identity.value.actor;
	const scope = requireScope(identity.value, wanted);
	return scope.allowed ? identity : scope;
}

async function managed(
	exchange: Exchange,
	c: Context<Door>,
	handler: ManagedHandler,
	freeId: boolean,
): Promise<Decision<Response>> {
	const account = c.req.param("account") ?? "";
	const id = c.req.param("id") ?? "";
	if (!ID_PATTERN.test(account)) return refuse({ reason: "account-id-invalid" });
	if (id !== "" && !freeId && !ID_PATTERN.test(id)) {
		return refuse({
			reason: "bad-request",
			detail: "The id in the path must be 1 to 128 of A-Z a-z 0-9 _ . - and start with a letter or digit.",
		});
	}
	return refuseRepeated(exchange.query) ?? handler({ exchange, account, id, identity: c.get("identity") });
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
