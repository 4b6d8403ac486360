import type { Account, Video } from "../catalog/catalog.ts";
import type { Exchange } from "../exchange.ts";
import { sha256 } from "../hash.ts";
import type { AdmitRequest, SessionAsk } from "../limits/contract.ts";
import type { Claims } from "../token/claims.ts";
import { type ClientFacts, guessedDeviceId } from "./client.ts";
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
	/** How its uses are counted, where the account's setting does not say it. */
	readonly counting?: AdmitRequest["counting"];
	/** Names a question that several isolates may be asked at once: together they spend one use. */
	readonly question?: string;
	/** Name of its session where the token names none and the request's facts are not those of a player. */
	readonly ownKey?: string;
}

/** With the session that the viewer named to be ended. */
export interface NamingAsk extends LimitAsk {
	readonly endSession?: string;
}

export interface Asker {
	readonly account: Account;
	readonly video: Video;
	readonly subject: TimedSubject;
	readonly client: ClientFacts;
}

/** When the token's rows may be forgotten. */
export const rowsEndMs = ({ account, subject }: Asker): number =>
	(subject.expiresAt + account.settings.clock_skew_seconds) * 1000;

/** By which the object knows a request again. */
export const requestId = ({ decisionId }: Exchange, { question = decisionId }: LimitAsk): string => question;

/** What the viewer's object is asked. */
export function admitRequest(exchange: Exchange, asker: Asker, ask: NamingAsk): AdmitRequest {
	const { account, subject, client } = asker;
	const { claims, limits, tokenId } = subject.subject;
	return {
		id: requestId(exchange, ask),
		...(ask.question === undefined ? {} : { shared: true as const }),
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

/** What is asked for again and again by a player that plays on is one use as long as its session lives. */
export function countingOf({ account }: Asker, ask: LimitAsk): AdmitRequest["counting"] {
	if (ask.counting !== undefined) return ask.counting;
	return ask.intent === "reload" || ask.polled === true ? "playbacks" : account.settings.use_counting;
}

/** A session is kept when something counts by it, or when the viewer has a name under which it can be listed and ended. */
export function keepsSession(asker: Asker, ask: LimitAsk): boolean {
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
	const named = subject.claims.sid ?? ask.heartbeat?.sid ?? ask.ownKey;
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
