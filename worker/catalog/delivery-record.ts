import { type ActionProperties, type Condition, actionSchema, conditionsSchema } from "./delivery-schema.ts";
import { type Parsed, parse } from "./issues.ts";
import { readStored, writeStored } from "./stored.ts";

/** A delivery rule action as KV holds it: each in a record of its own, so that two writers never lose each other's. */
export interface ActionRecord {
	readonly account_id: string;
	readonly id: string;
	readonly properties: ActionProperties;
}

/** Where an action lives: `id` as in its path, `at` its place in a file that holds several. */
export interface ActionPlace {
	readonly account: string;
	readonly id: string;
	readonly at?: string;
}

/** Validates a user's action. Issues name the place within the body (or below `place.at`). */
export function acceptAction(input: unknown, { account, id, at = "" }: ActionPlace): Parsed<ActionRecord> {
	const action = parse(actionSchema, input, at);
	if (!action.ok) return action;
	const prefix = at === "" ? "" : `${at}.`;
	const { id: named, properties } = action.value;
	const issues: string[] = [];
	if (named !== undefined && named !== id) issues.push(`${prefix}id: must be "${id}", as in the path`);
	const { min_video_bitrate: least, max_video_bitrate: most } = properties;
	if (least !== undefined && most !== undefined && least > most) {
		issues.push(`${prefix}properties.min_video_bitrate: must not be above max_video_bitrate`);
	}
	return issues.length > 0 ? { ok: false, issues } : { ok: true, value: { account_id: account, id, properties } };
}

export function readAction(stored: string): Parsed<ActionRecord> {
	const opened = readStored(stored, "action");
	if (!opened.ok) return opened;
	const { account, id, record } = opened.value;
	return acceptAction(record, { account, id, at: "action" });
}

export function writeAction({ account_id: account, id, properties }: ActionRecord): string {
	return writeStored({ account, id }, "action", { properties });
}

/** Validates the conditions of an account. Whether the actions exist that they name is `missingActions`' to say. */
export function acceptConditions(input: unknown, at = ""): Parsed<readonly Condition[]> {
	return parse(conditionsSchema, input, at);
}

/** An issue for each `then` that names none of `known`. */
export function missingActions(conditions: readonly Condition[], known: ReadonlySet<string>, at = ""): string[] {
	return conditions.flatMap(({ then }, index) =>
		then.flatMap((id, place) =>
			known.has(id) ? [] : [`${at}[${index}].then[${place}]: names no action of the account: "${id}"`],
		),
	);
}

export function readConditions(stored: string): Parsed<readonly Condition[]> {
	const opened = readStored(stored, "conditions");
	return opened.ok ? acceptConditions(opened.value.record, "conditions") : opened;
}

export function writeConditions(account: string, conditions: readonly Condition[]): string {
	return writeStored({ account, id: "conditions" }, "conditions", conditions);
}
