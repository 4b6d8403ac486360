import { type Decision, allow, refuse } from "../decision/decision.ts";
import type { Admission, AdmitAnswer, AdmitRequest, Client, EndedBy, SessionAsk } from "./contract.ts";
import { knownSession } from "./forgetting.ts";
import type { SessionRow, ViewerState } from "./state.ts";

/** What admitting the request would write about sessions. */
interface SessionPlan {
	readonly row: SessionRow;
	readonly renewed: boolean;
	readonly displaced: readonly SessionRow[];
}

/**
 * Judges all limits of a request together (design 4). Everything is read before anything is written, so a refused request
 * spends nothing. Synchronous: the caller makes it, with others, one transaction.
 */
export function decide(state: ViewerState, request: AdmitRequest, now: number): AdmitAnswer {
	const barred = judgeBarred(state, request, now);
	if (!barred.allowed) return barred;
	const { limits, token, client } = request;
	const newAddress = limits.maxip !== undefined && !state.knowsAddress(token.id, client.address);
	if (newAddress && state.addressesOf(token.id) >= limits.maxip)
		return refuse({ reason: "ip-limit", limit: limits.maxip });
	const newDevice = limits.dlimit !== undefined && !state.knowsDevice(client.device);
	if (newDevice && state.deviceCount() >= limits.dlimit)
		return refuse({ reason: "device-limit", limit: limits.dlimit });
	const plan = planSession(state, request, now);
	if (!plan.allowed) return plan;
	const use = usesOne(state, request, plan.value, now);
	if (use && limits.maxu !== undefined && state.usesOf(token.id) >= limits.maxu) {
		return refuse({ reason: "use-limit", limit: limits.maxu });
	}
	if (!request.dryRun) {
		if (newAddress) state.addAddress(token, client.address);
		if (newDevice) state.addDevice(client, request.owner, now);
		if (plan.value) writeSession(state, plan.value);
		if (use) writeUse(state, request, plan.value, now);
	}
	const admission = admissionOf(plan.value);
	return allow(request.countAlive === true ? { ...admission, alive: state.aliveSessions(now).length } : admission);
}

/** A session that was ended stays ended for the grants that were issued before its end, and they start no other session either. */
function judgeBarred(state: ViewerState, request: AdmitRequest, now: number): Decision {
	const ask = request.session;
	if (!ask || request.intent === "start") return allow();
	const row = knownSession(state, sessionKey(state, ask, request.client, now), now);
	if (request.intent === "reload") return judgeReload(state, row, request, now);
	const goesOn = row !== null && isAlive(row, now);
	const by = barredBy(row, ask) ?? (goesOn ? null : barredBy(knownSession(state, ask.key, now), ask));
	return by === null ? allow() : refuse(endedRefusal(by));
}

function judgeReload(state: ViewerState, row: SessionRow | null, request: AdmitRequest, now: number): Decision {
	const silentAfterMs = (request.session?.ttlSeconds ?? 0) * 1000;
	if (!row || row.endedBy === null || now >= row.seenAt + silentAfterMs) return allow();
	if (!request.dryRun) state.putSession({ ...row, seenAt: now }); // still there: not yet a fresh start
	return refuse(endedRefusal(row.endedBy));
}

/** Who ended the session; null when nobody did, or when the grant is from after that. */
function barredBy(row: SessionRow | null, { startedAt }: SessionAsk): EndedBy | null {
	if (row === null || row.barredAt === null) return null;
	return startedAt !== undefined && startedAt > row.barredAt ? null : row.barredBy;
}

function endedRefusal(by: EndedBy) {
	return by === "limit" ? ({ reason: "stream-limit-renew" } as const) : ({ reason: "session-ended", by } as const);
}

/**
 * A grant proves its session wherever it is used, or one grant shared by many would be one viewer: it may move to a new address (a phone
 * that changes networks) and may use an IPv4 and an IPv6 address at once; but a client with another address and User-Agent, or
 * at an address that the session has left, is a session of its own. One that has lapsed starts again wherever its grant is used, unless
 * the client plays as a session of its own.
 */
function sessionKey(state: ViewerState, ask: SessionAsk, client: Client, now: number): string {
	if (ask.key === ask.ownKey) return ask.key;
	const row = knownSession(state, ask.key, now);
	if (!row || (row.endedBy === null && !isAlive(row, now))) {
		const own = state.session(ask.ownKey);
		return own && isAlive(own, now) ? ask.ownKey : ask.key;
	}
	if (currentAddress(row, client.address) === client.address) return ask.key;
	const moved = row.userAgent === client.userAgent && !row.left.split(" ").includes(client.address);
	return moved ? ask.key : ask.ownKey;
}

const isIpv6 = (address: string): boolean => address.includes(":");
const currentAddress = (row: SessionRow, like: string): string | null => (isIpv6(like) ? row.ipv6 : row.ipv4);
const isAlive = (row: SessionRow, now: number): boolean =>
	row.endedBy === null && row.seenAt + row.ttlSeconds * 1000 > now;

function planSession(state: ViewerState, request: AdmitRequest, now: number): Decision<SessionPlan | null> {
	const ask = request.session;
	if (!ask) return allow(null);
	const key = sessionKey(state, ask, request.client, now);
	const row = knownSession(state, key, now);
	if (row && isAlive(row, now)) return allow({ row: renewed(row, request, ask, now), renewed: true, displaced: [] });
	const displaced = makeRoom(state, request, now);
	if (!displaced.allowed) return displaced;
	return allow({ row: started(key, row, request, ask, now), renewed: false, displaced: displaced.value });
}

/** The sessions that have to end so that one more may start. */
function makeRoom(state: ViewerState, { limits, client }: AdmitRequest, now: number): Decision<readonly SessionRow[]> {
	const { climit, cbeh } = limits;
	if (climit === undefined) return allow([]);
	const alive = state.aliveSessions(now);
	if (alive.length < climit) return allow([]);
	if (cbeh === undefined) return allow(alive.slice(0, alive.length - climit + 1));
	const sameUser = (row: SessionRow) =>
		row.device === client.device && currentAddress(row, client.address) === client.address;
	if (cbeh === "BLOCK_NEW_USER" && alive.some(sameUser)) return allow([]);
	return refuse({ reason: "stream-limit-create", limit: climit, active: alive.length });
}

function renewed(row: SessionRow, { client, token }: AdmitRequest, ask: SessionAsk, now: number): SessionRow {
	return {
		...row,
		video: ask.video, // of a `sid` that goes on with another one
		...movedTo(row, client.address),
		seenAt: now - row.seenAt < (ask.noteAfterMs ?? 0) ? row.seenAt : now,
		ttlSeconds: ask.ttlSeconds,
		forgetAt: Math.max(row.forgetAt, token.expiresAt),
	};
}

const MOST_LEFT_ADDRESSES = 16;

function movedTo(row: SessionRow, address: string): Pick<SessionRow, "ipv4" | "ipv6" | "left"> {
	const before = currentAddress(row, address);
	const here = isIpv6(address) ? { ipv4: row.ipv4, ipv6: address } : { ipv4: address, ipv6: row.ipv6 };
	if (before === null || before === address) return { ...here, left: row.left };
	const left = row.left.split(" ").filter((entry) => entry !== "" && entry !== address);
	return { ...here, left: [...left, before].slice(-MOST_LEFT_ADDRESSES).join(" ") };
}

function started(
	key: string,
	before: SessionRow | null,
	{ client, token }: AdmitRequest,
	ask: SessionAsk,
	now: number,
): SessionRow {
	const barredAt = before?.barredAt ?? null;
	return {
		key,
		video: ask.video,
		ipv4: isIpv6(client.address) ? null : client.address,
		ipv6: isIpv6(client.address) ? client.address : null,
		left: "",
		device: client.device,
		userAgent: client.userAgent,
		// Later than any earlier end, also within one millisecond: grants are told apart by it.
		startedAt: barredAt === null ? now : Math.max(now, barredAt + 1),
		seenAt: now,
		ttlSeconds: ask.ttlSeconds,
		endedBy: null,
		barredAt,
		barredBy: before?.barredBy ?? null,
		forgetAt: Math.max(before?.forgetAt ?? 0, token.expiresAt),
	};
}

/** Whether this request is one that `maxu` counts and that was not counted before. */
function usesOne(state: ViewerState, request: AdmitRequest, plan: SessionPlan | null, now: number): boolean {
	if (!request.use || request.limits.maxu === undefined) return false;
	if (state.wasSpent(request.id, now)) return false;
	if (request.counting === "requests" || !plan) return true;
	return !state.playbackCounted(request.token.id, plan.row.key, plan.row.startedAt);
}

function writeUse(state: ViewerState, request: AdmitRequest, plan: SessionPlan | null, now: number): void {
	state.addUse(request.token);
	state.noteSpent(request.id, now);
	if (request.counting === "playbacks" && plan) state.notePlayback(request.token.id, plan.row.key, plan.row.startedAt);
}

function writeSession(state: ViewerState, plan: SessionPlan): void {
	for (const row of plan.displaced) state.putSession(endedRow(row, "limit", plan.row.seenAt));
	if (!plan.renewed || hasChanged(state.session(plan.row.key), plan.row)) state.putSession(plan.row);
}

function hasChanged(before: SessionRow | null, row: SessionRow): boolean {
	const fields = Object.keys(row) as (keyof SessionRow)[];
	return fields.some((field) => before?.[field] !== row[field]);
}

function endedRow(row: SessionRow, by: EndedBy, now: number): SessionRow {
	// Never before its own start, which may run ahead of the clock by a millisecond.
	return { ...row, endedBy: by, barredAt: Math.max(now, row.startedAt), barredBy: by };
}

function admissionOf(plan: SessionPlan | null): Admission {
	if (!plan) return { session: null, ended: [] };
	return {
		session: { key: plan.row.key, startedAt: plan.row.startedAt },
		ended: plan.displaced.map((row) => row.key),
	};
}

/** Ends an alive session. False when there is no such session alive. */
export function endSession(state: ViewerState, key: string, by: EndedBy, now: number): boolean {
	const row = state.session(key);
	if (!row || !isAlive(row, now)) return false;
	state.putSession(endedRow(row, by, now));
	return true;
}
