import { allow, refuse } from "../../../worker/decision/decision.ts";
import type { Refusal } from "../../../worker/decision/refusals.ts";
import type { AdmitAnswer, AdmitRequest, Client, EndedBy, LiveSession } from "../../../worker/limits/contract.ts";

// What the limits of one viewer are, in the words of docs/claims.md: plain lists, all of them kept, the clock an argument. It has no
// disk, no batches, no restarts and no clean-up, for none of these may change a decision. Times are milliseconds.

/** All that has happened to one viewer, as far as a limit looks at it. */
export interface Model {
	/** One for each use that was counted. */
	readonly uses: readonly { readonly request: string; readonly token: string }[];
	/** Requests whose use was given back. */
	readonly refunds: readonly string[];
	/** Where tokens with `maxip` were used from. */
	readonly visits: readonly { readonly token: string; readonly address: string }[];
	/** In the order of their registration. */
	readonly devices: readonly { readonly id: string; readonly userAgent: string; readonly createdAt: number }[];
	readonly sessions: readonly Session[];
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

export const NOTHING: Model = { uses: [], refunds: [], visits: [], devices: [], sessions: [] };

/** The first of these that refuses gives the reason. */
const LIMITS: readonly ((model: Model, request: AdmitRequest, now: number) => Refusal | null)[] = [
	wasEnded,
	tooManyAddresses,
	tooManyDevices,
	tooManySessions,
	tooManyUses,
];

export function admit(before: Model, request: AdmitRequest, now: number): Outcome {
	const model = withoutForgotten(before, now);
	for (const limit of LIMITS) {
		const refusal = limit(model, request, now);
		if (refusal === null) continue;
		const answer = refuse(refusal);
		return { answer, model: limit === wasEnded && !request.dryRun ? heardOf(model, request, now) : model };
	}
	return admitted(model, request, now);
}

// maxip

function tooManyAddresses(model: Model, { limits, token, client }: AdmitRequest): Refusal | null {
	if (limits.maxip === undefined) return null;
	const known = addressesOf(model, token.id);
	if (known.includes(client.address) || known.length < limits.maxip) return null;
	return { reason: "ip-limit", limit: limits.maxip };
}

/** The distinct addresses that a token was used from. */
export function addressesOf(model: Model, token: string): string[] {
	return [...new Set(model.visits.filter((visit) => visit.token === token).map(({ address }) => address))];
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
const isAt = ({ visits }: Session, address: string): boolean =>
	visits.findLast((visit) => isIpv6(visit) === isIpv6(address)) === address;

function sessionNamed(model: Model, key: string): Session | null {
	return model.sessions.find((session) => session.key === key) ?? null;
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
	const granted = sessionNamed(model, ask.key);
	const own = sessionNamed(model, ask.ownKey);
	if (granted === null || hasLapsed(granted, now)) return own && isAlive(own, now) ? ask.ownKey : ask.key;
	if (isAt(granted, client.address)) return ask.key;
	const mayHaveMovedHere = granted.userAgent === client.userAgent && !granted.visits.includes(client.address);
	return mayHaveMovedHere ? ask.key : ask.ownKey;
}

function sessionOf(model: Model, request: AdmitRequest, now: number): Session | null {
	const key = keyOf(model, request, now);
	return key === null ? null : sessionNamed(model, key);
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
		return session === null || silent || session.endedBy === null ? null : endedBy(session.endedBy);
	}
	const end = endAfter(session, ask.startedAt);
	if (end) return endedBy(end);
	if (goesOnWith(model, request, now)) return null;
	const grantsEnd = endAfter(sessionNamed(model, ask.key), ask.startedAt); // an ended grant starts no other session either
	return grantsEnd && endedBy(grantsEnd);
}

/** The last end of a session, if it was not before the grant. */
function endAfter(session: Session | null, grantStartedAt: number | undefined): EndedBy | null {
	const last = session?.ends.at(-1);
	if (last === undefined) return null;
	return grantStartedAt === undefined || last.at >= grantStartedAt ? last.by : null;
}

function endedBy(by: EndedBy): Refusal {
	return by === "limit" ? { reason: "stream-limit-renew" } : { reason: "session-ended", by };
}

function tooManySessions(model: Model, request: AdmitRequest, now: number): Refusal | null {
	const { climit, cbeh } = request.limits;
	if (request.session === null || climit === undefined || goesOnWith(model, request, now)) return null;
	const alive = aliveSessions(model, now);
	if (alive.length < climit || cbeh === undefined) return null;
	if (cbeh === "BLOCK_NEW_USER" && alive.some((session) => isOfSameUser(session, request.client))) return null;
	return { reason: "stream-limit-create", limit: climit, active: alive.length };
}

const isOfSameUser = (session: Session, { device, address }: Client): boolean =>
	session.device === device && isAt(session, address);

/** Without `cbeh`, the oldest make room for one that starts. */
function displacedBy(model: Model, request: AdmitRequest, now: number): Session[] {
	const { climit, cbeh } = request.limits;
	if (request.session === null || climit === undefined || cbeh !== undefined) return [];
	if (goesOnWith(model, request, now)) return [];
	const alive = aliveSessions(model, now);
	return alive.slice(0, Math.max(0, alive.length + 1 - climit));
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
	const { limits, token, client, session: ask } = request;
	const displaced = displacedBy(model, request, now).map(({ key }) => key);
	const use = isUse(model, request, now);
	const played = ask === null ? null : playedBy(model, request, use, now);
	const after: Model = {
		...model,
		uses: use ? [...model.uses, { request: request.id, token: token.id }] : model.uses,
		visits: limits.maxip === undefined ? model.visits : [...model.visits, { token: token.id, address: client.address }],
		devices:
			limits.dlimit === undefined || isRegistered(model, client)
				? model.devices
				: [...model.devices, { id: client.device, userAgent: client.userAgent, createdAt: now }],
		sessions: played
			? withSession(
					displaced.reduce((sessions, key) => ended(sessions, key, "limit", now), model.sessions),
					played,
				)
			: model.sessions,
	};
	const alive = aliveSessions(request.dryRun ? model : after, now).length;
	const answer = allow({
		session: played && { key: played.key, startedAt: played.startedAt },
		ended: displaced,
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
export function endSessions(before: Model, key: string | null, by: EndedBy, now: number): [string[], Model] {
	const model = withoutForgotten(before, now);
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

/** A session that has lapsed is as if it had never been; what was ended is remembered as long as a token lives that it was played with. */
function withoutForgotten(model: Model, now: number): Model {
	const sessions = model.sessions.filter(
		(session) => now < lapsesAt(session) || (session.ends.length > 0 && now < session.tokensEndAt + ON_ITS_WAY_MS),
	);
	return { ...model, sessions };
}

/** The sessions alive and ended, newest first. */
export function listSessions(before: Model, now: number): LiveSession[] {
	return withoutForgotten(before, now)
		.sessions.filter((session) => !hasLapsed(session, now))
		.toSorted((left, right) => right.startedAt - left.startedAt || (left.key < right.key ? -1 : 1))
		.map(({ key, video, visits, device, userAgent, startedAt, seenAt, endedBy: by }) => {
			const address = visits.findLast((visit) => !isIpv6(visit)) ?? visits.at(-1) ?? "";
			return { key, video, address, device, userAgent, startedAt, seenAt, endedBy: by };
		});
}
