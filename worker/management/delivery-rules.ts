import {
	type ActionRecord,
	acceptAction,
	acceptConditions,
	missingActions,
	readAction,
	readConditions,
	writeAction,
	writeConditions,
} from "../catalog/delivery-record.ts";
import type { Condition } from "../catalog/delivery-schema.ts";
import { parse } from "../catalog/issues.ts";
import { kvKeys } from "../catalog/kv-keys.ts";
import { listAll } from "../catalog/kv-list.ts";
import { idSchema } from "../catalog/video-schema.ts";
import { refuse } from "../decision/decision.ts";
import { type ManagedCall, type ManagedHandler, json, noContent, readJson } from "./managed.ts";

/** The Delivery Rules API (reference: brightcove 8). */
const shown = ({ id, properties }: ActionRecord) => ({ id, properties });

export const getRules: ManagedHandler = async (call) => {
	const [conditions, actions] = await Promise.all([storedConditions(call), storedActions(call)]);
	return json(call, { conditions, actions });
};

export const getConditions: ManagedHandler = async (call) => json(call, await storedConditions(call));

/** Replaces them all. An action that does not exist is a mistake: a rule that does nothing would go unnoticed. */
export const putConditions: ManagedHandler = async (call) => {
	const { account, exchange } = call;
	const { kv, catalog } = exchange.gate;
	const body = await readJson(call);
	if (!body.allowed) return body;
	const conditions = acceptConditions(body.value);
	if (!conditions.ok) return refuse({ reason: "record-invalid", issues: conditions.issues });
	const named = new Set(conditions.value.flatMap(({ then }) => then));
	const issues = missingActions(conditions.value, await existing(call, named));
	if (issues.length > 0) return refuse({ reason: "record-invalid", issues: issues.slice(0, MOST_ISSUES) });
	await kv.put(kvKeys.conditions(account), writeConditions(account, conditions.value));
	catalog.deliveryRules.forget(account, null);
	return json(call, conditions.value);
};

const MOST_ISSUES = 20;

export const listActions: ManagedHandler = async (call) => json(call, await storedActions(call));

/** 200, not 201, as the API that this stands for. The gate gives the id, unless the body chooses one that is free. */
export const addAction: ManagedHandler = async (call) => {
	const { exchange, account } = call;
	const body = await readJson(call);
	if (!body.allowed) return body;
	const id = parse(idSchema, givenId(body.value) ?? exchange.gate.ports.newId(), "id");
	if (!id.ok) return refuse({ reason: "record-invalid", issues: id.issues });
	const action = acceptAction(body.value, { account, id: id.value });
	if (!action.ok) return refuse({ reason: "record-invalid", issues: action.issues });
	if (await storedAction({ ...call, id: id.value })) {
		return refuse({ reason: "record-invalid", issues: [`id: there is an action "${id.value}" already`] });
	}
	return save(call, action.value);
};

function givenId(body: unknown): unknown {
	return typeof body === "object" && body !== null && "id" in body ? body.id : null;
}

/** Replaces the whole action; one that does not exist is not made. */
export const putAction: ManagedHandler = async (call) => {
	const body = await readJson(call);
	if (!body.allowed) return body;
	const action = acceptAction(body.value, { account: call.account, id: call.id });
	if (!action.ok) return refuse({ reason: "record-invalid", issues: action.issues });
	return (await storedAction(call)) ? save(call, action.value) : refuse({ reason: "resource-not-found" });
};

async function save(call: ManagedCall, action: ActionRecord) {
	const { kv, catalog } = call.exchange.gate;
	await kv.put(kvKeys.action(call.account, action.id), writeAction(action));
	catalog.deliveryRules.forget(call.account, action.id);
	return json(call, shown(action));
}

export const getAction: ManagedHandler = async (call) => {
	const action = await storedAction(call);
	return action ? json(call, shown(action)) : refuse({ reason: "resource-not-found" });
};

/** Conditions that name it go on without it. */
export const deleteAction: ManagedHandler = async (call) => {
	const { kv, catalog } = call.exchange.gate;
	const name = kvKeys.action(call.account, call.id);
	if ((await kv.get(name)) === null) return refuse({ reason: "resource-not-found" });
	await kv.delete(name);
	catalog.deliveryRules.forget(call.account, call.id);
	return noContent(call);
};

async function storedConditions({ exchange, account }: ManagedCall): Promise<readonly Condition[]> {
	const text = await exchange.gate.kv.get(kvKeys.conditions(account));
	const conditions = text === null ? null : readConditions(text);
	return conditions?.ok ? conditions.value : [];
}

async function storedAction({ exchange, account, id }: ManagedCall): Promise<ActionRecord | null> {
	const text = await exchange.gate.kv.get(kvKeys.action(account, id));
	const action = text === null ? null : readAction(text);
	return action?.ok ? action.value : null;
}

/** KV reads at most 100 at once, and an action is at most 32 KiB. */
const READ_AT_ONCE = 100;

async function storedActions(call: ManagedCall): Promise<ReturnType<typeof shown>[]> {
	const listed = await listAll(call.exchange.gate.kv, kvKeys.actionsOf(call.account));
	const read = await readMany(
		call,
		listed.map(({ id }) => id),
	);
	return read.map(shown);
}

async function existing(call: ManagedCall, ids: ReadonlySet<string>): Promise<ReadonlySet<string>> {
	const read = await readMany(call, [...ids]);
	return new Set(read.map(({ id }) => id));
}

async function readMany({ exchange, account }: ManagedCall, ids: readonly string[]): Promise<ActionRecord[]> {
	const found: ActionRecord[] = [];
	for (let start = 0; start < ids.length; start += READ_AT_ONCE) {
		const names = ids.slice(start, start + READ_AT_ONCE).map((id) => kvKeys.action(account, id));
		const texts = await exchange.gate.kv.get(names, "text");
		for (const text of texts.values()) {
			const action = text === null ? null : readAction(text);
			if (action?.ok) found.push(action.value);
		}
	}
	return found;
}
