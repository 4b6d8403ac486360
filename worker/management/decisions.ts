import * as v from "valibot";
import { COLUMNS, type Position, type Row } from "../audit/contract.ts";
import { dayOf, judgeDay } from "../audit/day.ts";
import { object, parse } from "../catalog/issues.ts";
import { refuse } from "../decision/decision.ts";
import { askAuditLog } from "./audit.ts";
import { type ManagedHandler, json } from "./managed.ts";

const MOST_LISTED = 1000;

const querySchema = object({
	day: v.optional(v.string()),
	reason: v.optional(v.pipe(v.string(), v.regex(/^[a-z-]{1,64}$/, "must be a reason such as ip-limit"))),
	uid: v.optional(v.string()),
	allowed: v.optional(v.picklist(["true", "false"], "must be true or false")),
	before: v.optional(
		v.pipe(
			v.string(),
			v.regex(/^\d{1,15}\.\d{1,6}$/, "must be the cursor of an earlier answer"),
			v.transform(positionOf),
		),
	),
	limit: v.optional(
		v.pipe(
			v.string(),
			v.regex(/^\d{1,6}$/, "must be a whole number"),
			v.transform(Number),
			v.minValue(1, "must be at least 1"),
			v.maxValue(MOST_LISTED, `must be at most ${MOST_LISTED}`),
		),
		"100",
	),
});

/** `?day=&reason=&uid=&allowed=&before=&limit=`: the account's decisions of a day (today), newest first. */
export const listDecisions: ManagedHandler = async (call) => {
	const { gate, nowMs, query } = call.exchange;
	const parsed = parse(querySchema, Object.fromEntries(query));
	if (!parsed.ok) return refuse({ reason: "bad-request", detail: parsed.issues.join("; ") });
	const { reason, uid, allowed, before, limit } = parsed.value;
	const day = judgeDay(parsed.value.day ?? dayOf(nowMs), nowMs);
	if (!day.allowed) return day;
	await gate.audit.flush(call.account, day.value);
	const equal = {
		...(reason === undefined ? {} : { reason }),
		...(uid === undefined ? {} : { uid }),
		...(allowed === undefined ? {} : { allowed: allowed === "true" }),
	};
	const wanted = { equal, before: before ?? null, limit };
	const found = await askAuditLog(call.exchange, call.account, day.value, (log) => log.recent(wanted));
	if (!found.allowed) return found;
	const { text, next } = found.value;
	const decisions = (JSON.parse(text) as Row[]).map(named);
	return json(call, { decisions, cursor: next === null ? null : `${next.seq}.${next.index}` });
};

const named = (row: Row) => Object.fromEntries(COLUMNS.map((column, index) => [column, row[index] ?? null]));

function positionOf(cursor: string): Position {
	const [seq, index] = cursor.split(".");
	return { seq: Number(seq), index: Number(index) };
}
