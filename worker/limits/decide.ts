import { type Decision, allow, refuse } from "../decision/decision.ts";
import type { LimitRefusal } from "../decision/refusals.ts";
import { judgeAddress, writeAddress } from "./addresses.ts";
import { conflictsIn } from "./conflicts.ts";
import type { Admission, AdmitAnswer, AdmitRequest, EndedBy, SessionAsk } from "./contract.ts";
import { knownSession } from "./forgetting.ts";
import { hasUse, shareUse } from "./refund.ts";
import type { SessionRow, ViewerState } from "./state.ts";
import { MOST_LEFT_ADDRESSES, currentAddress, isAlive, isIpv6, sessionKey } from "./whereabouts.ts";

/** What admitting the request would write about sessions. */
interface SessionPlan {
	readonly row: SessionRow;
	readonly renewed: boolean;
	readonly displaced: readonly SessionRow[];
	/** The one that the viewer asked to end for this one. */
	readonly named: SessionRow | null;
}

/**
 * Judges all limits of a request together (design 4). Everything is read before anything is written, so a refused request
 * spends nothing. Synchronous: the caller makes it, with others, one transaction.
 */
export function decide(state: ViewerState, request: AdmitRequest, now: number): AdmitAnswer {
	const barred = judgeBarred(state, request, now);
	if (!barred.allowed) return barred;
	const { limits, token, client } = request;
	const address = judgeAddress(state, request, now);
	if (!address.allowed) return address;
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
		writeAddress(state, request, address.value, plan.value?.row ?? null);
		if (newDevice) state.addDevice(client, request.owner, now);
		if (plan.value) writeSession(state, plan.value);
		if (use) writeUse(state, request, plan.value, now);
		else if (request.shared) shareUse(state, request, now);
	}
	const relocated = address.value.left !== null || address.value.partner !== null;
	const admission = { ...admissionOf(plan.value), ...(relocated ? { relocated } : {}) };
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
	return by === null ? allow() : refuse(endedRefusal(state, request, by, now));
}

function judgeReload(state: ViewerState, row: SessionRow | null, request: AdmitRequest, now: number): Decision {
	const silentAfterMs = (request.session?.ttlSeconds ?? 0) * 1000;
	if (!row || row.endedBy === null || now >= row.seenAt + silentAfterMs) return allow();
	if (!request.dryRun) state.putSession({ ...row, seenAt: now }); // still there: not yet a fresh start
	return refuse(endedRefusal(state, request, row.endedBy, now));
}

/** Who ended the session; null when nobody did, or when the grant is from after that. */
function barredBy(row: SessionRow | null, { startedAt }: SessionAsk): EndedBy | null {
	if (row === null || row.barredAt === null) return null;
	return startedAt !== undefined && startedAt > row.barredAt ? null : row.barredBy;
}

function endedRefusal(state: ViewerState, request: AdmitRequest, by: EndedBy, now: number): LimitRefusal {
	return by === "limit"
		? { reason: "stream-limit-renew", ...conflictsIn(state, request, now) }
		: { reason: "session-ended", by };
}

function planSession(state: ViewerState, request: AdmitRequest, now: number): Decision<SessionPlan | null> {
	const ask = request.session;
	if (!ask) return allow(null);
	const key = sessionKey(state, ask, request.client, now);
	const row = knownSession(state, key, now);
	if (row && isAlive(row, now))
		return allow({ row: renewed(row, request, ask, now), renewed: true, displaced: [], named: null });
	const named = namedSession(state, request, now);
	const displaced = makeRoom(state, request, named, now);
	if (!displaced.allowed) return displaced;
	return allow({ row: started(key, row, request, ask, now), renewed: false, displaced: displaced.value, named });
}

/** One that is not alive has nothing to give up: a request that is sent again asks for what was done. */
function namedSession(state: ViewerState, { endSession: key }: AdmitRequest, now: number): SessionRow | null {
	const row = key === undefined ? null : state.session(key);
	return row && isAlive(row, now) ? row : null;
}

/** The sessions that have to end, beside the one that the viewer named, so that one more may start. */
function makeRoom(
	state: ViewerState,
	request: AdmitRequest,
	named: SessionRow | null,
	now: number,
): Decision<readonly SessionRow[]> {
	const { limits, client } = request;
	const { climit, cbeh } = limits;
	if (climit === undefined) return allow([]);
	const alive = state.aliveSessions(now);
	const staying = alive.filter(({ key }) => key !== named?.key);
	if (staying.length < climit) return allow([]);
	if (cbeh === undefined) return allow(staying.slice(0, staying.length - climit + 1));
	const sameUser = (row: SessionRow) =>
		row.device === client.device && currentAddress(row, client.address) === client.address;
	if (cbeh === "BLOCK_NEW_USER" && alive.some(sameUser)) return allow([]);
	const conflicts = conflictsIn(state, request, now);
	return refuse({ reason: "stream-limit-create", limit: climit, active: alive.length, ...conflicts });
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
	if (hasUse(state, request, now)) return false;
	if (request.counting === "requests" || !plan) return true;
	return !state.playbackCounted(request.token.id, plan.row.key, plan.row.startedAt);
}

function writeUse(state: ViewerState, request: AdmitRequest, plan: SessionPlan | null, now: number): void {
	state.addUse(request.token);
	state.noteSpent(request.id, now);
	if (request.counting === "playbacks" && plan) state.notePlayback(request.token.id, plan.row.key, plan.row.startedAt);
}

function writeSession(state: ViewerState, plan: SessionPlan): void {
	// What has lapsed had no place any more when this one was judged: it gets none back when the clock does.
	if (!plan.renewed) state.forgetLapsed(plan.row.seenAt);
	for (const row of plan.displaced) state.putSession(endedRow(row, "limit", plan.row.seenAt));
	if (plan.named) state.putSession(endedRow(plan.named, "viewer", plan.row.seenAt));
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
		ended: [...plan.displaced, ...(plan.named ? [plan.named] : [])].map((row) => row.key),
	};
}

/** Ends an alive session. False when there is no such session alive. */
export function endSession(state: ViewerState, key: string, by: EndedBy, now: number): boolean {
	const row = state.session(key);
	if (!row || !isAlive(row, now)) return false;
	state.putSession(endedRow(row, by, now));
	return true;
}
