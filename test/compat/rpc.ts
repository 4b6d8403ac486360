import * as v from "valibot";

/*
 * What crossed RPC in the version that was released last, as that version reads it: what its objects read of a call (`args`), and what its
 * Worker reads of an answer (`answer`). Members that a reader does not know are nothing to it. During a deploy, and after a roll back, its
 * Worker meets today's objects and its objects meet today's Worker.
 *
 * This file changes only after a release: then it learns what that release added, and may forget what the one before needed.
 */

const id = v.string();
const ms = v.number();
const seconds = v.number();
const limit = v.optional(v.pipe(v.number(), v.integer(), v.minValue(1)));

/** A JSON text on its way (`wire`). */
const wired = <S extends v.GenericSchema>(schema: S) =>
	v.pipe(
		v.string(),
		v.transform((text): unknown => JSON.parse(text)),
		schema,
	);

const admitRequest = v.object({
	id,
	intent: v.picklist(["start", "renew", "reload"]),
	use: v.boolean(),
	counting: v.picklist(["requests", "playbacks"]),
	dryRun: v.boolean(),
	token: v.object({ id, expiresAt: ms }),
	limits: v.object({
		maxip: limit,
		maxu: limit,
		climit: limit,
		cbeh: v.optional(v.picklist(["BLOCK_NEW", "BLOCK_NEW_USER"])),
		dlimit: limit,
	}),
	client: v.object({ address: v.string(), userAgent: v.string(), device: v.string() }),
	session: v.nullable(
		v.object({ key: id, ownKey: id, startedAt: v.optional(ms), video: v.string(), ttlSeconds: seconds }),
	),
	countAlive: v.optional(v.boolean()),
	owner: v.optional(v.object({ account: id, uid: id })),
});

const admitAnswer = v.union([
	v.object({
		allowed: v.literal(true),
		value: v.object({
			session: v.nullable(v.object({ key: id, startedAt: ms })),
			ended: v.array(id),
			alive: v.optional(v.number()),
		}),
	}),
	// A reason that it does not know would be a fault to the Worker of that version.
	v.object({
		allowed: v.literal(false),
		refusal: v.variant("reason", [
			v.object({ reason: v.literal("ip-limit"), limit: v.number() }),
			v.object({ reason: v.literal("use-limit"), limit: v.number() }),
			v.object({ reason: v.literal("device-limit"), limit: v.number() }),
			v.object({ reason: v.literal("stream-limit-create"), limit: v.number(), active: v.number() }),
			v.object({ reason: v.literal("stream-limit-renew") }),
			v.object({ reason: v.literal("session-ended"), by: v.picklist(["player", "operator"]) }),
		]),
	}),
]);

const liveSession = v.object({
	key: id,
	video: v.string(),
	address: v.string(),
	device: v.string(),
	userAgent: v.string(),
	startedAt: ms,
	seenAt: ms,
	endedBy: v.nullable(v.picklist(["limit", "player", "operator"])),
});

const owner = v.object({ account: id, uid: id });
const device = v.object({
	id,
	name: v.nullable(v.string()),
	userAgent: v.string(),
	createdAt: ms,
	updatedAt: ms,
});

const kind = v.picklist(["token", "jti", "uid", "sid", "key", "video", "issued-before"]);
const revocation = v.object({
	kind,
	value: v.string(),
	before: v.nullable(seconds),
	expiresAt: v.nullable(seconds),
	createdAt: seconds,
	token: v.nullable(v.string()),
});

const tokenRecord = {
	id,
	name: v.string(),
	scopes: v.array(v.string()),
	createdAt: seconds,
	createdBy: v.string(),
	expiresAt: v.nullable(seconds),
};
const listedToken = v.object({ ...tokenRecord, lastUsedAt: v.nullable(seconds) });

const guardVerdict = v.variant("state", [
	v.object({ state: v.literal("open") }),
	v.object({ state: v.literal("known") }),
	v.object({ state: v.literal("blocked"), untilMs: ms, knownFingerprints: v.array(v.string()) }),
]);

const rows = v.pipe(
	v.string(),
	v.transform((text): unknown => JSON.parse(text)),
	v.array(v.array(v.nullable(v.union([v.string(), v.number(), v.boolean()])))),
);
const position = v.object({ seq: v.number(), index: v.number() });

export interface Method {
	readonly args: v.GenericSchema;
	readonly answer: v.GenericSchema;
}

const anything = v.unknown();
const nothing = v.tuple([]);

/** Every method of every class, by the name of its binding. */
export const released: Readonly<Record<string, Readonly<Record<string, Method>>>> = {
	VIEWER_LIMITS: {
		admit: { args: v.tuple([wired(admitRequest)]), answer: wired(admitAnswer) },
		refund: { args: v.tuple([wired(v.object({ id, token: id }))]), answer: anything },
		listSessions: { args: nothing, answer: v.array(liveSession) },
		endSessions: {
			args: v.tuple([v.nullable(id), v.picklist(["limit", "player", "operator"])]),
			answer: v.array(id),
		},
		listDevices: { args: nothing, answer: v.array(device) },
		renameDevice: { args: v.tuple([owner, id, v.nullable(v.string())]), answer: v.boolean() },
		removeDevices: { args: v.tuple([owner, v.nullable(id)]), answer: v.number() },
	},
	DEVICE_INDEX: {
		take: {
			args: v.tuple([v.object({ uid: id, version: v.number(), present: v.array(device), gone: v.array(id) })]),
			answer: v.number(),
		},
		page: {
			args: v.tuple([v.number(), v.number()]),
			answer: v.object({ page: v.number(), total: v.number(), records: v.array(v.object({ uid: id, device })) }),
		},
	},
	REVOCATION_LIST: {
		add: { args: v.tuple([revocation]), answer: anything },
		remove: { args: v.tuple([kind, v.string()]), answer: v.boolean() },
		has: { args: v.tuple([kind, v.string()]), answer: v.boolean() },
		list: { args: nothing, answer: v.array(revocation) },
		changesSince: {
			args: v.tuple([v.number()]),
			answer: v.object({
				version: v.number(),
				full: v.boolean(),
				entries: v.array(
					v.object({
						kind,
						value: v.string(),
						before: v.nullable(seconds),
						expiresAt: v.nullable(seconds),
						removed: v.boolean(),
					}),
				),
			}),
		},
	},
	MANAGEMENT_TOKENS: {
		create: { args: v.tuple([v.object(tokenRecord), v.string()]), answer: v.boolean() },
		verify: {
			args: v.tuple([id, v.string()]),
			answer: v.variant("state", [
				v.object({ state: v.literal("unknown") }),
				v.object({ state: v.literal("expired"), expiredAt: seconds }),
				v.object({ state: v.literal("valid"), scopes: v.array(v.string()), expiresAt: v.nullable(seconds) }),
			]),
		},
		get: { args: v.tuple([id]), answer: v.nullable(listedToken) },
		list: { args: nothing, answer: v.array(listedToken) },
		remove: { args: v.tuple([id]), answer: v.boolean() },
	},
	CREDENTIAL_GUARD: {
		begin: { args: v.tuple([v.string()]), answer: guardVerdict },
		succeeded: { args: v.tuple([v.string()]), answer: anything },
		failed: { args: nothing, answer: guardVerdict },
	},
	AUDIT_LOG: {
		append: {
			args: v.tuple([v.object({ id, texts: v.array(rows), forgetAtMs: ms, again: v.boolean() })]),
			answer: v.number(),
		},
		snapshot: { args: v.tuple([id, ms]), answer: anything },
		hasExecution: { args: v.tuple([id]), answer: v.boolean() },
		page: {
			args: v.tuple([id, v.number()]),
			answer: v.nullable(v.object({ texts: v.array(rows), after: v.number(), done: v.boolean() })),
		},
		recent: {
			args: v.tuple([
				v.object({ equal: v.record(v.string(), anything), before: v.nullable(position), limit: v.number() }),
			]),
			answer: v.object({ text: rows, next: v.nullable(position) }),
		},
	},
};

/**
 * Methods that today's Worker calls and that the objects of the last release do not have, each with what becomes of the request then. Where
 * that is harm, the call has to wait for a release whose objects have the method already.
 */
export const methodsSince: Readonly<Record<string, string>> = {
	"VIEWER_LIMITS.grant": "The root is asked to admit the request itself, as before there were leases.",
	"VIEWER_LIMITS.recall": "Units that a shard holds stay there until it can be asked.",
	"REVOCATION_LIST.rooms":
		"Sora hears 503 when it tells that a node went down; who was on it is out when their time is over.",
};

/** What to do, for whoever reads the failure. */
export const ADVICE =
	"A deploy, and a roll back, runs Workers and Durable Objects one version apart (docs/architecture.md, Versions). Leave what is there as it " +
	"is, with its meaning, add an optional member beside it that both sides can do without, and take the old one out in a later release.";

/** What the released reader cannot read of a value; null when it can read it all. */
export function unreadable(schema: v.GenericSchema, value: unknown): string | null {
	const read = v.safeParse(schema, value);
	if (read.success) return null;
	return read.issues.map((issue) => `${v.getDotPath(issue) ?? "the whole"}: ${issue.message}`).join("; ");
}
