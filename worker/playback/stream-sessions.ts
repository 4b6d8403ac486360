import * as v from "valibot";
import type { Account, Video } from "../catalog/catalog.ts";
import { openObject, parse } from "../catalog/issues.ts";
import { blankVideo } from "../catalog/video-record.ts";
import { type Decision, allow, refuse } from "../decision/decision.ts";
import type { Refusal } from "../decision/refusals.ts";
import { type Exchange, emptyResponse, jsonResponse, refused } from "../exchange.ts";
import { logDecision } from "../observe/decision-log.ts";
import { PLAYBACK_API_AUDIENCES } from "../token/audience.ts";
import { SID_PATTERN } from "../token/claims.ts";
import { reach } from "../reach.ts";
import { judgeLimits } from "./admit.ts";
import { countingObjects, memoryName } from "./counting-objects.ts";
import type { Asker } from "./limit-ask.ts";
import { authorizeFor, authorizeHolder, identifyHolder } from "./authorize.ts";
import { readUpTo } from "./limited-body.ts";

/*
 * The generic stream concurrency API (reference: wire facts 6.3): players that do not fetch through the gate say with a heartbeat that
 * they play. Its sessions are the gate's own: they count for the same `climit`, are listed with the others, and end with them.
 */

/** Players expect a heartbeat a minute, and never less; a session that lapses sooner has to be heard of sooner. */
const HEARTBEAT_MS = 60_000;
const MOST_BODY_BYTES = 4096;

export const heartbeatSchema = openObject({
	video: v.pipe(
		v.string("must be a string"),
		v.minLength(1, "must not be empty"),
		v.maxLength(256, "must be at most 256 characters"),
	),
	sid: v.optional(v.pipe(v.string("must be a string"), v.regex(SID_PATTERN, "must be 1 to 128 printable characters"))),
});

const UNAVAILABLE: Refusal = { reason: "limits-unavailable" };

/** The account does not use this API: every call answers 204, and does nothing. */
const isOff = ({ account }: Pick<Asker, "account">): boolean => !account.settings.generic_stream_concurrency;

/** `POST`: starts a session or keeps it alive. */
export async function handleHeartbeat(exchange: Exchange, accountId: string): Promise<Response> {
	return answered(exchange, await heartbeat(exchange, accountId));
}

async function heartbeat(exchange: Exchange, accountId: string): Promise<Decision<Response>> {
	const identified = await identifyHolder(exchange, accountId, PLAYBACK_API_AUDIENCES);
	if (!identified.allowed) return identified;
	const { account, subject } = identified.value;
	if (isOff(identified.value)) return allow(emptyResponse(exchange));
	const body = await readBody(exchange);
	if (!body.allowed) return body;
	const { climit, uid, sid = body.value.sid } = subject.subject.claims;
	const missing = Object.entries({ climit, uid, sid }).find(([, value]) => value === undefined);
	if (missing || climit === undefined || sid === undefined)
		return refuse({ reason: "claim-missing", claim: missing?.[0] ?? "sid" });
	const asker = await authorizeFor(exchange, identified.value, await videoOf(exchange, account, body.value.video));
	if (!asker.allowed) return asker;
	const admission = await judgeLimits(exchange, asker.value, { intent: "reload", use: false, heartbeat: { sid } });
	if (!admission.allowed) return admission;
	const intervalMs = Math.min(HEARTBEAT_MS, Math.floor((account.settings.session_ttl_seconds * 2000) / 3));
	return allow(
		jsonResponse(exchange, { current: admission.value.alive ?? 0, heartbeat_interval: intervalMs, max: climit }),
	);
}

async function readBody({ request }: Exchange): Promise<Decision<v.InferOutput<typeof heartbeatSchema>>> {
	const mistaken = (detail: string) => refuse({ reason: "bad-request", detail });
	const read = await readUpTo(new Response(request.body), MOST_BODY_BYTES);
	if (!read.allowed) return mistaken("The body broke off.");
	const { bytes, rest } = read.value;
	if (rest !== null) {
		await rest.cancel();
		return mistaken(`The body is larger than ${MOST_BODY_BYTES} bytes.`);
	}
	let body: unknown;
	try {
		body = JSON.parse(new TextDecoder().decode(bytes));
	} catch {
		return mistaken('The body must be JSON: {"video": "<id>"}.');
	}
	const parsed = parse(heartbeatSchema, body, "body");
	return parsed.ok ? allow(parsed.value) : mistaken(parsed.issues.join("; "));
}

/** Heartbeats come for whatever plays, also for what the gate does not serve: then the token's claims alone are judged. */
async function videoOf({ gate, nowMs }: Exchange, account: Account, id: string): Promise<Video> {
	const video = await gate.catalog.video(account, id, nowMs);
	return video ?? { record: blankVideo(account.id, id), version: "" };
}

/** `GET`: the sessions of the token's viewer, newest first; times in milliseconds since 1970. */
export async function handleSessions(exchange: Exchange, accountId: string): Promise<Response> {
	const holder = await authorizeHolder(exchange, accountId, PLAYBACK_API_AUDIENCES);
	if (!holder.allowed) return refused(exchange, holder.refusal, "gsc");
	if (isOff(holder.value)) return answered(exchange, allow(emptyResponse(exchange)));
	const { subject } = holder.value.subject;
	const [object] = countingObjects(holder.value);
	const sessions = await reach(
		exchange,
		"limits",
		() => exchange.gate.limits.getByName(object).listSessions(),
		UNAVAILABLE,
	);
	if (!sessions.allowed) return answered(exchange, sessions);
	const shown = sessions.value.map(({ key, seenAt, endedBy }) => ({
		end_viewer_id: subject.claims.uid ?? null,
		last_seen: seenAt,
		session_id: key,
		stopped: endedBy !== null,
	}));
	return answered(exchange, allow(jsonResponse(exchange, shown)));
}

/** `DELETE`: ends the session that the path names, of those of the token's viewer; without one, the session of the token. */
export async function handleStop(exchange: Exchange, accountId: string, named: string | undefined): Promise<Response> {
	const holder = await authorizeHolder(exchange, accountId, PLAYBACK_API_AUDIENCES);
	if (!holder.allowed) return refused(exchange, holder.refusal, "gsc");
	if (isOff(holder.value)) return answered(exchange, allow(emptyResponse(exchange)));
	const { subject } = holder.value.subject;
	const key = named ?? subject.claims.sid;
	if (key === undefined) return refused(exchange, { reason: "claim-missing", claim: "sid" }, "gsc");
	const { gate } = exchange;
	const [object] = countingObjects(holder.value);
	const end = () => gate.limits.getByName(object).endSessions(key, "player");
	const ended = await reach(exchange, "limits", end, UNAVAILABLE);
	gate.admissions.forgetViewer(memoryName(holder.value)); // an end that was not answered may have been made
	if (!ended.allowed) return answered(exchange, ended);
	return answered(
		exchange,
		ended.value.length === 0 ? refuse({ reason: "resource-not-found" }) : allow(emptyResponse(exchange)),
	);
}

function answered(exchange: Exchange, outcome: Decision<Response>): Response {
	if (!outcome.allowed) return refused(exchange, outcome.refusal, "gsc");
	logDecision(exchange, { status: outcome.value.status });
	return outcome.value;
}
