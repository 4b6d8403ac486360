import { wire } from "../../worker/limits/contract.ts";

/*
 * Calls as the Worker of the last release makes them, and what its objects answered. Today's objects must answer the same; they may say more.
 * Each story is of an object of its own; `at` is the object's clock, in seconds after the epoch of the tests.
 *
 * Like rpc.ts, this file changes only after a release.
 */

export interface Call {
	readonly at?: number;
	readonly method: string;
	readonly args: readonly unknown[];
	/** As JSON, where it crosses as JSON text. `undefined` where the Worker reads nothing of it. */
	readonly answer?: unknown;
}

export interface Story {
	readonly binding:
		| "VIEWER_LIMITS"
		| "DEVICE_INDEX"
		| "REVOCATION_LIST"
		| "MANAGEMENT_TOKENS"
		| "CREDENTIAL_GUARD"
		| "AUDIT_LOG";
	readonly tells: string;
	readonly calls: readonly Call[];
}

/** Milliseconds since 1970 at which the stories begin: 2100-01-01. */
export const START = 4_102_444_800_000;
const DAY = 86_400_000;

const TV = { address: "198.51.100.1", userAgent: "TV/1", device: "tv" };
const PHONE = { address: "198.51.100.2", userAgent: "Phone/2", device: "phone" };
const session = { key: "a", ownKey: "a", video: "clip", ttlSeconds: 90 };

const request = (change: object) =>
	wire({
		id: "r1",
		intent: "start",
		use: false,
		counting: "requests",
		dryRun: false,
		token: { id: "t1", expiresAt: START + DAY },
		limits: {},
		client: TV,
		session: null,
		...change,
	});
const admit = (change: object, answer: unknown, at = 0): Call => ({
	at,
	method: "admit",
	args: [request(change)],
	answer,
});
const allowed = (value: object = { session: null, ended: [] }) => ({ allowed: true, value });
const refused = (reason: string, more: object = {}) => ({ allowed: false, refusal: { reason, ...more } });
const inSession = (key: string, startedAt: number, ended: readonly string[] = []) =>
	allowed({ session: { key, startedAt }, ended });

const two = { maxip: 1, maxu: 2, dlimit: 1, climit: 1 };
const owner = { account: "acme", uid: "ann" };
const device = (id: string, name: string | null = null) => ({
	id,
	name,
	userAgent: "TV/1",
	createdAt: START,
	updatedAt: START,
});
const now = START / 1000;
const stolen = { kind: "jti", value: "stolen", before: null, expiresAt: null, createdAt: now, token: null };
const token = {
	id: "0123456789abcdef",
	name: "ci",
	scopes: ["playgate/all"],
	createdAt: now,
	createdBy: "admin",
	expiresAt: now + 60,
};
const HASH = "h".repeat(43);

export const stories: readonly Story[] = [
	{
		binding: "VIEWER_LIMITS",
		tells: "every limit refuses in its turn, and a retried call spends once",
		calls: [
			admit({ limits: two, use: true, session }, inSession("a", START)),
			admit({ limits: two, use: true, session }, inSession("a", START)),
			admit({ id: "r2", limits: two, client: PHONE }, refused("ip-limit", { limit: 1 })),
			admit({ id: "r3", limits: { dlimit: 1 }, client: PHONE }, refused("device-limit", { limit: 1 })),
			admit(
				{ id: "r4", limits: { climit: 1, cbeh: "BLOCK_NEW" }, session: { ...session, key: "b", ownKey: "b" } },
				refused("stream-limit-create", { limit: 1, active: 1 }),
			),
			admit({ id: "r5", limits: two, use: true, session, dryRun: true }, inSession("a", START)),
			admit({ id: "r6", limits: two, use: true, session }, inSession("a", START)),
			admit({ id: "r7", limits: two, use: true, session }, refused("use-limit", { limit: 2 })),
			{ method: "refund", args: [wire({ id: "r6", token: "t1" })] },
			admit({ id: "r8", limits: two, use: true, session }, inSession("a", START)),
			admit({ id: "r9", limits: two, use: true, session }, refused("use-limit", { limit: 2 })),
		],
	},
	{
		binding: "VIEWER_LIMITS",
		tells: "sessions are renewed, displaced, listed and ended",
		calls: [
			admit({ limits: { climit: 1 }, session, countAlive: true }, { allowed: true, value: { alive: 1 } }),
			admit(
				{ limits: { climit: 1 }, session: { ...session, key: "b", ownKey: "b" } },
				inSession("b", START + 1000, ["a"]),
				1,
			),
			admit(
				{ intent: "renew", limits: { climit: 1 }, session: { ...session, startedAt: START } },
				refused("stream-limit-renew"),
				2,
			),
			admit({ intent: "reload", session }, refused("stream-limit-renew"), 3),
			{
				at: 4,
				method: "listSessions",
				args: [],
				answer: [
					{
						key: "b",
						video: "clip",
						address: TV.address,
						device: "tv",
						userAgent: "TV/1",
						startedAt: START + 1000,
						seenAt: START + 1000,
						endedBy: null,
					},
					{ key: "a", startedAt: START, endedBy: "limit" },
				],
			},
			{ at: 4, method: "endSessions", args: [null, "operator"], answer: ["b"] },
			admit(
				{ intent: "renew", session: { ...session, key: "b", ownKey: "b", startedAt: START + 1000 } },
				refused("session-ended", { by: "operator" }),
				5,
			),
			{ at: 5, method: "endSessions", args: ["b", "player"], answer: [] },
		],
	},
	{
		binding: "VIEWER_LIMITS",
		tells: "uses are counted by playback",
		calls: [
			admit({ limits: { maxu: 1 }, use: true, counting: "playbacks", session }, inSession("a", START)),
			admit(
				{ id: "r2", intent: "renew", limits: { maxu: 1 }, use: true, counting: "playbacks", session },
				inSession("a", START),
				20,
			),
			admit(
				{
					id: "r3",
					limits: { maxu: 1 },
					use: true,
					counting: "playbacks",
					session: { ...session, key: "b", ownKey: "b" },
				},
				refused("use-limit", { limit: 1 }),
				20,
			),
		],
	},
	{
		binding: "VIEWER_LIMITS",
		tells: "devices are registered, named and removed",
		calls: [
			admit({ limits: { dlimit: 1 }, owner }, allowed()),
			{ method: "listDevices", args: [], answer: [device("tv")] },
			{ method: "renameDevice", args: [owner, "tv", "Sofa"], answer: true },
			{ method: "renameDevice", args: [owner, "none", null], answer: false },
			{ method: "listDevices", args: [], answer: [device("tv", "Sofa")] },
			{ method: "removeDevices", args: [owner, "none"], answer: 0 },
			{ method: "removeDevices", args: [owner, null], answer: 1 },
			{ method: "listDevices", args: [], answer: [] },
		],
	},
	{
		binding: "DEVICE_INDEX",
		tells: "changes are taken in once, and listed",
		calls: [
			{
				method: "take",
				args: [{ uid: "ann", version: 2, present: [device("tv"), device("phone", "Pocket")], gone: [] }],
				answer: 2,
			},
			{ method: "take", args: [{ uid: "ann", version: 1, present: [], gone: ["tv"] }], answer: 2 },
			{ method: "take", args: [{ uid: "ann", version: 3, present: [], gone: ["tv"] }], answer: 3 },
			{
				method: "page",
				args: [0, 10],
				answer: { page: 0, total: 1, records: [{ uid: "ann", device: device("phone", "Pocket") }] },
			},
			{ method: "page", args: [7, 10], answer: { page: 0, total: 1 } },
		],
	},
	{
		binding: "REVOCATION_LIST",
		tells: "an isolate learns what is revoked and what no longer is",
		calls: [
			{ method: "changesSince", args: [-1], answer: { version: 0, full: true, entries: [] } },
			{ method: "add", args: [stolen] },
			{ method: "has", args: ["jti", "stolen"], answer: true },
			{ method: "list", args: [], answer: [stolen] },
			{
				method: "changesSince",
				args: [0],
				answer: {
					version: 1,
					full: false,
					entries: [{ kind: "jti", value: "stolen", before: null, expiresAt: null, removed: false }],
				},
			},
			{ method: "remove", args: ["jti", "stolen"], answer: true },
			{ method: "remove", args: ["jti", "stolen"], answer: false },
			{
				method: "changesSince",
				args: [1],
				answer: { version: 2, full: false, entries: [{ value: "stolen", removed: true }] },
			},
			{ method: "changesSince", args: [2], answer: { version: 2, full: false, entries: [] } },
		],
	},
	{
		binding: "MANAGEMENT_TOKENS",
		tells: "a token is made, used, ends and is revoked",
		calls: [
			{ method: "create", args: [token, HASH], answer: true },
			{
				method: "verify",
				args: [token.id, HASH],
				answer: { state: "valid", scopes: ["playgate/all"], expiresAt: now + 60 },
			},
			{ method: "verify", args: [token.id, "x".repeat(43)], answer: { state: "unknown" } },
			{ method: "get", args: [token.id], answer: { ...token, lastUsedAt: now } },
			{ at: 60, method: "verify", args: [token.id, HASH], answer: { state: "expired", expiredAt: now + 60 } },
			{ method: "list", args: [], answer: [{ ...token, lastUsedAt: now }] },
			{ method: "remove", args: [token.id], answer: true },
			{ method: "remove", args: [token.id], answer: false },
			{ method: "get", args: [token.id], answer: null },
		],
	},
	{
		binding: "CREDENTIAL_GUARD",
		tells: "an address that guesses is blocked, and a good credential goes on",
		calls: [
			{ method: "begin", args: ["good"], answer: { state: "open" } },
			{ method: "succeeded", args: ["good"] },
			...Array.from({ length: 10 }, (_, guess): Call => ({
				method: "begin",
				args: [`g${guess}`],
				answer: { state: "open" },
			})),
			{ method: "failed", args: [], answer: { state: "open" } },
			{
				method: "begin",
				args: ["g10"],
				answer: { state: "blocked", untilMs: START + 30_000, knownFingerprints: ["good"] },
			},
			{ method: "begin", args: ["good"], answer: { state: "known" } },
		],
	},
	{
		binding: "AUDIT_LOG",
		tells: "decisions are written once, reported and searched",
		calls: [
			{
				method: "append",
				args: [{ id: "b1", texts: ['[["t","d1",true],["t","d2",false]]'], forgetAtMs: START + 31 * DAY, again: false }],
				answer: 1000,
			},
			{
				method: "append",
				args: [{ id: "b1", texts: ['[["t","d1",true],["t","d2",false]]'], forgetAtMs: START + 31 * DAY, again: true }],
				answer: 1000,
			},
			{ method: "snapshot", args: ["e1", START + 31 * DAY] },
			{ method: "hasExecution", args: ["e1"], answer: true },
			{ method: "hasExecution", args: ["e2"], answer: false },
			{
				method: "page",
				args: ["e1", 0],
				answer: { texts: ['[["t","d1",true],["t","d2",false]]'], after: 1, done: true },
			},
			{ method: "page", args: ["e2", 0], answer: null },
			{
				method: "recent",
				args: [{ equal: {}, before: null, limit: 1 }],
				answer: { text: '[["t","d2",false]]', next: { seq: 1, index: 1 } },
			},
			{
				method: "recent",
				args: [{ equal: { allowed: true }, before: null, limit: 10 }],
				answer: { text: '[["t","d1",true]]', next: null },
			},
		],
	},
];
