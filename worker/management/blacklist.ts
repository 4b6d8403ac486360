import { type Decision, refuse } from "../decision/decision.ts";
import { type TokenIdentity, identifyToken } from "../token/identity.ts";
import { type ManagedCall, type ManagedHandler, json, noContent } from "./managed.ts";
import { askList } from "./revocations.ts";

/*
 * The Blacklist API (reference: wire facts 7.2): the revocations that name whole tokens, any number of them, in force here at once and
 * everywhere within 5 s.
 */

/** The token's identity is the hash of what is signed, so that a different spelling of its signature is revoked with it. */
function named(call: ManagedCall): Decision<TokenIdentity> {
	const token = identifyToken(call.id);
	if (token.allowed) return token;
	const why = token.refusal.reason === "token-malformed" ? `: ${token.refusal.detail}` : "";
	return refuse({ reason: "bad-request", detail: `The path must end in a whole JWT${why}.` });
}

export const putToken: ManagedHandler = async (call) => {
	const token = named(call);
	if (!token.allowed) return token;
	const { exp } = token.value;
	const nowSeconds = Math.floor(call.exchange.nowMs / 1000);
	const entry = {
		kind: "token" as const,
		value: token.value.id,
		before: null,
		// Kept past the end by more than any clock skew that an account may allow; of a token that has ended long since, for as long from now on.
		expiresAt: exp === null ? null : Math.max(exp, nowSeconds) + 7200,
		createdAt: nowSeconds,
		token: call.id,
	};
	const added = await askList(call, (list) => list.add(entry));
	if (!added.allowed) return added;
	await call.exchange.gate.revocations.refresh(call.account);
	return noContent(call);
};

export const hasToken: ManagedHandler = async (call) => {
	const token = named(call);
	if (!token.allowed) return token;
	const has = await askList(call, async (list) => list.has("token", token.value.id));
	if (!has.allowed) return has;
	return has.value ? noContent(call) : refuse({ reason: "resource-not-found" });
};

export const deleteToken: ManagedHandler = async (call) => {
	const token = named(call);
	if (!token.allowed) return token;
	const removed = await askList(call, async (list) => list.remove("token", token.value.id));
	if (!removed.allowed) return removed;
	await call.exchange.gate.revocations.refresh(call.account);
	return removed.value ? noContent(call) : refuse({ reason: "resource-not-found" });
};

export const listTokens: ManagedHandler = async (call) => {
	const entries = await askList(call, (list) => list.list());
	if (!entries.allowed) return entries;
	return json(
		call,
		entries.value.flatMap(({ token }) => (token === null ? [] : [{ token }])),
	);
};
