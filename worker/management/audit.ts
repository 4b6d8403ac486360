import type { AuditLog } from "../audit/audit-log.ts";
import { forgetAtMs, judgeDay } from "../audit/day.ts";
import { dayOfExecution, executionId } from "../audit/execution.ts";
import { REPORT_LINK_SECONDS } from "../audit/report-link.ts";
import { refuse } from "../decision/decision.ts";
import type { Gate } from "../gate.ts";
import { type ManagedCall, type ManagedHandler, json } from "./managed.ts";

/*
 * The Audit API (reference: brightcove 7.3), with the fields of both of its documents. A report is ready as soon as it is asked for: it is a
 * mark in the day's decisions, and is written out when it is downloaded.
 */

/** The object that holds the decisions of an account and day. */
export function auditLogOf(gate: Gate, account: string, day: string): DurableObjectStub<AuditLog> {
	return gate.auditLogs.getByName(`${account}/${day}`);
}

/** The day is the path's last part. What this isolate has decided until now is in the report. */
export const queryAudit: ManagedHandler = async (call) => {
	const { gate, nowMs } = call.exchange;
	const day = judgeDay(call.id, nowMs);
	if (!day.allowed) return day;
	await gate.audit.flush(call.account, day.value);
	const execution = executionId(day.value, gate.ports.newId());
	await auditLogOf(gate, call.account, day.value).snapshot(execution, forgetAtMs(day.value));
	return json(call, { execution_id: execution, executionID: execution });
};

async function exists({ exchange: { gate, nowMs }, account, id }: ManagedCall): Promise<boolean> {
	const day = dayOfExecution(id, nowMs);
	return day !== null && (await auditLogOf(gate, account, day).hasExecution(id));
}

export const auditStatus: ManagedHandler = async (call) => {
	if (!(await exists(call))) return refuse({ reason: "resource-not-found" });
	return json(call, { state: "SUCCEEDED", status: "completed" });
};

export const auditReport: ManagedHandler = async (call) => {
	if (!(await exists(call))) return refuse({ reason: "resource-not-found" });
	const { gate, nowMs, url } = call.exchange;
	const expiresAt = Math.floor(nowMs / 1000) + REPORT_LINK_SECONDS;
	const ticket = gate.reportLinks.sign({ account: call.account, execution: call.id, expiresAt });
	const link = `${new URL(url).origin}/v1/audit/reports/${ticket}`;
	return json(call, { report_url: link, expiration_time: expiresAt, signedURL: link, expirationTime: expiresAt });
};
