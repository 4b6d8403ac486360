import { type Decision, allow } from "../decision/decision.ts";
import type { Exchange } from "../exchange.ts";
import { staysRefused } from "../limits/admissions.ts";
import { giveBack } from "../limits/client.ts";
import type { Admission, AdmitAnswer } from "../limits/contract.ts";
import { withDeviceNames } from "./conflicts.ts";
import { askObjects, countingObjects, faultLogger, memoryName } from "./counting-objects.ts";
import { sessionToEnd } from "./end-session.ts";
import {
	type Asker,
	type LimitAsk,
	type NamingAsk,
	admitRequest,
	countingOf,
	keepsSession,
	requestId,
	rowsEndMs,
} from "./limit-ask.ts";

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
	const answer = withDeviceNames(await askObjects(exchange, asker, admitRequest(exchange, asker, ask)));
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

/** Gives back the use of a request that was admitted and came to nothing. A use of a whole playback is kept: trying again costs none. */
export async function refundUse(exchange: Exchange, asker: Asker, ask: LimitAsk): Promise<void> {
	const { gate } = exchange;
	const { limits, tokenId } = asker.subject.subject;
	if (!ask.use || limits?.maxu === undefined || countingOf(asker, ask) !== "requests") return;
	gate.admissions.forgetViewer(memoryName(asker));
	const refund = { id: requestId(exchange, ask), token: tokenId };
	await giveBack(gate.limits, countingObjects(asker), refund, faultLogger(exchange));
}
