import * as v from "valibot";
import { type KeyRecord, acceptKey, keyRecordSchema } from "../catalog/account-record.ts";
import { openObject, parse } from "../catalog/issues.ts";
import { kvKeys } from "../catalog/kv-keys.ts";
import { listAll } from "../catalog/kv-list.ts";
import { idSchema } from "../catalog/video-schema.ts";
import { refuse } from "../decision/decision.ts";
import { type ManagedHandler, json, noContent, readJson } from "./managed.ts";

/** The Key API (reference: wire facts 7.1), with both spellings of the field that its two documents disagree on. */
function shown(id: string, record: KeyRecord) {
	const { algorithm, value, created_at: createdAt } = record;
	return {
		id,
		type: "public",
		algorithm: algorithm === "RS256" ? "rsa" : "ec",
		value,
		created_at: createdAt,
		createdAt,
	};
}

/** Other members are ignored: clients send back what they were shown. */
export const keyBodySchema = openObject({
	/** Base64 of the SPKI DER, wrapped or not, or PEM. */
	value: v.pipe(v.string("must be a string"), v.minLength(1, "must not be empty")),
	id: v.optional(idSchema),
});

/** Registers a public key; any number of them. */
export const addKey: ManagedHandler = async (call) => {
	const { gate, nowMs } = call.exchange;
	const body = await readJson(call);
	if (!body.allowed) return body;
	const parsed = parse(keyBodySchema, body.value);
	if (!parsed.ok) return refuse({ reason: "record-invalid", issues: parsed.issues });
	const { value, id = gate.ports.newId() } = parsed.value;
	const key = await acceptKey(value, "value", new Date(nowMs).toISOString());
	if (!key.ok) return refuse({ reason: "record-invalid", issues: key.issues });
	const name = kvKeys.key(call.account, id);
	await gate.kv.put(name, JSON.stringify(key.value), { metadata: key.value });
	gate.catalog.forgetAccount(call.account);
	const location = `/v1/accounts/${call.account}/keys/${id}`;
	return json(call, shown(id, key.value), 201, { Location: location });
};

export const listKeys: ManagedHandler = async (call) => {
	const listed = await listAll(call.exchange.gate.kv, kvKeys.keysOf(call.account));
	const keys = listed.flatMap(({ id, metadata }) => {
		const record = parse(keyRecordSchema, metadata);
		return record.ok ? [shown(id, record.value)] : [];
	});
	return json(call, keys);
};

export const getKey: ManagedHandler = async (call) => {
	const record = parse(keyRecordSchema, await call.exchange.gate.kv.get(kvKeys.key(call.account, call.id), "json"));
	return record.ok ? json(call, shown(call.id, record.value)) : refuse({ reason: "resource-not-found" });
};

export const deleteKey: ManagedHandler = async (call) => {
	const { gate } = call.exchange;
	const name = kvKeys.key(call.account, call.id);
	if ((await gate.kv.get(name)) === null) return refuse({ reason: "resource-not-found" });
	await gate.kv.delete(name);
	gate.catalog.forgetAccount(call.account);
	return noContent(call);
};
