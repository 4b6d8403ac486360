import type { Refusal } from "../../../decision/refusals.ts";
import { decisionHeaders } from "../../../decision/response.ts";
import { wireError } from "../../../decision/wire.ts";
import { type Exchange, answerContext } from "../../../exchange.ts";
import { logDecision } from "../../../observe/decision-log.ts";

/** Names of exceptions that the SDKs of AWS have for the meetings API, by status (reference: rtc 3.2). */
const EXCEPTIONS: ReadonlyMap<number, string> = new Map([
	[400, "BadRequestException"],
	[401, "UnauthorizedException"],
	[403, "ForbiddenException"],
	[404, "NotFoundException"],
	[405, "BadRequestException"],
	[409, "ConflictException"],
	[413, "BadRequestException"],
	[503, "ServiceUnavailableException"],
]);
const OTHER = "ServiceFailureException";
/** On this code the SDKs set their clock by the answer's Date, and try again. */
const CLOCK = "RequestTimeTooSkewed";

/** Ends a call of the meetings API with a refusal, in the shape of the service's own errors and with the gate's reason beside. */
export function refusedAsAws(exchange: Exchange, refusal: Refusal): Response {
	const { status, message, reason, retryAfterSeconds } = wireError(refusal, "problem");
	logDecision(exchange, { refusal, status });
	const code = refusal.reason === "aws-clock-skewed" ? CLOCK : (EXCEPTIONS.get(status) ?? OTHER);
	const { decisionId } = exchange;
	const body = { Code: code, Message: message, RequestId: decisionId, reason, decision_id: decisionId };
	const headers: Record<string, string> = {
		...decisionHeaders(answerContext(exchange)),
		"Content-Type": "application/json",
		"Playgate-Reason": reason,
		"x-amzn-errortype": code,
		"x-amzn-requestid": decisionId,
		Date: new Date(exchange.nowMs).toUTCString(),
	};
	if (retryAfterSeconds !== undefined) headers["Retry-After"] = String(retryAfterSeconds);
	if (status === 401) headers["WWW-Authenticate"] = "AWS4-HMAC-SHA256";
	return new Response(exchange.method === "HEAD" ? null : JSON.stringify(body), { status, headers });
}
