import type { Account } from "../../../catalog/catalog.ts";
import { parse } from "../../../catalog/issues.ts";
import { type Decision, allow, refuse } from "../../../decision/decision.ts";
import { decisionHeaders } from "../../../decision/response.ts";
import { type Exchange, answerContext } from "../../../exchange.ts";
import { logDecision } from "../../../observe/decision-log.ts";
import { jsonOf } from "../../../token/json-object.ts";
import { readBytes } from "../../request-body.ts";
import { refusedAsAws } from "./aws-error.ts";
import { type ChimeAccess, chimeAccess, chimeSession } from "./chime-account.ts";
import type { ProviderAnswer } from "../../provider-call.ts";
import type { ApiCall } from "./meetings-api.ts";
import { meetingOf } from "./meetings.ts";
import { type Operation, operationOf, schemaOf } from "./operations.ts";
import { forgetMeeting, rememberMeeting, throughGate } from "./session-meeting.ts";
import { type ChimeSession, judgeOperation, meetingForSession } from "./session-rules.ts";
import { type AwsCredentials, verifySignature } from "./sigv4.ts";

const MOST_BODY_BYTES = 262_144;

/** A call that was let in: what AWS is asked, and the session that it is about, if it is about one. */
interface Judged {
	readonly call: ApiCall;
	readonly operation: Operation;
	readonly session: ChimeSession | null;
}

/**
 * One call of the meetings API by the publisher's back end, with an SDK of AWS whose endpoint is the gate: its signature, its form, what the
 * session's record says, and then AWS, signed anew. What AWS answers passes, its errors too.
 *
 * @param path below the API's base, with a slash at the front
 */
export async function handleMeetingsCall(exchange: Exchange, accountId: string, path: string): Promise<Response> {
	const { gate, nowMs } = exchange;
	const account = await gate.catalog.account(accountId, nowMs);
	exchange.told.account = account;
	const access = await chimeAccess(gate, account, nowMs);
	const judged = access ? await judge(exchange, account, access, path) : NO_CREDENTIALS;
	if (!judged.allowed || !access)
		return refusedAsAws(exchange, judged.allowed ? NO_CREDENTIALS.refusal : judged.refusal);
	const answer = await access.api.call(judged.value.call);
	if (!answer.allowed) return refusedAsAws(exchange, answer.refusal);
	logDecision(exchange, { status: answer.value.status });
	return passOn(exchange, judged.value, answer.value);
}

const NO_CREDENTIALS = refuse({
	reason: "provider-not-configured",
	provider: "chime",
	detail: "the account has no credentials for it",
});

async function judge(
	exchange: Exchange,
	account: Account,
	{ credentials }: ChimeAccess,
	path: string,
): Promise<Decision<Judged>> {
	const text = await readSigned(exchange, credentials);
	if (!text.allowed) return text;
	const { method, search } = exchange;
	const operation = operationOf(method, path, exchange.query);
	if (!operation) return refuse({ reason: "resource-not-found" });
	const schema = schemaOf(operation.name);
	const parsed = schema ? parse(schema, jsonOf(text.value)) : null;
	if (parsed && !parsed.ok) return bad(`The request is refused: ${parsed.issues.join("; ")}.`);
	const request = parsed?.value;
	const session = await sessionOf(exchange, account, operation, request);
	const fitting = session ? judgeOperation(operation.name) : allow();
	if (!fitting.allowed) return fitting;
	const meeting = session && isMaking(operation) ? meetingForSession({ ...request }, session) : null;
	if (meeting && !meeting.allowed) return meeting;
	const body = meeting ? JSON.stringify(meeting.value) : text.value;
	return allow({ call: { method, path, search, ...(body === "" ? {} : { body }) }, operation, session });
}

/** The body of a call that the account's own credentials signed. */
async function readSigned(exchange: Exchange, credentials: AwsCredentials): Promise<Decision<string>> {
	const { method, url, headers, nowMs } = exchange;
	const read = await readBytes(exchange.request, MOST_BODY_BYTES);
	if (!read.allowed) return read;
	const body = read.value;
	const signed = await verifySignature({ method, url, headers, body }, credentials, nowMs);
	return signed.allowed ? allow(utf8.decode(body)) : signed;
}

const isMaking = ({ name }: Operation): boolean => name === "CreateMeeting" || name === "CreateMeetingWithAttendees";

/** A new meeting is a session's when its ExternalMeetingId names one, a meeting that is there when the session's record names it. */
async function sessionOf(
	{ gate, nowMs }: Exchange,
	account: Account,
	operation: Operation,
	request: object | undefined,
): Promise<ChimeSession | null> {
	if (operation.meetingId !== null)
		return chimeSession(await gate.catalog.e2eeSessionByProvider(account, "chime", operation.meetingId, nowMs));
	const named = request && "ExternalMeetingId" in request ? request.ExternalMeetingId : null;
	return isMaking(operation) && typeof named === "string"
		? chimeSession(await gate.catalog.e2eeSession(account, named, nowMs))
		: null;
}

/** Of the service's answer what its SDKs read. */
const PASSED_HEADERS = ["Content-Type", "x-amzn-errortype", "x-amzn-requestid", "Retry-After"] as const;

async function passOn(
	exchange: Exchange,
	{ operation, session }: Judged,
	{ status, headers: own, text }: ProviderAnswer,
): Promise<Response> {
	const headers: Record<string, string> = decisionHeaders(answerContext(exchange));
	for (const name of PASSED_HEADERS) {
		const value = own.get(name);
		if (value !== null) headers[name] = value;
	}
	const isGood = status >= 200 && status < 300;
	if (session && isGood && operation.name === "DeleteMeeting") await forgetMeeting(exchange, session);
	if (status === 204 || status === 304) return new Response(null, { status, headers });
	const shown = session && isGood ? await showMeeting(exchange, session, operation, jsonOf(text)) : null;
	return new Response(shown ?? text, { status, headers });
}

/** The answer as JSON with the gate's door in it; null where it holds no meeting. A session's new meeting goes into its record first. */
async function showMeeting(
	exchange: Exchange,
	session: ChimeSession,
	operation: Operation,
	answer: unknown,
): Promise<string | null> {
	const meeting = meetingOf(answer);
	if (!meeting) return null;
	if (isMaking(operation)) await rememberMeeting(exchange, session, meeting);
	return JSON.stringify({ ...(answer as object), Meeting: throughGate(meeting, new URL(exchange.url).origin) });
}

const utf8 = new TextDecoder();
const bad = (detail: string) => refuse({ reason: "bad-request", detail });
