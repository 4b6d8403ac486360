import type { AuditLog } from "../audit/audit-log.ts";
import { forgetAtMs, judgeDay } from "../audit/day.ts";
import { dayOfExecution, executionId } from "../audit/execution.ts";
import { REPORT_LINK_SECONDS } from "../audit/report-link.ts";
import { type Decision, allow, refuse } from "../decision/decision.ts";
import type { Exchange } from "../exchange.ts";
import { reach } from "../reach.ts";
import { type ManagedHandler, json } from "./managed.ts";

/*
 * The Audit API (reference: brightcove 7.3), with the fields of both of its documents. A report is ready as soon as it is asked for: it is a
 * mark in the day's decisions, and is written out when it is downloaded.
 */

/** Asks the object that holds the decisions of an account and day. */
export function askAuditLog<T>(
	exchange: Exchange,
	account: string,
	day: string,
	ask: (log: DurableObjectStub<AuditLog>) => Promise<T>,
): Promise<Decision<T>> {
	return reach(exchange, "audit", () => ask(exchange.gate.auditLogs.getByName(`${account}/${day}`)));
}

/** The day is the path's last part. What this isolate has decided until now is in the report. */
export const queryAudit: ManagedHandler = async (call) => {
	const { exchange, account } = call;
	const { gate, nowMs } = exchange;
	const day = judgeDay(call.id, nowMs);
	if (!day.allowed) return day;
	await gate.audit.flush(account, day.value);
	const execution = executionId(day.value, gate.ports.newId());
	const begin = (log: DurableObjectStub<AuditLog>) => log.snapshot(execution, forgetAtMs(day.value));
	const begun = await askAuditLog(exchange, account, day.value, begin);
	if (!begun.allowed) return begun;
	return json(call, { execution_id: execution, executionID: execution });
};

/** Refuses a report that there is not; answers its day. */
export async function findReport(exchange: Exchange, account: string, execution: string): Promise<Decision<string>> {
	const day = dayOfExecution(execution, exchange.nowMs);
	if (day === null) return refuse({ reason: "resource-not-found" });
	const found = await askAuditLog(exchange, account, day, async (log) => log.hasExecution(execution));
	if (!found.allowed) return found;
	return found.value ? allow(day) : refuse({ reason: "resource-not-found" });
}

export const auditStatus: ManagedHandler = async (call) => {
	const found = await findReport(call.exchange, call.account, call.id);
	if (!found.allowed) return found;
	return json(call, { state: "SUCCEEDED", status: "completed" });
};

export const auditReport: ManagedHandler = async (call) => {
	const found = await findReport(call.exchange, call.account, call.id);
	if (!found.allowed) return found;
	const { gate, nowMs, url } = call.exchange;
	const expiresAt = Math.floor(nowMs / 1000) + REPORT_LINK_SECONDS;
	const ticket = gate.reportLinks.sign({ account: call.account, execution: call.id, expiresAt });
	const link = `${new URL(url).origin}/v1/audit/reports/${ticket}`;
	return json(call, { report_url: link, expiration_time: expiresAt, signedURL: link, expirationTime: expiresAt });
};
