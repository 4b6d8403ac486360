import * as v from "valibot";
import { object, parse } from "../catalog/issues.ts";
import { epochSeconds } from "../catalog/video-schema.ts";
import { type Identity, requireScope } from "../credentials/identity.ts";
import { SCOPES } from "../credentials/scopes.ts";
import type { TokenRecord } from "../credentials/tokens/contract.ts";
import { MOST_TOKENS, type ManagementTokens } from "../credentials/tokens/management-tokens.ts";
import { newToken } from "../credentials/tokens/token-text.ts";
import { type Decision, allow, refuse } from "../decision/decision.ts";
import { reach } from "../reach.ts";
import { type ManagedCall, type ManagedHandler, json, noContent, readJson } from "./managed.ts";

export const managementTokenSchema = object({
	name: v.pipe(
		v.string("must be a string"),
		v.minLength(1, "must not be empty"),
		v.maxLength(100, "must be at most 100 characters"),
	),
	scopes: v.pipe(
		v.array(v.pipe(v.string("must be a string"), v.picklist(SCOPES, "is not a scope")), "must be a list"),
		v.minLength(1, "must name at least one scope"),
		v.maxLength(SCOPES.length, `must have at most ${SCOPES.length} entries`),
	),
	expires_at: v.optional(v.nullable(epochSeconds), null),
});

type Body = v.InferOutput<typeof managementTokenSchema>;

function askTokens<T>({ exchange, account }: ManagedCall, ask: (tokens: Stub) => Promise<T>): Promise<Decision<T>> {
	return reach(exchange, "management-tokens", () => ask(exchange.gate.managementTokens.getByName(account)));
}

type Stub = DurableObjectStub<ManagementTokens>;
const mistaken = (issue: string) => refuse({ reason: "record-invalid", issues: [issue] });

/** Times in seconds since 1970, as in all of /manage. */
function shown({ id, name, scopes, createdAt, createdBy, expiresAt, lastUsedAt }: TokenRecord) {
	return {
		id,
		name,
		scopes,
		created_at: createdAt,
		created_by: createdBy,
		expires_at: expiresAt,
		last_used_at: lastUsedAt,
	};
}

/** `{"name", "scopes": [...], "expires_at": null}`; the answer is the only place where the token itself stands. */
export const createToken: ManagedHandler = async (call) => {
	const body = await readJson(call);
	if (!body.allowed) return body;
	const parsed = parse(managementTokenSchema, body.value);
	if (!parsed.ok) return refuse({ reason: "record-invalid", issues: parsed.issues });
	const nowSeconds = Math.floor(call.exchange.nowMs / 1000);
	const mayBeMade = judgeNew(parsed.value, call.identity, nowSeconds);
	if (!mayBeMade.allowed) return mayBeMade;
	const { id, secretHash, text } = newToken();
	const { name, scopes, expires_at: expiresAt } = parsed.value;
	const token = {
		id,
		name,
		scopes: [...new Set(scopes)],
		createdAt: nowSeconds,
		createdBy: call.identity.actor,
		expiresAt,
	};
	const made = await askTokens(call, async (tokens) => tokens.create(token, secretHash));
	if (!made.allowed) return made;
	if (!made.value) {
		return mistaken(`the account already has ${MOST_TOKENS} tokens: revoke some first`);
	}
	const location = `/manage/v1/accounts/${call.account}/tokens/${id}`;
	return json(call, { ...shown({ ...token, lastUsedAt: null }), token: text }, 201, { Location: location });
};

/** A token can do no more, and for no longer, than who makes it. */
function judgeNew({ scopes, expires_at: expiresAt }: Body, maker: Identity, nowSeconds: number): Decision {
	if (expiresAt !== null && expiresAt <= nowSeconds) return mistaken("expires_at: is in the past");
	for (const scope of scopes) {
		const held = requireScope(maker, [scope]);
		if (!held.allowed) return held;
	}
	if (maker.expiresAt !== null && (expiresAt === null || expiresAt > maker.expiresAt)) {
		return mistaken(`expires_at: must be at most ${maker.expiresAt}, when the token that makes this one ends`);
	}
	return allow();
}

export const listTokens: ManagedHandler = async (call) => {
	const tokens = await askTokens(call, (object) => object.list());
	return tokens.allowed ? json(call, tokens.value.map(shown)) : tokens;
};

export const getToken: ManagedHandler = async (call) => {
	const token = await askTokens(call, (tokens) => tokens.get(call.id));
	if (!token.allowed) return token;
	return token.value ? json(call, shown(token.value)) : refuse({ reason: "resource-not-found" });
};

/** In force at the next request, everywhere. */
export const revokeToken: ManagedHandler = async (call) => {
	const removed = await askTokens(call, async (tokens) => tokens.remove(call.id));
	if (!removed.allowed) return removed;
	return removed.value ? noContent(call) : refuse({ reason: "resource-not-found" });
};
