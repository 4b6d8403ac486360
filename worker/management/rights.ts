import { kvKeys } from "../catalog/kv-keys.ts";
import { listAll } from "../catalog/kv-list.ts";
import { type AcceptedRight, type RightRecord, acceptRight, readRight, writeRight } from "../catalog/right-record.ts";
import { refuse } from "../decision/decision.ts";
import type { Refusal } from "../decision/refusals.ts";
import { type ManagedCall, type ManagedHandler, json, noContent, readJson } from "./managed.ts";

const UNREADABLE: Refusal = { reason: "catalog-unavailable", record: "right" };

/** The Playback Rights API (reference: brightcove 5.1); any number of rights. */
function shown({ account_id: _account, ...right }: RightRecord, defaultId: string | null) {
	return { ...right, is_default: right.id === defaultId };
}

const defaultIdOf = ({ exchange, account }: ManagedCall): Promise<string | null> =>
	exchange.gate.kv.get(kvKeys.defaultRight(account));

export const addRight = storing(async (call) => {
	const body = await readJson(call);
	if (!body.allowed) return body;
	if (typeof body.value === "object" && body.value !== null && "id" in body.value) {
		return refuse({ reason: "record-invalid", issues: ["id: is given by the gate; leave it out"] });
	}
	const id = call.exchange.gate.ports.newId();
	const right = acceptRight(body.value, { account: call.account, id });
	if (!right.ok) return refuse(mistakeOf(right));
	const answer = await save({ ...call, id }, right);
	return json(call, answer, 201, { Location: `/v1/accounts/${call.account}/playback_rights/${id}` });
});

/** Replaces the whole right; one that does not exist is not made. */
export const putRight = storing(async (call) => {
	const { exchange, account, id } = call;
	const body = await readJson(call);
	if (!body.allowed) return body;
	const right = acceptRight(body.value, { account, id });
	if (!right.ok) return refuse(mistakeOf(right));
	if ((await exchange.gate.kv.get(kvKeys.right(account, id))) === null) return refuse({ reason: "resource-not-found" });
	return json(call, await save(call, right));
});

function mistakeOf({ issues, invalid }: Extract<AcceptedRight, { ok: false }>): Refusal {
	if (invalid === null) return { reason: "record-invalid", issues };
	return { reason: invalid.kind === "country" ? "country-invalid" : "address-invalid", value: invalid.value };
}

/**
 * The account's one default is named by a record of its own: a right that is made the default takes the place of the one before in a
 * single write, whoever writes at the same time.
 */
async function save(call: ManagedCall, right: Extract<AcceptedRight, { ok: true }>) {
	const { exchange, account, id } = call;
	const { kv, catalog } = exchange.gate;
	await kv.put(kvKeys.right(account, id), writeRight(right.value));
	if (right.isDefault) await kv.put(kvKeys.defaultRight(account), id);
	else await dropDefault(call);
	catalog.forgetRight(account, id);
	return shown(right.value, right.isDefault ? id : null);
}

async function dropDefault(call: ManagedCall): Promise<void> {
	if ((await defaultIdOf(call)) === call.id) await call.exchange.gate.kv.delete(kvKeys.defaultRight(call.account));
}

export const getRight = reading(async (call) => {
	const { exchange, account, id } = call;
	const [text, defaultId] = await Promise.all([exchange.gate.kv.get(kvKeys.right(account, id)), defaultIdOf(call)]);
	if (text === null) return refuse({ reason: "resource-not-found" });
	const right = readRight(text);
	return right.ok ? json(call, shown(right.value, defaultId)) : refuse(UNREADABLE);
});

/** All of them in one array, and 404 for none, as the API that this stands for. */
export const listRights = reading(async (call) => {
	const [ids, defaultId] = await Promise.all([names(call), defaultIdOf(call)]);
	const rights = [];
	for (let start = 0; start < ids.length; start += READ_AT_ONCE) {
		const texts = await call.exchange.gate.kv.get(ids.slice(start, start + READ_AT_ONCE), "text");
		for (const text of texts.values()) {
			const right = text === null ? null : readRight(text);
			if (right?.ok) rights.push(shown(right.value, defaultId));
		}
	}
	return rights.length === 0 ? refuse({ reason: "resource-not-found" }) : json(call, rights);
});

/** KV returns at most 25 MiB at once, and a right is at most 1 MiB. */
const READ_AT_ONCE = 20;

async function names({ exchange, account }: ManagedCall): Promise<string[]> {
	const listed = await listAll(exchange.gate.kv, kvKeys.rightsOf(account));
	return listed.map(({ id }) => kvKeys.right(account, id));
}

/** The default is dropped first: between the two writes the account has none, rather than one that does not exist. */
export const deleteRight = storing(async (call) => {
	const { exchange, account, id } = call;
	const { kv, catalog } = exchange.gate;
	const name = kvKeys.right(account, id);
	if ((await kv.get(name)) === null) return refuse({ reason: "resource-not-found" });
	await dropDefault(call);
	await kv.delete(name);
	catalog.forgetRight(account, id);
	return noContent(call);
});

function reading(handle: ManagedHandler): ManagedHandler {
	return onFault(handle, UNREADABLE);
}

function storing(handle: ManagedHandler): ManagedHandler {
	return onFault(handle, { reason: "catalog-not-written", record: "right" });
}

/** What KV throws is told as the API that this stands for does (reference: wire facts 5.1). */
function onFault(handle: ManagedHandler, refusal: Refusal): ManagedHandler {
	return async (call) => {
		try {
			return await handle(call);
		} catch (fault) {
			const { gate, decisionId } = call.exchange;
			gate.ports.log({ event: "fault", where: "catalog", decision: decisionId, message: String(fault) });
			return refuse(refusal);
		}
	};
}

/** One mistake is plain text in Brightcove's API: what its clients print is the body. */
export function asPlainText(response: Response, { value }: Extract<Refusal, { reason: "country-invalid" }>): Response {
	const headers = new Headers(response.headers);
	headers.set("Content-Type", "text/plain; charset=utf-8");
	headers.set("X-Content-Type-Options", "nosniff");
	return new Response(`Invalid country: ${value}`, { status: response.status, headers });
}
