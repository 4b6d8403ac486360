import { storeSession } from "../../../../catalog/e2ee-session-store.ts";
import { VONAGE_API_URL } from "../../../../catalog/e2ee-part-schemas.ts";
import { ID_PATTERN } from "../../../../catalog/video-schema.ts";
import { type Decision, allow, refuse } from "../../../../decision/decision.ts";
import type { Exchange } from "../../../../exchange.ts";
import { sha256 } from "../../../../hash.ts";
import { isJsonObject, jsonOf } from "../../../../token/json-object.ts";
import { guardBody } from "../../../secret-guard.ts";
import { XML_TYPE, sessionsInXml, wantsXml } from "./answers.ts";
import { encryptForm, judgeQuery } from "./create-form.ts";
import type { ApiCall } from "./call.ts";
import { passOn } from "./pass-on.ts";
import { sentHeaders } from "./headers.ts";
import { type ProviderAnswer, isGood } from "../../../provider-call.ts";
import { askPlatform, unavailable } from "./platform.ts";

const FORM_TYPE = "application/x-www-form-urlencoded";
const MOST_ANSWER_BYTES = 262_144;
/** Where a caller reads under which id the gate knows the new session. */
const SESSION_HEADER = "Playgate-Session";

/** Makes a session at the platform, encrypted where the account's policy or the caller wants it, and records it in the catalog. */
export async function createSession(exchange: Exchange, call: ApiCall): Promise<Decision<Response>> {
	const form = readForm(exchange, call);
	if (!form.allowed) return form;
	const { access, caller, path } = call;
	const ask = {
		method: exchange.method,
		url: access.apiUrl(caller.project) + path + exchange.search,
		headers: sentHeaders(exchange.headers, { [caller.header.name]: caller.header.value, "Content-Type": FORM_TYPE }),
		body: form.value.body,
		mostBytes: MOST_ANSWER_BYTES,
	};
	const answer = await askPlatform(exchange.gate, ask);
	if (!answer.allowed) return answer;
	const { text } = answer.value;
	if (!isGood(answer.value)) return allow(passOn(exchange, answer.value, text));
	const sessionId = sessionIdIn(text);
	if (sessionId === null) return unavailable("it answered without a session id");
	if (!form.value.encrypted) return allow(shown(exchange, answer.value));
	const recorded = await record(exchange, call, sessionId);
	if (!recorded.allowed) return recorded;
	exchange.told.video = recorded.value;
	return allow(shown(exchange, answer.value, { [SESSION_HEADER]: recorded.value }));
}

function readForm({ headers, query }: Exchange, { access, body }: ApiCall) {
	const misplaced = judgeQuery(query);
	if (!misplaced.allowed) return misplaced;
	const type = (headers.get("Content-Type") ?? FORM_TYPE).split(";", 1)[0]?.trim().toLowerCase();
	if (type !== FORM_TYPE && body.length > 0) return refuse({ reason: "media-type-unsupported", expected: [FORM_TYPE] });
	if (headers.has("Content-Encoding"))
		return refuse({ reason: "bad-request", detail: "The body must not have a Content-Encoding." });
	const text = new TextDecoder().decode(body);
	const guarded = guardBody(text);
	return guarded.allowed ? encryptForm(text, access.policy) : guarded;
}

/** Of the answer in JSON (an array, or an object of an older platform), or in XML. */
function sessionIdIn(text: string): string | null {
	const found = text.trimStart().startsWith("<")
		? /<session_id>\s*([^<>\s]{1,300})\s*<\/session_id>/.exec(text)?.[1]
		: sessionsIn(text)[0]?.["session_id"];
	return typeof found === "string" && found !== "" ? found : null;
}

function sessionsIn(text: string): readonly Readonly<Record<string, unknown>>[] {
	const answer = jsonOf(text);
	const list: readonly unknown[] = Array.isArray(answer) ? answer : [answer];
	return list.filter(isJsonObject);
}

/** As it came; in XML for who asked for that and was given JSON. */
function shown(exchange: Exchange, answer: ProviderAnswer, more: Readonly<Record<string, string>> = {}): Response {
	const { text } = answer;
	if (!wantsXml(exchange.headers) || text.trimStart().startsWith("<")) return passOn(exchange, answer, text, more);
	return passOn(exchange, answer, sessionsInXml(sessionsIn(text)), { ...more, "Content-Type": XML_TYPE });
}

/** The platform's id is the session's own, where it can stand in a path of the gate. */
const recordIdOf = (sessionId: string): string =>
	ID_PATTERN.test(sessionId) ? sessionId : `vonage-${sha256(sessionId)}`;

async function record(
	{ gate, nowMs }: Exchange,
	{ account, access, caller }: ApiCall,
	sessionId: string,
): Promise<Decision<string>> {
	const { kind, id: project } = caller.project;
	const id = recordIdOf(sessionId);
	const vonage = {
		...(kind === "opentok" ? { api_key: project } : { application_id: project }),
		session_id: sessionId,
		api_url: access.clientUrl ?? VONAGE_API_URL,
	};
	try {
		const known = await gate.catalog.e2eeSessionByProvider(account, "vonage", sessionId, nowMs);
		if (known) return allow(known.id);
		const stored = await storeSession(gate, { account: account.id, id, nowMs }, { provider: "vonage", vonage });
		if (stored.ok) return allow(id);
		return unavailable(`its session cannot be recorded: ${stored.issues.join("; ")}`);
	} catch (fault) {
		gate.ports.log({ event: "fault", where: "vonage-session", account: account.id, message: String(fault) });
		return refuse({ reason: "catalog-not-written", record: "session" });
	}
}
