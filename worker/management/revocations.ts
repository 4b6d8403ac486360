import * as v from "valibot";
import { object, parse } from "../catalog/issues.ts";
import { epochSeconds, idSchema } from "../catalog/video-schema.ts";
import { type Decision, allow, refuse } from "../decision/decision.ts";
import type { RevokedBy } from "../decision/refusals.ts";
import type { Revocation } from "../revocation/contract.ts";
import { reach } from "../reach.ts";
import type { RevocationList } from "../revocation/revocation-list.ts";
import { identifyToken } from "../token/identity.ts";
import { type ManagedCall, type ManagedHandler, json, noContent, readJson } from "./managed.ts";

/** Revocations of every kind (design 5); the Blacklist API is the part of them that names whole tokens. */
const KINDS = ["token", "jti", "uid", "sid", "key", "video", "issued-before"] as const satisfies readonly RevokedBy[];

export const revocationSchema = object({
	kind: v.picklist(KINDS, `must be one of ${KINDS.join(", ")}`),
	/** Of `token` the whole JWT; of `issued-before` nothing. */
	value: v.optional(
		v.pipe(v.string("must be a string"), v.minLength(1, "must not be empty"), v.maxLength(8192, "is too long")),
	),
	before: v.optional(epochSeconds),
	expires_at: v.optional(v.nullable(epochSeconds), null),
});

type Body = v.InferOutput<typeof revocationSchema>;

/** Asks the account's revocation list. */
export function askList<T>({ exchange, account }: ManagedCall, ask: (list: Stub) => Promise<T>): Promise<Decision<T>> {
	return reach(exchange, "revocation-list", () => ask(exchange.gate.revocationLists.getByName(account)));
}

type Stub = DurableObjectStub<RevocationList>;

const mistaken = (issue: string) => refuse({ reason: "record-invalid", issues: [issue] });

/** What goes onto the list: a token by its identity, so that other spellings of its signature are revoked with it. */
function entryOf(body: Body, nowMs: number): Decision<Revocation> {
	// Taken for a revocation that it is not, such an entry would let go on what was to stop.
	if (body.expires_at !== null && body.expires_at * 1000 <= nowMs)
		return mistaken("expires_at: must lie in the future");
	const entry = {
		kind: body.kind,
		before: null,
		expiresAt: body.expires_at,
		createdAt: Math.floor(nowMs / 1000),
		token: null,
	};
	if (body.kind === "issued-before") {
		if (body.before === undefined) return mistaken("before: is missing");
		return allow({ ...entry, value: "", before: body.before });
	}
	if (body.before !== undefined) return mistaken('before: goes with the kind "issued-before" only');
	if (body.value === undefined) return mistaken("value: is missing");
	if (body.kind === "video" && !v.is(idSchema, body.value)) return mistaken("value: must be the id of a video");
	if (body.kind !== "token") return allow({ ...entry, value: body.value });
	const token = identifyToken(body.value);
	if (!token.allowed) return mistaken("value: must be a whole JWT");
	return allow({ ...entry, value: token.value.id, token: body.value });
}

/** Of a token its identity is shown, never the token: that is for the Blacklist API alone. */
function shown({ kind, value, before, expiresAt, createdAt }: Revocation) {
	const named = kind === "issued-before" ? { before } : { value };
	return { kind, ...named, expires_at: expiresAt, created_at: createdAt };
}

export const addRevocation: ManagedHandler = async (call) => {
	const body = await readJson(call);
	if (!body.allowed) return body;
	const parsed = parse(revocationSchema, body.value);
	if (!parsed.ok) return refuse({ reason: "record-invalid", issues: parsed.issues });
	const entry = entryOf(parsed.value, call.exchange.nowMs);
	if (!entry.allowed) return entry;
	const added = await askList(call, (list) => list.add(entry.value));
	if (!added.allowed) return added;
	await call.exchange.gate.revocations.refresh(call.account);
	return json(call, shown(entry.value), 201);
};

export const listRevocations: ManagedHandler = async (call) => {
	const entries = await askList(call, (list) => list.list());
	return entries.allowed ? json(call, entries.value.map(shown)) : entries;
};

/** `?kind=&value=` as the list shows them; `issued-before` has no value. */
export const deleteRevocation: ManagedHandler = async (call) => {
	const { query, gate } = call.exchange;
	const kind = KINDS.find((each) => each === query.get("kind"));
	if (!kind)
		return refuse({ reason: "bad-request", detail: `The query must say which: ?kind= one of ${KINDS.join(", ")}.` });
	const value = kind === "issued-before" ? "" : (query.get("value") ?? "");
	const removed = await askList(call, async (list) => list.remove(kind, value));
	if (!removed.allowed) return removed;
	await gate.revocations.refresh(call.account);
	return removed.value ? noContent(call) : refuse({ reason: "resource-not-found" });
};
