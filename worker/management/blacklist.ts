import { type Decision, refuse } from "../decision/decision.ts";
import { type TokenIdentity, identifyToken } from "../token/identity.ts";
import { type ManagedCall, type ManagedHandler, json, noContent } from "./managed.ts";
import { listOf } from "./revocations.ts";

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
	await listOf(call).add({
		kind: "token",
		value: token.value.id,
		before: null,
		// Kept past the end by more than any clock skew that an account may allow; of a token that has ended long since, for as long from now on.
		expiresAt: exp === null ? null : Math.max(exp, nowSeconds) + 7200,
		createdAt: nowSeconds,
		token: call.id,
	});
	await call.exchange.gate.revocations.refresh(call.account);
	return noContent(call);
};

export const hasToken: ManagedHandler = async (call) => {
	const token = named(call);
	if (!token.allowed) return token;
	return (await listOf(call).has("token", token.value.id)) ? noContent(call) : refuse({ reason: "resource-not-found" });
};

export const deleteToken: ManagedHandler = async (call) => {
	const token = named(call);
	if (!token.allowed) return token;
	const removed = await listOf(call).remove("token", token.value.id);
	await call.exchange.gate.revocations.refresh(call.account);
	return removed ? noContent(call) : refuse({ reason: "resource-not-found" });
};

export const listTokens: ManagedHandler = async (call) => {
	const entries = await listOf(call).list();
	return json(
		call,
		entries.flatMap(({ token }) => (token === null ? [] : [{ token }])),
	);
};
