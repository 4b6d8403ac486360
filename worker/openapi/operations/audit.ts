import type { Operation } from "../operation.ts";
import { ref } from "../operation.ts";
import { MANAGE, type Managed, ok } from "./managed.ts";

const AUDIT = "/v1/audit/accounts/{account}";
const execution = { tag: "Audit", path: `${AUDIT}/execution/{id}` } as const;
const text = { type: "string" } as const;

/** What was decided in the last 30 days. */
export const auditOperations: readonly Managed[] = [
	{
		tag: "Audit",
		path: `${AUDIT}/query/{day}`,
		method: "post",
		id: "queryAudit",
		summary: "Asks for a report of a day, today or one of the 30 days before.",
		answers: ok("Its execution.", ref("Execution")),
	},
	{
		...execution,
		path: `${execution.path}/status`,
		method: "get",
		id: "getAuditStatus",
		summary: "How far a report is.",
		answers: ok("The state, in both spellings.", ref("ExecutionStatus")),
	},
	{
		...execution,
		path: `${execution.path}/report`,
		method: "get",
		id: "getAuditReport",
		summary: "A link to the report, good for 15 minutes.",
		answers: ok("The link, in both spellings.", ref("Report")),
	},
	{
		tag: "Audit",
		path: `${MANAGE}/decisions`,
		method: "get",
		id: "listDecisions",
		summary: "Decisions of a day, newest first.",
		query: {
			day: { description: "UTC day, YYYY-MM-DD; today unless it is given.", schema: { ...text, format: "date" } },
			uid: { description: "The viewer (claim uid).", schema: text },
			reason: { description: "As in docs/reasons.md.", schema: text },
			allowed: { description: "Only those, or only refusals.", schema: { enum: ["true", "false"] } },
			before: { description: "Cursor of the page before.", schema: text },
			limit: {
				description: "Decisions on a page.",
				schema: { type: "integer", minimum: 1, maximum: 1000, default: 100 },
			},
		},
		answers: ok("A page.", ref("Decisions")),
	},
];

/** The link itself: whoever has it may follow it. */
export const reportOperation: Operation = {
	tag: "Audit",
	method: "get",
	path: "/v1/audit/reports/{ticket}",
	id: "downloadAuditReport",
	credential: "none",
	summary: "A report as CSV.",
	answers: { 200: { description: "A line a decision, with a header.", type: "text/csv", schema: { type: "string" } } },
};
