import * as v from "valibot";
import { type Decision, allow, refuse } from "../../../../decision/decision.ts";
import type { Refusal } from "../../../../decision/refusals.ts";
import { wireError } from "../../../../decision/wire.ts";
import { type Exchange, jsonResponse, refused } from "../../../../exchange.ts";
import { logDecision } from "../../../../observe/decision-log.ts";
import { jsonOf } from "../../../../token/json-object.ts";
import { passedHeaders } from "../../../dial.ts";
import { askRoom } from "../../../room/client.ts";
import { isGood } from "../../../provider-call.ts";
import { askPlatform, unavailable } from "../api/platform.ts";
import { printOf } from "../client-token.ts";
import { type Guest, admitGuest } from "./admission.ts";
import { SESSION } from "../vonage-account.ts";
import { isMoving } from "./migration.ts";
import { PROXY_ROOT, type ProxyTarget, isPlatformHost } from "./paths.ts";

/** What the client tells the platform of itself. */
const PASSED = ["Accept", "User-Agent", "X-OPENTOK-AUTH", "X-TB-VERSION", "X-TB-CLIENT-VERSION", "X-TB-CONNECTIONID"];
const MOST_BYTES = 262_144;
const MOST_ID = 128;

const infoSchema = v.looseObject({
	partner_id: v.pipe(v.union([v.string(), v.number()]), v.transform(String)),
	messaging_url: v.pipe(v.string(), v.regex(/^wss?:\/\//)),
	symphony_address: v.pipe(v.string(), v.maxLength(500)),
	properties: v.optional(v.looseObject({ e2ee: v.optional(v.unknown()) }), {}),
});
type Info = v.InferOutput<typeof infoSchema>;

/**
 * A session's particulars ("GSI"): asked for by the web client with its token before it connects, so that a refusal reaches the
 * application with the gate's message (reference: rtc 1.4).
 */
export async function handleSessionInfo(
	exchange: Exchange,
	ticket: string,
	target: ProxyTarget & { readonly sessionId: string },
): Promise<Response> {
	const guest = await admitGuest(exchange, ticket, target.sessionId);
	if (!guest.allowed) return denied(exchange, guest.refusal);
	if (!isPlatformHost(target.host, guest.value.session))
		return refused(exchange, { reason: "vonage-host-refused" }, "problem");
	const answer = await askInfo(exchange, guest.value);
	if (!answer.allowed) return denied(exchange, answer.refusal);
	const list = answer.value;
	if (list.some(({ error }) => (error ?? null) !== null)) return shown(exchange, list);
	const info = v.safeParse(infoSchema, list[0]);
	if (!info.success) return denied(exchange, unavailable("its session info cannot be read").refusal);
	const opened = await openMessaging(exchange, guest.value, info.output);
	if (!opened.allowed) return denied(exchange, opened.refusal);
	const { host, protocol } = new URL(exchange.url);
	const throughGate = `${protocol.replace("http", "ws")}//${host}${PROXY_ROOT}${guest.value.ticket}/`;
	const messaging_url = info.output.messaging_url.replace(/^wss?:\/\//, throughGate);
	return shown(exchange, [{ ...list[0], messaging_url }, ...list.slice(1)]);
}

function shown(exchange: Exchange, list: readonly object[]): Response {
	logDecision(exchange, { status: 200 });
	return jsonResponse(exchange, list);
}

type Listed = readonly Readonly<Record<string, unknown>>[];

async function askInfo(exchange: Exchange, { session }: Guest): Promise<Decision<Listed>> {
	const { api_url, session_id } = session.vonage;
	const url = `${api_url}/session/${encodeURIComponent(session_id)}${exchange.search}`;
	const headers = new Headers(passedHeaders(exchange.headers, PASSED));
	const answer = await askPlatform(exchange.gate, { method: "GET", url, headers, mostBytes: MOST_BYTES });
	if (!answer.allowed) return answer;
	if (!isGood(answer.value)) return unavailable(`its session info was answered with ${answer.value.status}`);
	const list = v.safeParse(v.array(v.looseObject({})), jsonOf(answer.value.text));
	return list.success ? allow(list.output) : unavailable("its session info cannot be read");
}

/** The one address that the participant's messaging may go to; its door finds it with the participant. */
async function openMessaging(
	exchange: Exchange,
	{ rules, participant, session }: Guest,
	info: Info,
): Promise<Decision> {
	if (info.properties.e2ee !== true) return refuse({ reason: "vonage-session-unencrypted" });
	const url = URL.parse(info.messaging_url.replace(/^ws/, "http"));
	if (!url || !exchange.gate.sources.reaches(url)) return unavailable("its messaging address is not wss");
	const asking = exchange.headers.get("X-TB-CONNECTIONID")?.slice(0, MOST_ID) ?? null;
	const provider = {
		[SESSION]: session.vonage.session_id,
		messaging_url: info.messaging_url,
		symphony_address: info.symphony_address,
		partner_id: info.partner_id,
		client_token: printOf(exchange.headers.get("X-OPENTOK-AUTH") ?? ""),
		moving: isMoving(participant, asking),
		asking,
	};
	const ask = { participant: participant.id, provider };
	const remembered = await askRoom(exchange.gate, rules, "remember", ask);
	return remembered.allowed ? allow() : remembered;
}

const CLIENT_ERROR = { forbidden: 403, notFound: 404 } as const;

/**
 * A denial as the client shows it to its application: HTTP 200 and an error in the array. With another status it would try again twice,
 * and lose the message. What is not a denial (the platform is not there) keeps its status: trying again is right.
 */
function denied(exchange: Exchange, refusal: Refusal): Response {
	const { status, message, reason } = wireError(refusal, "problem");
	if (status >= 500 && refusal.reason !== "provider-not-configured") return refused(exchange, refusal, "problem");
	logDecision(exchange, { refusal, status: 200 });
	const code = status === 404 ? CLIENT_ERROR.notFound : CLIENT_ERROR.forbidden;
	const error = { code, errorMessage: { message, reason, decision_id: exchange.decisionId } };
	return jsonResponse(exchange, [{ error }], 200, { "Playgate-Reason": reason });
}
