import type { Parsed } from "../catalog/issues.ts";
import type { AcceptedCredentials } from "../catalog/provider-credentials.ts";
import { CREDENTIALS_PURPOSE, type SealedRecord, readSealed, writeSealed } from "../catalog/sealed-record.ts";
import { type Decision, refuse } from "../decision/decision.ts";
import { Sealer } from "../sealing.ts";
import { type ManagedCall, json, noContent, readJson } from "./managed.ts";

/** A record that is secret as a whole, as the management API serves it. */
export interface SealedKind {
	/** Key of KV. */
	readonly key: string;
	/** Names it within the account, in the record and in its answers. */
	readonly id: string;
	readonly accept: (
		body: unknown,
		stored: unknown,
	) => Parsed<AcceptedCredentials<object>> | Promise<Parsed<AcceptedCredentials<object>>>;
	/** What may be told of it beside the names of its members. */
	readonly tells: (value: unknown) => Readonly<Record<string, unknown>>;
	readonly forget: () => void;
}

const sealerOf = ({ exchange }: ManagedCall): Sealer =>
	new Sealer(exchange.gate.settings.contentSecret, CREDENTIALS_PURPOSE);

/** Straight from KV, not from the isolate's cache. Null when there is none, or none that can be opened. */
async function stored(call: ManagedCall, { key }: SealedKind): Promise<SealedRecord | null> {
	const text = await call.exchange.gate.kv.get(key);
	const record = text === null ? null : readSealed(text, sealerOf(call));
	return record?.ok ? record.value : null;
}

export async function getSealed(call: ManagedCall, kind: SealedKind): Promise<Decision<Response>> {
	const record = await stored(call, kind);
	if (!record) return refuse({ reason: "resource-not-found" });
	const { value, ...outline } = record;
	return json(call, { ...kind.tells(value), ...outline });
}

/** Replaces the whole record. A secret that the gate made is in this answer, and in none after it. */
export async function putSealed(call: ManagedCall, kind: SealedKind): Promise<Decision<Response>> {
	const { exchange, account } = call;
	const body = await readJson(call);
	if (!body.allowed) return body;
	const before = await stored(call, kind);
	const accepted = await kind.accept(body.value, before?.value ?? null);
	if (!accepted.ok) return refuse({ reason: "record-invalid", issues: accepted.issues });
	const { value, made } = accepted.value;
	const place = { account, id: kind.id, nowMs: exchange.nowMs, before };
	const { text, outline } = writeSealed(value, place, sealerOf(call));
	await exchange.gate.kv.put(kind.key, text);
	kind.forget();
	return json(call, { ...kind.tells(value), ...outline, ...made }, before ? 200 : 201);
}

/** Also of one that cannot be opened any more. */
export async function deleteSealed(call: ManagedCall, { key, forget }: SealedKind): Promise<Decision<Response>> {
	const { kv } = call.exchange.gate;
	if ((await kv.get(key)) === null) return refuse({ reason: "resource-not-found" });
	await kv.delete(key);
	forget();
	return noContent(call);
}
