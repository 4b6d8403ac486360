import type { Account, Video } from "../catalog/catalog.ts";
import { type Decision, allow, refuse } from "../decision/decision.ts";
import { judgePolicy } from "../policy/policy.ts";
import { locateToken } from "../token/locate.ts";
import type { Asker } from "./admit.ts";
import { readClient } from "./client.ts";
import type { Exchange } from "../exchange.ts";
import type { Grant } from "./grant.ts";
import { type TimedSubject, subjectOfGrant, subjectOfToken } from "./subject.ts";

/**
 * Decides about a request that carries a token: signature, claims, policy, revocation. What spends (`judgeLimits`) comes after, when
 * the caller knows what the request is for.
 */
export async function authorizeToken(
	exchange: Exchange,
	path: { readonly account: string; readonly video: string },
	audiences: readonly string[],
): Promise<Decision<Asker>> {
	const raw = locateToken(exchange.request.headers, exchange.query);
	if (!raw.allowed) return raw;
	const account = await exchange.gate.catalog.account(path.account);
	exchange.told.account = account;
	const subject = await subjectOfToken(raw.value, account, audiences, Math.floor(exchange.nowMs / 1000));
	if (!subject.allowed) return subject;
	return authorizeSubject(exchange, account, path.video, subject.value);
}

/** Decides about a request under a grant: the same steps, with what the grant carries on of the token. */
export async function authorizeGrant(exchange: Exchange, grant: Grant): Promise<Decision<Asker>> {
	const account = await exchange.gate.catalog.account(grant.account);
	exchange.told.account = account;
	const subject = subjectOfGrant(grant, account, Math.floor(exchange.nowMs / 1000));
	if (!subject.allowed) return subject;
	return authorizeSubject(exchange, account, grant.video, subject.value);
}

async function authorizeSubject(
	exchange: Exchange,
	account: Account,
	videoId: string,
	timed: TimedSubject,
): Promise<Decision<Asker>> {
	const { gate, request, query, told } = exchange;
	const { subject } = timed;
	told.tokenId = subject.tokenId;
	told.keyId = subject.keyId;
	told.uid = subject.claims.uid;
	const client = readClient(request.headers, query, gate.settings);
	if (!client.allowed) return client;
	const video = await gate.catalog.video(account.id, videoId);
	if (!video) return refuse({ reason: "video-not-found" });
	told.video = video.record.id;
	const policy = judgePolicy({
		nowSeconds: Math.floor(exchange.nowMs / 1000),
		userAgent: client.value.userAgent,
		account: account.id,
		settings: account.settings,
		claims: subject.claims,
		highestTier: subject.highestTier,
		video: video.record,
	});
	if (!policy.allowed) return policy;
	const revocation = await judgeRevocation(exchange, account, video, timed);
	if (!revocation.allowed) return revocation;
	return allow({ account, video, subject: timed, client: client.value });
}

function judgeRevocation(
	exchange: Exchange,
	account: Account,
	video: Video,
	{ subject }: TimedSubject,
): Promise<Decision> {
	const { claims } = subject;
	const facts = {
		tokenId: subject.tokenId,
		keyId: subject.keyId,
		video: video.record.id,
		jti: claims.jti,
		uid: claims.uid,
		sid: claims.sid,
		issuedAt: claims.iat,
	};
	return exchange.gate.revocations.judge(account.id, facts, account.settings.when_counters_fail, exchange.waitUntil);
}
