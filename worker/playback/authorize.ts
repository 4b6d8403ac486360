import type { Account, Video } from "../catalog/catalog.ts";
import type { Right } from "../catalog/rights.ts";
import { blankVideo } from "../catalog/video-record.ts";
import { type Decision, allow, refuse } from "../decision/decision.ts";
import type { PolicyInput } from "../policy/check.ts";
import { judgeCaller, judgeHolder, judgePolicy } from "../policy/policy.ts";
import { needsToken } from "../policy/rights/rights.ts";
import { locateToken } from "../token/locate.ts";
import type { Asker } from "./admit.ts";
import { type ClientFacts, readClient } from "./client.ts";
import type { Exchange } from "../exchange.ts";
import type { Grant } from "./grant.ts";
import { judgeRightOf, rightOf } from "./rights.ts";
import { type TimedSubject, anonymousSubject, subjectOfGrant, subjectOfToken, tell } from "./subject.ts";

/** Who asks, before anything of the video is looked at. */
export interface Identified {
	readonly account: Account;
	readonly subject: TimedSubject;
	readonly client: ClientFacts;
}

/**
 * Decides about a request that carries a token: signature, claims, policy, revocation. What spends (`judgeLimits`) comes after, when
 * the caller knows what the request is for.
 */
export async function authorizeToken(
	exchange: Exchange,
	path: { readonly account: string; readonly video: string },
	audiences: readonly string[],
): Promise<Decision<Asker>> {
	const identified = await identifyHolder(exchange, path.account, audiences);
	if (identified.allowed) return authorizeVideo(exchange, identified.value, path.video);
	return identified.refusal.reason === "token-required" ? authorizeAnyone(exchange, path) : identified;
}

/** A request without a token, which some playback rights allow. */
async function authorizeAnyone(
	exchange: Exchange,
	path: { readonly account: string; readonly video: string },
): Promise<Decision<Asker>> {
	const account = await exchange.gate.catalog.account(path.account, exchange.nowMs);
	exchange.told.account = account;
	const video = await exchange.gate.catalog.video(account, path.video, exchange.nowMs);
	const right = video ? await rightOf(exchange, account, video, {}) : null;
	if (!video || !right?.allowed || needsToken(right.value?.record ?? null)) return refuse({ reason: "token-required" });
	const identified = identifyAnyone(exchange, account);
	return identified.allowed ? authorizeFor(exchange, identified.value, video) : identified;
}

function identifyAnyone(exchange: Exchange, account: Account): Decision<Identified> {
	const anyone = anonymousSubject(account.id, nowSecondsOf(exchange));
	tell(exchange.told, anyone.subject);
	return identify(exchange, account, anyone);
}

/** Decides about a request under a grant: the same steps, with what the grant carries on of the token. */
export async function authorizeGrant(exchange: Exchange, grant: Grant): Promise<Decision<Asker>> {
	const account = await exchange.gate.catalog.account(grant.account, exchange.nowMs);
	exchange.told.account = account;
	const subject = subjectOfGrant(grant, account, nowSecondsOf(exchange), exchange.told);
	if (!subject.allowed) return subject;
	const identified = identify(exchange, account, subject.value);
	return identified.allowed ? authorizeVideo(exchange, identified.value, grant.video) : identified;
}

/**
 * The first steps alone, for calls that are about the holder of the token and not about a video: signature, claims, audience. `given` is
 * the token where it does not travel in the request's own carriers.
 */
export async function identifyHolder(
	exchange: Exchange,
	accountId: string,
	audiences: readonly string[],
	given?: string,
): Promise<Decision<Identified>> {
	// The account first, so that it can be told of every refusal.
	const account = await exchange.gate.catalog.account(accountId, exchange.nowMs);
	exchange.told.account = account;
	const raw = given === undefined ? locateToken(exchange.headers, exchange) : allow(given);
	if (!raw.allowed) return raw;
	const subject = await subjectOfToken(raw.value, account, audiences, nowSecondsOf(exchange), exchange.told);
	return subject.allowed ? identify(exchange, account, subject.value) : subject;
}

function identify(exchange: Exchange, account: Account, subject: TimedSubject): Decision<Identified> {
	const { gate, headers, told } = exchange;
	const client = readClient(headers, exchange, gate.settings);
	if (!client.allowed) return client;
	told.client = client.value;
	return allow({ account, subject, client: client.value });
}

async function authorizeVideo(exchange: Exchange, identified: Identified, videoId: string): Promise<Decision<Asker>> {
	const video = await exchange.gate.catalog.video(identified.account, videoId, exchange.nowMs);
	return video ? authorizeFor(exchange, identified, video) : refuse({ reason: "video-not-found" });
}

/** Policy and revocation for a video that was found. */
export async function authorizeFor(exchange: Exchange, identified: Identified, video: Video): Promise<Decision<Asker>> {
	exchange.told.video = video.record.id;
	const { claims } = identified.subject.subject;
	return judgeVideo(exchange, identified, video, () => rightOf(exchange, identified.account, video, claims));
}

/** The same for one of several videos; `findRight` finds the playback right that applies to it. */
export async function judgeVideo(
	exchange: Exchange,
	identified: Identified,
	video: Video,
	findRight: () => Promise<Decision<Right | null>>,
): Promise<Decision<Asker>> {
	const policy = judgePolicy(policyInput(exchange, identified, video));
	if (!policy.allowed) return policy;
	const right = await findRight();
	if (!right.allowed) return right;
	const { client } = identified;
	const { claims } = identified.subject.subject;
	const judged = judgeRightOf(exchange, right.value, claims, client);
	return judged.allowed ? judgeRevocation(exchange, identified, video) : judged;
}

/** For calls that are about the holder of the token and not about a video. */
export async function authorizeHolder(
	exchange: Exchange,
	accountId: string,
	audiences: readonly string[],
): Promise<Decision<Asker>> {
	const identified = await identifyHolder(exchange, accountId, audiences);
	return identified.allowed ? authorizeWithout(exchange, identified.value, judgeHolder) : identified;
}

/** For calls that are about several videos: what is judged once, before any of them. A token may be absent, as some rights allow. */
export async function authorizeCaller(
	exchange: Exchange,
	accountId: string,
	audiences: readonly string[],
): Promise<Decision<Identified>> {
	const holder = await identifyHolder(exchange, accountId, audiences);
	if (holder.allowed) return authorizeWithout(exchange, holder.value, judgeCaller);
	if (holder.refusal.reason !== "token-required") return holder;
	const account = await exchange.gate.catalog.account(accountId, exchange.nowMs);
	exchange.told.account = account;
	return identifyAnyone(exchange, account);
}

/** Policy and revocation where there is no video. */
function authorizeWithout(
	exchange: Exchange,
	identified: Identified,
	judge: typeof judgeHolder,
): Promise<Decision<Asker>> | Decision<Asker> {
	const video = { record: blankVideo(identified.account.id, ""), version: "" };
	const policy = judge(policyInput(exchange, identified, video));
	return policy.allowed ? judgeRevocation(exchange, identified, video) : policy;
}

function policyInput(exchange: Exchange, { account, subject, client }: Identified, video: Video): PolicyInput {
	return {
		nowSeconds: nowSecondsOf(exchange),
		userAgent: client.userAgent,
		account: account.id,
		settings: account.settings,
		claims: subject.subject.claims,
		highestTier: subject.subject.highestTier,
		video: video.record,
	};
}

const nowSecondsOf = (exchange: Exchange): number => Math.floor(exchange.nowMs / 1000);

async function judgeRevocation(exchange: Exchange, identified: Identified, video: Video): Promise<Decision<Asker>> {
	const { account } = identified;
	const { tokenId, keyId, claims } = identified.subject.subject;
	const { jti, uid, sid, iat: issuedAt } = claims;
	const facts = { tokenId, keyId, video: video.record.id, jti, uid, sid, issuedAt };
	const whenUnavailable = account.settings.when_counters_fail;
	const verdict = await exchange.gate.revocations.judge(account.id, facts, whenUnavailable, exchange.waitUntil);
	return verdict.allowed ? allow({ ...identified, video }) : verdict;
}
