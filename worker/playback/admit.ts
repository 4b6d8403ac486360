import type { Account, Video } from "../catalog/catalog.ts";
import { type Decision, allow } from "../decision/decision.ts";
import { sha256 } from "../hash.ts";
import { staysRefused } from "../limits/admissions.ts";
import { askLimits, giveBack } from "../limits/client.ts";
import type { Admission, AdmitRequest, SessionAsk } from "../limits/contract.ts";
import { type ClientFacts, guessedDeviceId } from "./client.ts";
import type { Exchange } from "../exchange.ts";
import type { Claims } from "../token/claims.ts";
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
	/** How its uses are counted, where the account's setting does not say it. */
	readonly counting?: AdmitRequest["counting"];
	/** Name of its session where the token names none and the request's facts are not those of a player. */
	readonly ownKey?: string;
}

export interface Asker {
	readonly account: Account;
	readonly video: Video;
	readonly subject: TimedSubject;
	readonly client: ClientFacts;
}

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
	if (subject.limits === null) return allow(NOTHING_KEPT);
	const ask = { ...asked, use: asked.use && subject.limits.maxu !== undefined }; // nobody counts it otherwise
	if (!needsViewer(asker, ask)) return allow(NOTHING_KEPT);
	const memoryKey = remembered(asker, ask, subject.grant?.session ?? null);
	const known = exchange.gate.admissions.recall(subject.viewer(), memoryKey, exchange.nowMs);
	if (known) {
		exchange.told.remembered = true;
		return known;
	}
	return askAndLearn(exchange, asker, ask, memoryKey);
}

async function askAndLearn(
	exchange: Exchange,
	asker: Asker,
	ask: LimitAsk,
	memoryKey: string,
): Promise<Decision<Admission>> {
	const { admissions } = exchange.gate;
	const { subject } = asker.subject;
	const answer = await askViewer(exchange, asker, ask);
	if (exchange.method === "HEAD") return answer;
	const { touch_seconds: touch, session_ttl_seconds: ttl } = asker.account.settings;
	const untilMs = exchange.nowMs + Math.min(touch, ttl / 2) * 1000; // a session must be heard of before it lapses
	// A manifest may start the session again that a licence was refused for.
	if (staysRefused(answer) && ask.intent !== "license") admissions.learn(subject.viewer(), memoryKey, answer, untilMs);
	if (answer.allowed) learnRenewal(exchange, asker, answer.value, untilMs);
	return answer;
}

/** A renewal has nothing to ask when nothing is counted by session, address or device. */
function needsViewer(asker: Asker, ask: LimitAsk): boolean {
	const { limits } = asker.subject.subject;
	if (ask.intent !== "renew" || ask.use || keepsSession(asker, ask)) return true;
	return limits?.maxip !== undefined || limits?.dlimit !== undefined;
}

/** Whatever was admitted, the requests that now follow under its grant are renewals of the same session. */
function learnRenewal(exchange: Exchange, asker: Asker, admission: Admission, untilMs: number): void {
	const { viewer, grant } = asker.subject.subject;
	// A grant goes on naming the start that it was given, also when its session has lapsed and started again since.
	const session = grant?.started ? grant.session : admission.session;
	const memoryKey = remembered(asker, { intent: "renew", use: false }, session);
	exchange.gate.admissions.learn(viewer(), memoryKey, allow(admission), untilMs);
}

/** Everything that an answer depends on. */
function remembered(asker: Asker, ask: LimitAsk, granted: Admission["session"]): string {
	const { client, video } = asker;
	const { tokenId } = asker.subject.subject;
	const asked = `${ask.intent} ${ask.use} ${ask.heartbeat?.sid ?? ""} ${tokenId} ${video.record.id}`;
	const session = granted ? `${granted.key} ${granted.startedAt}` : "";
	return `${asked}\n${session}\n${client.address} ${client.deviceId ?? ""}\n${client.userAgent}`;
}

function askViewer(exchange: Exchange, asker: Asker, ask: LimitAsk): Promise<Decision<Admission>> {
	const { gate } = exchange;
	const admit = admitRequest(exchange, asker, ask);
	const viewer = asker.subject.subject.viewer();
	return askLimits(gate.limits, viewer, admit, asker.account.settings.when_counters_fail, (fault) =>
		gate.ports.log({ event: "fault", where: "limits", decision: exchange.decisionId, message: String(fault) }),
	);
}

/** What the viewer's object is asked. */
export function admitRequest(exchange: Exchange, asker: Asker, ask: LimitAsk): AdmitRequest {
	const { account, subject, client } = asker;
	const { claims, limits, tokenId } = subject.subject;
	const rowsEndMs = (subject.expiresAt + account.settings.clock_skew_seconds) * 1000;
	return {
		id: exchange.decisionId,
		intent: ask.intent === "license" ? "reload" : ask.intent,
		use: ask.use,
		counting: countingOf(asker, ask),
		dryRun: exchange.method === "HEAD",
		token: { id: tokenId, expiresAt: rowsEndMs },
		limits: ask.heartbeat ? { cbeh: "BLOCK_NEW", ...limits } : (limits ?? {}),
		client: {
			address: client.address,
			userAgent: client.userAgent.slice(0, 512),
			device: deviceOf(subject.subject, client),
		},
		session: keepsSession(asker, ask) ? sessionAsk(asker, ask) : null,
		...(ask.heartbeat ? { countAlive: true } : {}),
		...(limits?.dlimit === undefined ? {} : ownerOf(account, claims)),
	};
}

/** A token without `uid` registers devices for itself alone, and nobody could ask for their list. */
function ownerOf({ id }: Account, { uid }: Claims): Pick<AdmitRequest, "owner"> {
	return uid === undefined ? {} : { owner: { account: id, uid } };
}

/** Gives back the use of a request that was admitted and came to nothing. A use of a whole playback is kept: trying again costs none. */
export async function refundUse(exchange: Exchange, asker: Asker, ask: LimitAsk): Promise<void> {
	const { gate } = exchange;
	const { limits, tokenId, viewer } = asker.subject.subject;
	if (!ask.use || limits?.maxu === undefined || countingOf(asker, ask) !== "requests") return;
	gate.admissions.forgetViewer(viewer());
	await giveBack(gate.limits, viewer(), { id: exchange.decisionId, token: tokenId }, (fault) =>
		gate.ports.log({ event: "fault", where: "limits", decision: exchange.decisionId, message: String(fault) }),
	);
}

/** What is asked for again and again by a player that plays on is one use as long as its session lives. */
function countingOf({ account }: Asker, ask: LimitAsk): AdmitRequest["counting"] {
	if (ask.counting !== undefined) return ask.counting;
	return ask.intent === "reload" || ask.polled === true ? "playbacks" : account.settings.use_counting;
}

/** A session is kept when something counts by it, or when the viewer has a name under which it can be listed and ended. */
function keepsSession(asker: Asker, ask: LimitAsk): boolean {
	const { claims, limits } = asker.subject.subject;
	if (limits?.climit !== undefined || claims.uid !== undefined) return true;
	return limits?.maxu !== undefined && countingOf(asker, ask) === "playbacks";
}

function sessionAsk({ account, video, client, subject: { subject } }: Asker, ask: LimitAsk): SessionAsk {
	const { id } = video.record;
	const named = subject.claims.sid ?? ask.heartbeat?.sid ?? ask.ownKey;
	const ownKey = named ?? `auto:${sha256(`${client.userAgent}\n${client.address}\n${id}`)}`;
	const granted = subject.grant?.session;
	return {
		key: granted?.key ?? ownKey,
		ownKey,
		...(granted ? { startedAt: granted.startedAt } : {}),
		video: id,
		ttlSeconds: account.settings.session_ttl_seconds,
	};
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
