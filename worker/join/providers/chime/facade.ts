import { parse } from "../../../catalog/issues.ts";
import { type Decision, allow, refuse } from "../../../decision/decision.ts";
import { answerContext, type Exchange } from "../../../exchange.ts";
import { decisionHeaders } from "../../../decision/response.ts";
import { logDecision } from "../../../observe/decision-log.ts";
import { readUpTo } from "../../../playback/limited-body.ts";
import { refusedAsAws } from "./aws-error.ts";
import type { ChimeAccount } from "./chime-account.ts";
import type { ApiAnswer, ApiCall } from "./meetings-api.ts";
import { jsonOf } from "./meetings.ts";
import { type Operation, operationOf, schemaOf } from "./operations.ts";
import { type ChimeSession, judgeOperation, meetingForSession } from "./session-rules.ts";
import { verifySignature } from "./sigv4.ts";

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
 * @param path below `J/chime/api`, with a slash at the front
 */
export async function handleMeetingsCall(exchange: Exchange, account: ChimeAccount, path: string): Promise<Response> {
	const judged = await judge(exchange, account, path);
	if (!judged.allowed) return refusedAsAws(exchange, judged.refusal);
	const answer = await account.api().call(judged.value.call);
	if (!answer.allowed) return refusedAsAws(exchange, answer.refusal);
	logDecision(exchange, { status: answer.value.status });
	return passOn(exchange, account, judged.value, answer.value);
}

async function judge(exchange: Exchange, account: ChimeAccount, path: string): Promise<Decision<Judged>> {
	const { credentials } = account;
	if (!credentials) return refuse({ reason: "provider-not-configured", provider: "chime", detail: NO_CREDENTIALS });
	const read = await readUpTo(exchange.request, MOST_BODY_BYTES);
	if (!read.allowed) return bad("The body broke off.");
	if (read.value.rest !== null) return refuse({ reason: "record-too-large", mostBytes: MOST_BODY_BYTES });
	const { bytes: body } = read.value;
	const { method, url, headers, nowMs } = exchange;
	const signed = await verifySignature({ method, url, headers, body }, credentials, nowMs);
	if (!signed.allowed) return signed;
	const operation = operationOf(method, path, exchange.query);
	if (!operation) return refuse({ reason: "resource-not-found" });
	return judgeContent(exchange, account, { path, operation, text: utf8.decode(body) });
}

interface Content {
	readonly path: string;
	readonly operation: Operation;
	readonly text: string;
}

async function judgeContent(
	exchange: Exchange,
	account: ChimeAccount,
	{ path, operation, text }: Content,
): Promise<Decision<Judged>> {
	const { method, search } = exchange;
	const schema = schemaOf(operation.name);
	const parsed = schema ? parse(schema, jsonOf(text)) : null;
	if (parsed && !parsed.ok) return bad(`The request is refused: ${parsed.issues.join("; ")}.`);
	const session = await sessionOf(account, operation, parsed?.value);
	const fitting = session ? judgeOperation(operation.name) : allow();
	if (!fitting.allowed) return fitting;
	const makes = isMaking(operation) && session ? meetingForSession({ ...parsed?.value }, session) : null;
	if (makes && !makes.allowed) return makes;
	const body = makes ? JSON.stringify(makes.value) : text;
	return allow({ call: { method, path, search, ...(body === "" ? {} : { body }) }, operation, session });
}

const isMaking = ({ name }: Operation): boolean => name === "CreateMeeting" || name === "CreateMeetingWithAttendees";

/** A new meeting is a session's when its ExternalMeetingId names one, a meeting that is there when the record names it. */
async function sessionOf(account: ChimeAccount, operation: Operation, body: unknown): Promise<ChimeSession | null> {
	if (operation.meetingId !== null) return account.sessionOfMeeting(operation.meetingId);
	const { ExternalMeetingId: id } = { ExternalMeetingId: null, ...(body as object | undefined) };
	return isMaking(operation) && typeof id === "string" ? account.session(id) : null;
}

/** Of the service's answer what its SDKs read. */
const PASSED_HEADERS = ["Content-Type", "x-amzn-errortype", "x-amzn-requestid", "Retry-After"] as const;

function passOn(
	exchange: Exchange,
	account: ChimeAccount,
	{ operation, session }: Judged,
	{ status, headers: own, text }: ApiAnswer,
): Response {
	const headers: Record<string, string> = decisionHeaders(answerContext(exchange));
	for (const name of PASSED_HEADERS) {
		const value = own.get(name);
		if (value !== null) headers[name] = value;
	}
	if (status === 204 || status === 304) return new Response(null, { status, headers });
	const meeting = status < 300 && session ? account.noted(operation.name, session, jsonOf(text)) : null;
	return new Response(meeting ? JSON.stringify(meeting) : text, { status, headers });
}

const NO_CREDENTIALS = "the account has no credentials for it";
const utf8 = new TextDecoder();
const bad = (detail: string) => refuse({ reason: "bad-request", detail });
