import type { Account, Video } from "../catalog/catalog.ts";
import { type Decision, allow } from "../decision/decision.ts";
import { sha256 } from "../hash.ts";
import { staysRefused } from "../limits/admissions.ts";
import { askLimits, giveBack } from "../limits/client.ts";
import type { Admission, AdmitAnswer, AdmitRequest, SessionAsk } from "../limits/contract.ts";
import { askShards } from "../limits/leases/client.ts";
import { shardName, shardOf, shardsFor } from "../limits/leases/plan.ts";
import { type ClientFacts, guessedDeviceId } from "./client.ts";
import { withDeviceNames } from "./conflicts.ts";
import { sessionToEnd } from "./end-session.ts";
import type { Exchange } from "../exchange.ts";
import type { Claims } from "../token/claims.ts";
import type { GrantHome } from "./grant.ts";
import type { Subject, TimedSubject } from "./subject.ts";

/** What kind of request asks, as the limits count it (see `AdmitRequest`). */
export interface LimitAsk {
	/**
	 * `license`: a licence outside of a session's own grant. Players ask for it when they start and again when it is to be renewed, and
	 * nothing tells the two apart: so it starts a session like a `reload`, but each one is a use.
	 */
	readonly intent: AdmitRequest["intent"] | "license";
	readonly use: boolean;
	/** A live manifest, which is loaded again and again: one use as long as its session lives, or a use would be spent every few seconds. */
	readonly polled?: boolean;
	/** For the stream sessions API: a session of this name where the token names none, BLOCK_NEW where it says nothing, and a count. */
	readonly heartbeat?: { readonly sid: string };
}

/** With the session that the viewer named to be ended. */
interface NamingAsk extends LimitAsk {
	readonly endSession?: string;
}

export interface Asker {
	readonly account: Account;
	readonly video: Video;
	readonly subject: TimedSubject;
	readonly client: ClientFacts;
}

/** For so long an isolate does not ask again for a client that it let through uncounted: an object in trouble is left alone. */
const UNCOUNTED_SECONDS = 5;
const NOTHING_KEPT: Admission = { session: null, ended: [] };

/**
 * The last step of a decision, the only one that spends: at most one call to one object, and none for a token without limits or for a
 * client that this isolate remembers (design 4).
 */
export function judgeLimits(
	exchange: Exchange,
	asker: Asker,
	asked: LimitAsk,
): Decision<Admission> | Promise<Decision<Admission>> {
	const { subject } = asker.subject;
	const named = sessionToEnd(exchange, asker, asked);
	if (!named.allowed) return named;
	if (subject.limits === null) return allow(NOTHING_KEPT);
	const ask = { ...asked, use: asked.use && subject.limits.maxu !== undefined }; // nobody counts it otherwise
	if (!needsViewer(asker, ask)) return allow(NOTHING_KEPT);
	const memoryKey = remembered(asker, ask, subject.grant?.session ?? null);
	const known = exchange.gate.admissions.recall(memoryName(asker), memoryKey, exchange.nowMs);
	const answer = known ?? (ask.use ? recallSpent(exchange, asker, ask) : null);
	if (answer) {
		exchange.told.remembered = true;
		return answer;
	}
	const asking = named.value === null ? ask : { ...ask, endSession: named.value };
	return isTouch(exchange, asker, asking)
		? touchTogether(exchange, asker, asking, memoryKey)
		: askAndLearn(exchange, asker, asking, memoryKey);
}

/** Whether whoever asks the same next will be answered from what this request learns. */
function isTouch({ method }: Exchange, { account }: Asker, ask: LimitAsk): boolean {
	return ask.intent === "renew" && !ask.use && method !== "HEAD" && account.settings.touch_seconds > 0;
}

/** Players ask for several files at once: one of these requests hears for all that the session goes on. */
async function touchTogether(
	exchange: Exchange,
	asker: Asker,
	ask: LimitAsk,
	memoryKey: string,
): Promise<Decision<Admission>> {
	let isFirst = false;
	const touch = () => {
		isFirst = true;
		return askAndLearn(exchange, asker, ask, memoryKey);
	};
	const name = `${memoryName(asker)} ${memoryKey}`;
	const answer = await exchange.gate.touches.share(name, touch, exchange.waitUntil);
	if (!isFirst) exchange.told.remembered = true;
	return answer;
}

/** See `AdmitAnswer.final`. */
function recallSpent(exchange: Exchange, asker: Asker, ask: LimitAsk): AdmitAnswer | null {
	if (countingOf(asker, ask) !== "requests") return null;
	const { viewer, tokenId } = asker.subject.subject;
	return exchange.gate.admissions.recallSpent(viewer(), tokenId, exchange.nowMs);
}

async function askAndLearn(
	exchange: Exchange,
	asker: Asker,
	ask: NamingAsk,
	memoryKey: string,
): Promise<Decision<Admission>> {
	const { admissions } = exchange.gate;
	const answer = await askViewer(exchange, asker, ask);
	const { viewer, tokenId } = asker.subject.subject;
	if (answer.final) admissions.learnSpent(viewer(), tokenId, answer, rowsEndMs(asker));
	if (exchange.method === "HEAD") return answer;
	const { touch_seconds: touch, session_ttl_seconds: ttl, ip_counting: counting } = asker.account.settings;
	const uncounted = answer.allowed && answer.value.uncounted === true;
	if (uncounted) exchange.told.uncounted = true;
	// A session must be heard of before it lapses, and one that no object knows of as soon as there is an object.
	const rememberedMs = Math.min(touch, ttl / 2, uncounted ? UNCOUNTED_SECONDS : touch) * 1000;
	const span = [exchange.nowMs, exchange.nowMs + rememberedMs] as const;
	// A manifest may start the session again that a licence was refused for.
	if (staysRefused(answer, counting) && ask.intent !== "license")
		admissions.learn(memoryName(asker), memoryKey, answer, span);
	if (answer.allowed) learnRenewal(exchange, asker, answer.value, span);
	return answer;
}

/** A renewal has nothing to ask when nothing is counted by session, address or device. */
function needsViewer(asker: Asker, ask: LimitAsk): boolean {
	const { limits } = asker.subject.subject;
	if (ask.intent !== "renew" || ask.use || keepsSession(asker, ask)) return true;
	return limits?.maxip !== undefined || limits?.dlimit !== undefined;
}

/** Whatever was admitted, the requests that now follow under its grant are renewals of the same session. */
function learnRenewal(exchange: Exchange, asker: Asker, admission: Admission, span: readonly [number, number]): void {
	const { grant } = asker.subject.subject;
	// A grant goes on naming the start that it was given, also when its session has lapsed and started again since.
	const session = grant?.started ? grant.session : admission.session;
	const memoryKey = remembered(asker, { intent: "renew", use: false }, session);
	exchange.gate.admissions.learn(memoryName(asker), memoryKey, allow(admission), span);
}

/** Everything that an answer depends on. */
function remembered(asker: Asker, ask: LimitAsk, granted: Admission["session"]): string {
	const { client, video } = asker;
	const { tokenId } = asker.subject.subject;
	const asked = `${ask.intent} ${ask.use} ${ask.heartbeat?.sid ?? ""} ${tokenId} ${video.record.id}`;
	const session = granted ? `${granted.key} ${granted.startedAt}` : "";
	return `${asked}\n${session}\n${client.address} ${client.deviceId ?? ""}\n${client.userAgent}`;
}

const rowsEndMs = ({ account, subject }: Asker): number =>
	(subject.expiresAt + account.settings.clock_skew_seconds) * 1000;

async function askViewer(exchange: Exchange, asker: Asker, ask: NamingAsk): Promise<AdmitAnswer> {
	const { account, subject, client } = asker;
	const { claims, limits, tokenId } = subject.subject;
	const admit: AdmitRequest = {
		id: exchange.decisionId,
		intent: ask.intent === "license" ? "reload" : ask.intent,
		use: ask.use,
		counting: countingOf(asker, ask),
		dryRun: exchange.method === "HEAD",
		token: { id: tokenId, expiresAt: rowsEndMs(asker) },
		limits: ask.heartbeat ? { cbeh: "BLOCK_NEW", ...limits } : (limits ?? {}),
		client: {
			address: client.address,
			userAgent: client.userAgent.slice(0, 512),
			device: deviceOf(subject.subject, client),
		},
		session: keepsSession(asker, ask) ? sessionAsk(asker, ask) : null,
		...(ask.heartbeat ? { countAlive: true } : {}),
		...(limits?.dlimit === undefined ? {} : ownerOf(account, claims)),
		...fairness(asker, ask),
	};
	return withDeviceNames(await askObjects(exchange, asker, admit));
}

function askObjects(exchange: Exchange, asker: Asker, admit: AdmitRequest): Promise<AdmitAnswer> {
	const { limits: namespace, limitsCalls: calls } = exchange.gate;
	const root = asker.subject.subject.viewer();
	const shards = shardsOf(asker);
	const whenUnavailable = asker.account.settings.when_counters_fail;
	const onFault = faultLogger(exchange);
	if (shards === 0) return askLimits(calls.for(exchange.waitUntil), root, admit, whenUnavailable, onFault);
	return askShards({ namespace, root, shards }, admit, { whenUnavailable, onFault, behind: exchange.waitUntil });
}

/** Shards that the limits are spread over now; 0 for none. */
function shardsOf({ account, subject: { subject } }: Asker): number {
	return subject.limits === null ? 0 : shardsFor(subject.shards, subject.limits, account.settings.ip_counting);
}

const faultLogger =
	({ gate, decisionId }: Exchange) =>
	(fault: unknown): void =>
		gate.ports.log({ event: "fault", where: "limits", decision: decisionId, message: String(fault) });

/** Names of the objects that may have counted a request of this client, the likeliest first. */
export function countingObjects(asker: Asker): readonly [string, ...string[]] {
	const name = asker.subject.subject.viewer();
	const shards = shardsOf(asker);
	return shards === 0 ? [name] : [shardName(name, shardOf(asker.client.address, shards)), name];
}

/** Whom an isolate's memory is kept for: the viewer, and of a token that a whole audience has, the address. */
export function memoryName(asker: Asker): string {
	const name = asker.subject.subject.viewer();
	return shardsOf(asker) === 0 ? name : `${name} ${asker.client.address}`;
}

/** What the account's settings make of the limits for the viewer's sake; nothing of it is sent where it changes nothing. */
function fairness({ account, subject: { subject }, client }: Asker, { endSession }: NamingAsk): Partial<AdmitRequest> {
	const { limits, grant } = subject;
	const { ip_counting: ipCounting, conflicts } = account.settings;
	const home = limits?.maxip === undefined ? undefined : grant?.home;
	return {
		...(limits?.maxip !== undefined && ipCounting === "sessions" ? { ipCounting } : {}),
		...(home && home.userAgent === userAgentPrint(client) ? { grantedTo: home.address } : {}),
		...(limits?.climit !== undefined && conflicts === "list" ? { listConflicts: true as const } : {}),
		...(endSession === undefined ? {} : { endSession }),
	};
}

/** A token without `uid` registers devices for itself alone, and nobody could ask for their list. */
function ownerOf({ id }: Account, { uid }: Claims): Pick<AdmitRequest, "owner"> {
	return uid === undefined ? {} : { owner: { account: id, uid } };
}

/** Gives back the use of a request that was admitted and came to nothing. A use of a whole playback is kept: trying again costs none. */
export async function refundUse(exchange: Exchange, asker: Asker, ask: LimitAsk): Promise<void> {
	const { gate } = exchange;
	const { limits, tokenId } = asker.subject.subject;
	if (!ask.use || limits?.maxu === undefined || countingOf(asker, ask) !== "requests") return;
	gate.admissions.forgetViewer(memoryName(asker));
	const refund = { id: exchange.decisionId, token: tokenId };
	await giveBack(gate.limits, countingObjects(asker), refund, faultLogger(exchange));
}

/** What is asked for again and again by a player that plays on is one use as long as its session lives. */
function countingOf({ account }: Asker, ask: LimitAsk): AdmitRequest["counting"] {
	return ask.intent === "reload" || ask.polled === true ? "playbacks" : account.settings.use_counting;
}

/** A session is kept when something counts by it, or when the viewer has a name under which it can be listed and ended. */
function keepsSession(asker: Asker, ask: LimitAsk): boolean {
	const { claims, limits } = asker.subject.subject;
	if (limits?.climit !== undefined || claims.uid !== undefined || countsBySession(asker)) return true;
	return limits?.maxu !== undefined && countingOf(asker, ask) === "playbacks";
}

/** Isolates that serve the same viewer touch the session one after another: one of those that come close together will do. */
function noteAfterMs({ settings: { touch_seconds: touch, session_ttl_seconds: ttl } }: Account): number {
	return Math.min(touch / 4, ttl / 16) * 1000;
}

function sessionAsk({ account, video, client, subject: { subject } }: Asker, ask: LimitAsk): SessionAsk {
	const { id } = video.record;
	const named = subject.claims.sid ?? ask.heartbeat?.sid;
	const ownKey = named ?? `auto:${sha256(`${client.print()}\n${id}`)}`;
	const granted = subject.grant?.session;
	return {
		key: granted?.key ?? ownKey,
		ownKey,
		...(granted ? { startedAt: granted.startedAt } : {}),
		video: id,
		ttlSeconds: account.settings.session_ttl_seconds,
		noteAfterMs: noteAfterMs(account),
	};
}

const countsBySession = ({ account, subject: { subject } }: Asker): boolean =>
	subject.limits?.maxip !== undefined && account.settings.ip_counting === "sessions";

/**
 * What a grant keeps, so that its session's address of the other family needs no count of its own; null where nobody counts, or where the
 * session itself tells.
 */
export function homeOf(asker: Asker): GrantHome | null {
	const { client, subject } = asker;
	if (subject.subject.limits?.maxip === undefined || countsBySession(asker)) return null;
	return { address: client.address, userAgent: userAgentPrint(client) };
}

/** The id that the client gives; else that of the grant, as long as its player uses it; else a guess (design 4). */
export function deviceOf(subject: Subject, client: ClientFacts): string {
	if (client.deviceId !== null) return client.deviceId;
	const granted = subject.grant?.device;
	return granted && granted.userAgent === userAgentPrint(client) ? granted.id : guessedDeviceId(client);
}

export function userAgentPrint(client: ClientFacts): string {
	return sha256(client.userAgent).slice(0, 8);
}
