import { allow, refuse } from "../../../worker/decision/decision.ts";
import type { Conflict, Refusal } from "../../../worker/decision/refusals.ts";
import type { AdmitAnswer, AdmitRequest, Client, EndedBy, LiveSession } from "../../../worker/limits/contract.ts";

// What the limits of one viewer are, in the words of docs/claims.md: plain lists, all of them kept, the clock an argument. It has no
// disk, no batches, no restarts and no clean-up, for none of these may change a decision. Times are milliseconds.

/** All that has happened to one viewer, as far as a limit looks at it. */
export interface Model {
	/** One for each use that was counted. */
	readonly uses: readonly { readonly request: string; readonly token: string }[];
	/** Requests whose use was given back. */
	readonly refunds: readonly string[];
	/** Where tokens with `maxip` were used from, less what was left for another place (`ip_counting: "sessions"`). */
	readonly places: readonly Place[];
	/** Sessions that were ever played with a token whose addresses count by session. */
	readonly players: readonly { readonly token: string; readonly session: string }[];
	/** In the order of their registration. */
	readonly devices: readonly { readonly id: string; readonly userAgent: string; readonly createdAt: number }[];
	readonly sessions: readonly Session[];
}

/** What `maxip` counts: an address, and the one of the other family that a grant proved to be of the same playback. */
interface Place {
	readonly token: string;
	readonly address: string;
	readonly other: string | null;
}

interface Session {
	readonly key: string;
	/** The last one that was asked for. */
	readonly video: string;
	readonly device: string;
	readonly userAgent: string;
	readonly startedAt: number;
	/** Every address that it was used from since its start, in order. */
	readonly visits: readonly string[];
	readonly seenAt: number;
	readonly ttlMs: number;
	/** Who ended it; null unless it is ended now. */
	readonly endedBy: EndedBy | null;
	/** Its ends, also those before it was started afresh. */
	readonly ends: readonly { readonly by: EndedBy; readonly at: number }[];
	/** Tokens whose one use this playback is (`use_counting: "playbacks"`). */
	readonly usesOf: readonly string[];
	/** When the last of the tokens that it was played with ends. */
	readonly tokensEndAt: number;
}

export interface Outcome {
	readonly answer: AdmitAnswer;
	readonly model: Model;
}

/** A request may be this long on its way after its token has ended. */
const ON_ITS_WAY_MS = 60_000;

export const NOTHING: Model = { uses: [], refunds: [], places: [], players: [], devices: [], sessions: [] };

/** The first of these that refuses gives the reason. */
const LIMITS: readonly ((model: Model, request: AdmitRequest, now: number) => Refusal | null)[] = [
	wasEnded,
	tooManyAddresses,
	tooManyDevices,
	tooManySessions,
	tooManyUses,
];

export function admit(model: Model, request: AdmitRequest, now: number): Outcome {
	for (const limit of LIMITS) {
		const refusal = limit(model, request, now);
		if (refusal === null) continue;
		const answer = refuse(refusal);
		return { answer, model: limit === wasEnded && !request.dryRun ? heardOf(model, request, now) : model };
	}
	return admitted(model, request, now);
}

// maxip

function tooManyAddresses(model: Model, request: AdmitRequest, now: number): Refusal | null {
	const { limits, token } = request;
	if (limits.maxip === undefined) return null;
	const after = placesAfter(model, request, now);
	const grows = after.length > model.places.length;
	return grows && placesOf({ places: after }, token.id).length > limits.maxip
		? { reason: "ip-limit", limit: limits.maxip }
		: null;
}

/** Of one token. */
export function placesOf({ places }: Pick<Model, "places">, token: string): Place[] {
	return places.filter((place) => place.token === token);
}

const isOfPlace = (place: Place, address: string): boolean => place.address === address || place.other === address;

/** The places once the request is admitted: the one that its session leaves is gone, and its own address is of one of them. */
function placesAfter(model: Model, request: AdmitRequest, now: number): readonly Place[] {
	const { limits, token, client } = request;
	if (limits.maxip === undefined) return model.places;
	const left = placeLeft(model, request, now);
	const places = model.places.filter((place) => place !== left);
	if (placesOf({ places }, token.id).some((place) => isOfPlace(place, client.address))) return places;
	const home = left === null ? homeOf(model, request, now) : null;
	if (home === null) return [...places, { token: token.id, address: client.address, other: null }];
	return places.map((place) => (place === home ? { ...place, other: client.address } : place));
}

/** Counted by session: the place where the session of the grant was until now, if it is now elsewhere and no other session plays there. */
function placeLeft(model: Model, request: AdmitRequest, now: number): Place | null {
	const { ipCounting, token, client } = request;
	const session = ipCounting === "sessions" ? provenSession(model, request, now) : null;
	if (session === null || isAt(session, client.address)) return null;
	const before = lastVisit(session, isIpv6(client.address));
	const place = placesOf(model, token.id).find((each) => before !== undefined && isOfPlace(each, before));
	if (place === undefined) return null;
	const isThere = (other: Session) =>
		isPlayerOf(model, token.id, other) && [place.address, place.other ?? ""].some((address) => isAt(other, address));
	const others = aliveSessions(model, now).filter(({ key }) => key !== session.key);
	return others.some(isThere) ? null : place;
}

/** The place that the request's address is the other family of: of the session of its grant, else where its grant was given. */
function homeOf(model: Model, request: AdmitRequest, now: number): Place | null {
	const { token, client, grantedTo } = request;
	const session = provenSession(model, request, now);
	const proven = [session ? lastVisit(session, !isIpv6(client.address)) : undefined, grantedTo];
	const places = placesOf(model, token.id).filter((place) => place.other === null);
	const isOther = (address: string) => isIpv6(address) !== isIpv6(client.address);
	const homes = proven.flatMap((home) => places.find(({ address }) => address === home && isOther(address)) ?? []);
	return homes[0] ?? null;
}

/**
 * The session of the request's grant, if nobody ended it since and the client is its own: at its address, or the same program at one that it
 * has not left. One that has lapsed has left nothing; it counts for tokens that it was played with, where they count by session. (That
 * no more than 16 addresses are left in a row is more than the commands here can do: addresses.test.ts.)
 */
function provenSession(model: Model, request: AdmitRequest, now: number): Session | null {
	const { session: ask, client, token, ipCounting } = request;
	if (ask?.startedAt === undefined || keyOf(model, request, now) !== ask.key) return null;
	const session = model.sessions.find(({ key }) => key === ask.key);
	if (session === undefined || session.endedBy !== null || endAfter(session, ask.startedAt) !== null) return null;
	const isSameProgram = session.userAgent === client.userAgent;
	const isClients = isAlive(session, now)
		? isAt(session, client.address) || (isSameProgram && !session.visits.includes(client.address))
		: isSameProgram && ipCounting === "sessions" && isPlayerOf(model, token.id, session);
	return isClients ? session : null;
}

function isPlayerOf({ players }: Model, token: string, { key }: Session): boolean {
	return players.some((player) => player.token === token && player.session === key);
}

// dlimit

function tooManyDevices(model: Model, { limits, client }: AdmitRequest): Refusal | null {
	if (limits.dlimit === undefined || isRegistered(model, client)) return null;
	return model.devices.length < limits.dlimit ? null : { reason: "device-limit", limit: limits.dlimit };
}

const isRegistered = (model: Model, { device }: Client): boolean => model.devices.some(({ id }) => id === device);

// climit

const lapsesAt = (session: Session): number => session.seenAt + session.ttlMs;
const isAlive = (session: Session, now: number): boolean => session.endedBy === null && now < lapsesAt(session);
const hasLapsed = (session: Session, now: number): boolean => session.endedBy === null && now >= lapsesAt(session);
const isIpv6 = (address: string): boolean => address.includes(":");
/** Where a session is: at the last address that it was used from, one of each family. */
const lastVisit = ({ visits }: Session, ofIpv6: boolean) => visits.findLast((visit) => isIpv6(visit) === ofIpv6);
const isAt = (session: Session, address: string): boolean => lastVisit(session, isIpv6(address)) === address;

/** A session that has lapsed is as if it had never been; what was ended is remembered as long as a token lives that it was played with. */
const isKnown = (session: Session, now: number): boolean =>
	now < lapsesAt(session) || (session.ends.length > 0 && now < session.tokensEndAt + ON_ITS_WAY_MS);

function sessionNamed(model: Model, key: string, now: number): Session | null {
	return model.sessions.find((session) => session.key === key && isKnown(session, now)) ?? null;
}

/** Alive sessions, oldest first; of those that began in the same millisecond in the order of their names. */
export function aliveSessions(model: Model, now: number): Session[] {
	return model.sessions
		.filter((session) => isAlive(session, now))
		.toSorted((left, right) => left.startedAt - right.startedAt || (left.key < right.key ? -1 : 1));
}

/** Which session a request belongs to; null when none is kept. */
function keyOf(model: Model, { session: ask, client }: AdmitRequest, now: number): string | null {
	if (ask === null) return null;
	const granted = sessionNamed(model, ask.key, now);
	const own = sessionNamed(model, ask.ownKey, now);
	if (granted === null || hasLapsed(granted, now)) return own && isAlive(own, now) ? ask.ownKey : ask.key;
	if (isAt(granted, client.address)) return ask.key;
	const mayHaveMovedHere = granted.userAgent === client.userAgent && !granted.visits.includes(client.address);
	return mayHaveMovedHere ? ask.key : ask.ownKey;
}

function sessionOf(model: Model, request: AdmitRequest, now: number): Session | null {
	const key = keyOf(model, request, now);
	return key === null ? null : sessionNamed(model, key, now);
}

/** The session that the request would go on with. */
function goesOnWith(model: Model, request: AdmitRequest, now: number): Session | null {
	const session = sessionOf(model, request, now);
	return session && isAlive(session, now) ? session : null;
}

/** A session that was ended is refused: under a grant from before, for good; loaded with the token again and again, until it is silent. */
function wasEnded(model: Model, request: AdmitRequest, now: number): Refusal | null {
	const ask = request.session;
	if (ask === null || request.intent === "start") return null;
	const session = sessionOf(model, request, now);
	if (request.intent === "reload") {
		const silent = session === null || now >= session.seenAt + ask.ttlSeconds * 1000;
		return session === null || silent || session.endedBy === null
			? null
			: endedBy(model, request, session.endedBy, now);
	}
	const end = endAfter(session, ask.startedAt);
	if (end) return endedBy(model, request, end, now);
	if (goesOnWith(model, request, now)) return null;
	const grantsEnd = endAfter(sessionNamed(model, ask.key, now), ask.startedAt); // an ended grant starts no other session either
	return grantsEnd && endedBy(model, request, grantsEnd, now);
}

/** The last end of a session, if it was not before the grant. */
function endAfter(session: Session | null, grantStartedAt: number | undefined): EndedBy | null {
	const last = session?.ends.at(-1);
	if (last === undefined) return null;
	return grantStartedAt === undefined || last.at >= grantStartedAt ? last.by : null;
}

function endedBy(model: Model, request: AdmitRequest, by: EndedBy, now: number): Refusal {
	return by === "limit"
		? { reason: "stream-limit-renew", ...conflictsIn(model, request, now) }
		: { reason: "session-ended", by };
}

/** What plays, newest first, where the account has it listed. */
function conflictsIn(model: Model, { listConflicts }: AdmitRequest, now: number): { conflicts?: readonly Conflict[] } {
	if (listConflicts !== true) return {};
	const conflicts = aliveSessions(model, now)
		.toReversed()
		.map(({ key, device, userAgent, video, startedAt }) => {
			return { session: key, device, deviceName: null, userAgent, video, startedAt };
		});
	return { conflicts: conflicts.slice(0, 20) };
}

function tooManySessions(model: Model, request: AdmitRequest, now: number): Refusal | null {
	const { climit, cbeh } = request.limits;
	if (request.session === null || climit === undefined || goesOnWith(model, request, now)) return null;
	const alive = aliveSessions(model, now);
	const staying = alive.filter(({ key }) => key !== namedBy(model, request, now)?.key);
	if (staying.length < climit || cbeh === undefined) return null;
	if (cbeh === "BLOCK_NEW_USER" && alive.some((session) => isOfSameUser(session, request.client))) return null;
	return { reason: "stream-limit-create", limit: climit, active: alive.length, ...conflictsIn(model, request, now) };
}

const isOfSameUser = (session: Session, { device, address }: Client): boolean =>
	session.device === device && isAt(session, address);

/** The session that the viewer wants to end for one that starts. */
function namedBy(model: Model, request: AdmitRequest, now: number): Session | null {
	if (request.session === null || goesOnWith(model, request, now)) return null;
	return aliveSessions(model, now).find(({ key }) => key === request.endSession) ?? null;
}

/** Without `cbeh`, the oldest make room for one that starts. */
function displacedBy(model: Model, request: AdmitRequest, now: number): Session[] {
	const { climit, cbeh } = request.limits;
	if (request.session === null || climit === undefined || cbeh !== undefined) return [];
	if (goesOnWith(model, request, now)) return [];
	const staying = aliveSessions(model, now).filter(({ key }) => key !== namedBy(model, request, now)?.key);
	return staying.slice(0, Math.max(0, staying.length + 1 - climit));
}

// maxu

function tooManyUses(model: Model, request: AdmitRequest, now: number): Refusal | null {
	const { maxu } = request.limits;
	if (maxu === undefined || !isUse(model, request, now)) return null;
	return usesOf(model, request.token.id) < maxu ? null : { reason: "use-limit", limit: maxu };
}

/** A request that is retried is the same use, also when that was given back: nothing else comes of it. */
function isUse(model: Model, request: AdmitRequest, now: number): boolean {
	if (!request.use || request.limits.maxu === undefined) return false;
	if (model.uses.some((use) => use.request === request.id)) return false;
	const playback = request.counting === "playbacks" ? goesOnWith(model, request, now) : null;
	return playback === null || !playback.usesOf.includes(request.token.id);
}

export function usesOf(model: Model, token: string): number {
	return model.uses.filter((use) => use.token === token && !model.refunds.includes(use.request)).length;
}

// What an admitted request does

function admitted(model: Model, request: AdmitRequest, now: number): Outcome {
	const { limits, token, client, session: ask, ipCounting } = request;
	const displaced = displacedBy(model, request, now).map(({ key }) => key);
	const named = namedBy(model, request, now);
	const places = placesAfter(model, request, now);
	const use = isUse(model, request, now);
	const played = ask === null ? null : playedBy(model, request, use, now);
	const after: Model = {
		...model,
		uses: use ? [...model.uses, { request: request.id, token: token.id }] : model.uses,
		places,
		players:
			played && limits.maxip !== undefined && ipCounting === "sessions" && !isPlayerOf(model, token.id, played)
				? [...model.players, { token: token.id, session: played.key }]
				: model.players,
		devices:
			limits.dlimit === undefined || isRegistered(model, client)
				? model.devices
				: [...model.devices, { id: client.device, userAgent: client.userAgent, createdAt: now }],
		sessions: played
			? withSession(
					displaced.reduce(
						(sessions, key) => ended(sessions, key, "limit", now),
						named ? ended(model.sessions, named.key, "viewer", now) : model.sessions,
					),
					played,
				)
			: model.sessions,
	};
	const alive = aliveSessions(request.dryRun ? model : after, now).length;
	const answer = allow({
		session: played && { key: played.key, startedAt: played.startedAt },
		ended: named ? [...displaced, named.key] : displaced,
		...(model.places.every((place) => places.includes(place)) ? {} : { relocated: true }),
		...(request.countAlive === true ? { alive } : {}),
	});
	return { answer, model: request.dryRun ? model : after };
}

const withSession = (sessions: readonly Session[], session: Session): Session[] => [
	...sessions.filter(({ key }) => key !== session.key),
	session,
];

/** The session as it is after the request. */
function playedBy(model: Model, request: AdmitRequest, use: boolean, now: number): Session {
	const { session: ask, client, token } = request;
	if (ask === null) throw new Error("no session is kept");
	const before = sessionOf(model, request, now);
	const goesOn = before !== null && isAlive(before, now);
	const ends = before?.ends ?? [];
	const counted = use && request.counting === "playbacks" ? [token.id] : [];
	const since = goesOn
		? before
		: {
				key: keyOf(model, request, now) ?? ask.key,
				device: client.device,
				userAgent: client.userAgent,
				startedAt: Math.max(now, (ends.at(-1)?.at ?? -1) + 1), // grants from before an end and after it differ
				visits: [],
				usesOf: [],
			};
	return {
		...since,
		video: ask.video,
		ends,
		endedBy: null,
		visits: [...since.visits, client.address],
		usesOf: [...since.usesOf, ...counted],
		seenAt: goesOn && now - before.seenAt < (ask.noteAfterMs ?? 0) ? before.seenAt : now,
		ttlMs: ask.ttlSeconds * 1000,
		tokensEndAt: Math.max(before?.tokensEndAt ?? 0, token.expiresAt),
	};
}

/** A player that is refused and goes on loading is not silent. */
function heardOf(model: Model, request: AdmitRequest, now: number): Model {
	const session = sessionOf(model, request, now);
	if (session === null || request.intent !== "reload") return model;
	return { ...model, sessions: withSession(model.sessions, { ...session, seenAt: now }) };
}

// What happens besides requests

/** `key` is null for all. Answers the keys of those that were alive. */
export function endSessions(model: Model, key: string | null, by: EndedBy, now: number): [string[], Model] {
	const keys = aliveSessions(model, now)
		.map((session) => session.key)
		.filter((each) => key === null || each === key);
	return [keys, { ...model, sessions: keys.reduce((all, each) => ended(all, each, by, now), model.sessions) }];
}

function ended(sessions: readonly Session[], key: string, by: EndedBy, now: number): readonly Session[] {
	return sessions.map((session) =>
		session.key === key
			? { ...session, endedBy: by, ends: [...session.ends, { by, at: Math.max(now, session.startedAt) }] }
			: session,
	);
}

/** `id` is null for all. Answers how many there were. */
export function removeDevices(model: Model, id: string | null): [number, Model] {
	const devices = model.devices.filter((device) => id !== null && device.id !== id);
	return [model.devices.length - devices.length, { ...model, devices }];
}

export function refund(model: Model, request: string): Model {
	const spent = model.uses.some((use) => use.request === request);
	return spent ? { ...model, refunds: [...model.refunds, request] } : model;
}

/** The sessions alive and ended, newest first. */
export function listSessions(model: Model, now: number): LiveSession[] {
	return model.sessions
		.filter((session) => isKnown(session, now) && !hasLapsed(session, now))
		.toSorted((left, right) => right.startedAt - left.startedAt || (left.key < right.key ? -1 : 1))
		.map(({ key, video, visits, device, userAgent, startedAt, seenAt, endedBy: by }) => {
			const address = visits.findLast((visit) => !isIpv6(visit)) ?? visits.at(-1) ?? "";
			return { key, video, address, device, userAgent, startedAt, seenAt, endedBy: by };
		});
}
