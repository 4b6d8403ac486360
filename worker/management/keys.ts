import * as v from "valibot";
import { type KeyRecord, acceptKey, keyRecordSchema, writeKey } from "../catalog/account-record.ts";
import { openObject, parse } from "../catalog/issues.ts";
import { kvKeys } from "../catalog/kv-keys.ts";
import { storedKeys } from "../catalog/stored-keys.ts";
import { idSchema } from "../catalog/video-schema.ts";
import { refuse } from "../decision/decision.ts";
import { type ManagedCall, type ManagedHandler, json, noContent, readJson } from "./managed.ts";

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

/** Registers a public key; any number of them. A key is never changed: the tokens and revocations that name it mean the one that it is. */
export const addKey: ManagedHandler = async (call) => {
	const { gate, nowMs } = call.exchange;
	const body = await readJson(call);
	if (!body.allowed) return body;
	const parsed = parse(keyBodySchema, body.value);
	if (!parsed.ok) return refuse({ reason: "record-invalid", issues: parsed.issues });
	const { value, id = gate.ports.newId() } = parsed.value;
	const key = await acceptKey(value, "value", new Date(nowMs).toISOString());
	if (!key.ok) return refuse({ reason: "record-invalid", issues: key.issues });
	const known = await storedKey(call, id);
	if (known && known.value !== key.value.value) return refuse({ reason: "record-invalid", issues: [taken(id)] });
	const record = known ?? key.value;
	const { value: text, metadata } = writeKey(record);
	await gate.kv.put(kvKeys.key(call.account, id), text, metadata && { metadata });
	gate.catalog.forgetAccount(call.account);
	const location = `/v1/accounts/${call.account}/keys/${id}`;
	return json(call, shown(id, record), 201, { Location: location });
};

const taken = (id: string): string => `id: there is another key "${id}" already; delete it first, or leave the id out`;

async function storedKey({ exchange, account }: ManagedCall, id: string): Promise<KeyRecord | null> {
	const record = parse(keyRecordSchema, await exchange.gate.kv.get(kvKeys.key(account, id), "json"));
	return record.ok ? record.value : null;
}

export const listKeys: ManagedHandler = async (call) => {
	const stored = await storedKeys(call.exchange.gate.kv, call.account);
	const keys = stored.flatMap(({ id, record }) => {
		const key = parse(keyRecordSchema, record);
		return key.ok ? [shown(id, key.value)] : [];
	});
	return json(call, keys);
};

export const getKey: ManagedHandler = async (call) => {
	const record = await storedKey(call, call.id);
	return record ? json(call, shown(call.id, record)) : refuse({ reason: "resource-not-found" });
};

export const deleteKey: ManagedHandler = async (call) => {
	const { gate } = call.exchange;
	const name = kvKeys.key(call.account, call.id);
	if ((await gate.kv.get(name)) === null) return refuse({ reason: "resource-not-found" });
	await gate.kv.delete(name);
	gate.catalog.forgetAccount(call.account);
	return noContent(call);
};
