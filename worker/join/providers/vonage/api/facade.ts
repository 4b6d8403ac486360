import type { Account } from "../../../../catalog/catalog.ts";
import { type Decision, allow, refuse } from "../../../../decision/decision.ts";
import { type Exchange } from "../../../../exchange.ts";
import { logDecision } from "../../../../observe/decision-log.ts";
import { readBytes } from "../../../request-body.ts";
import { guardEnvelope } from "../../../secret-guard.ts";
import { NO_CREDENTIALS, type VonageAccess, vonageAccess } from "../vonage-account.ts";
import { refusedAsVonage } from "./answers.ts";
import { judgeCaller } from "./caller.ts";
import { createSession } from "./create.ts";
import type { ApiCall } from "./call.ts";
import { judgeFeature } from "./feature.ts";
import { sentHeaders } from "./headers.ts";
import { passOn } from "./pass-on.ts";
import { readApiPath } from "./paths.ts";
import { passToPlatform } from "./platform.ts";

const MOST_BODY_BYTES = 1_048_576;

/**
 * One call of the REST API by the publisher's back end, with an SDK of Vonage whose base URL is the gate: its credentials, what it is about,
 * and then the platform. Sessions are made with encryption; what would need their media decrypted is refused for those that are encrypted;
 * all else passes as it came, and so does what the platform answers.
 *
 * @param path below the API's base, with a slash at the front
 */
export async function handleApiCall(exchange: Exchange, accountId: string, path: string): Promise<Response> {
	const { gate, nowMs } = exchange;
	const account = await gate.catalog.account(accountId, nowMs);
	exchange.told.account = account;
	exchange.told.provider = "vonage";
	const access = await vonageAccess(gate, account, nowMs);
	if (!access) return refusedAsVonage(exchange, NO_CREDENTIALS.refusal);
	const call = await readCall(exchange, account, access, path);
	if (!call.allowed) return refusedAsVonage(exchange, call.refusal);
	const answer =
		call.value.target.does === "create" ? await createSession(exchange, call.value) : await pass(exchange, call.value);
	if (!answer.allowed) return refusedAsVonage(exchange, answer.refusal);
	logDecision(exchange, { status: answer.value.status });
	return answer.value;
}

async function readCall(
	exchange: Exchange,
	account: Account,
	access: VonageAccess,
	path: string,
): Promise<Decision<ApiCall>> {
	const caller = await judgeCaller(exchange, access);
	if (!caller.allowed) return caller;
	const guarded = guardEnvelope(exchange);
	if (!guarded.allowed) return guarded;
	const target = readApiPath(exchange.method, path);
	if (!target.allowed) return target;
	const { project } = target.value;
	if (project !== null && project.toLowerCase() !== caller.value.project.id)
		return refuse({ reason: "vonage-credentials-invalid", detail: "the path names another project" });
	const body = await readBytes(exchange.request, MOST_BODY_BYTES);
	if (!body.allowed) return body;
	const call = { account, access, caller: caller.value, target: target.value, path, body: body.value };
	const judged = await judgeFeature(exchange, call);
	return judged.allowed ? allow(call) : judged;
}

async function pass(exchange: Exchange, call: ApiCall): Promise<Decision<Response>> {
	const { access, caller, path, body } = call;
	const url = access.apiUrl(caller.project) + path + exchange.search;
	const headers = sentHeaders(exchange.headers, { [caller.header.name]: caller.header.value });
	const answer = await passToPlatform(exchange.gate, { method: exchange.method, url, headers, body });
	return answer.allowed ? allow(passOn(exchange, answer.value, answer.value.body)) : answer;
}
