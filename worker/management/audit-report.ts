import { csvStream } from "../audit/csv.ts";
import { type Decision, allow } from "../decision/decision.ts";
import { decisionHeaders } from "../decision/response.ts";
import { type Exchange, answerContext, refused } from "../exchange.ts";
import { logDecision } from "../observe/decision-log.ts";
import { findReport } from "./audit.ts";

/** `GET /v1/audit/reports/{ticket}`: the report as a file. The ticket is the credential, so that a browser can open the link. */
export async function handleReport(exchange: Exchange, ticket: string): Promise<Response> {
	const report = await openReport(exchange, ticket);
	if (!report.allowed) return refused(exchange, report.refusal, "api");
	logDecision(exchange, { status: 200 });
	return report.value;
}

async function openReport(exchange: Exchange, ticket: string): Promise<Decision<Response>> {
	const { gate, nowMs, method } = exchange;
	const opened = gate.reportLinks.open(ticket, Math.floor(nowMs / 1000));
	if (!opened.allowed) return opened;
	const { account, execution } = opened.value;
	const found = await findReport(exchange, account, execution);
	if (!found.allowed) return found;
	const day = found.value;
	// Once begun it can only break off: a page that cannot be read is no end of the report.
	const page = (after: number) => gate.auditLogs.getByName(`${account}/${day}`).page(execution, after);
	const headers = {
		...decisionHeaders(answerContext(exchange)),
		"Content-Type": "text/csv; charset=utf-8",
		"Content-Disposition": `attachment; filename="audit-${account}-${day}.csv"`,
		"X-Content-Type-Options": "nosniff",
	};
	const body = method === "HEAD" ? null : csvStream(page);
	return allow(new Response(body, { headers }));
}
