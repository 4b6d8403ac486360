import * as v from "valibot";
import type { Ports } from "../ports.ts";
import { RecordCache } from "./cache.ts";
import { type ActionRecord, readAction, readConditions } from "./delivery-record.ts";
import type { Condition } from "./delivery-schema.ts";
import { kvKeys } from "./kv-keys.ts";
import { type Owner, ttlMsOf } from "./ttl.ts";
import { idSchema } from "./video-schema.ts";

const MOST_ACTIONS = 2000;
const MOST_ACCOUNTS = 500;
const NO_CONDITIONS: readonly Condition[] = [];

/** The delivery rules of KV, parsed and cached per isolate. */
export class DeliveryRules {
	readonly #kv: KVNamespace;
	readonly #actions: RecordCache<ActionRecord | null>;
	/** By account; most have none. */
	readonly #conditions: RecordCache<readonly Condition[]>;
	/** Whether accounts have any action at all. */
	readonly #used: RecordCache<boolean>;

	constructor(kv: KVNamespace, log: Ports["log"]) {
		this.#kv = kv;
		this.#actions = new RecordCache("delivery rule", log, MOST_ACTIONS);
		this.#conditions = new RecordCache("delivery rule", log, MOST_ACCOUNTS);
		this.#used = new RecordCache("delivery rule", log, MOST_ACCOUNTS);
	}

	/** In the order in which they are applied. @throws CatalogUnavailable */
	conditions(account: Owner, nowMs: number): readonly Condition[] | Promise<readonly Condition[]> {
		const key = account.id;
		return (
			this.#conditions.fresh(key, nowMs) ??
			this.#conditions.get(key, nowMs, async () => ({
				value: await this.#loadConditions(account.id),
				ttlMs: ttlMsOf(account, true),
			}))
		);
	}

	/** The action of that id, whatever a client says it is; null when the account has none. @throws CatalogUnavailable */
	action(account: Owner, id: string, nowMs: number): ActionRecord | null | Promise<ActionRecord | null> {
		const key = `${account.id}/${id}`;
		return (
			this.#actions.fresh(key, nowMs) ??
			this.#actions.get(key, nowMs, async () => {
				const action = await this.#loadAction(account.id, id);
				return { value: action, ttlMs: ttlMsOf(account, action !== null) };
			})
		);
	}

	/** Whether the account has any action. @throws CatalogUnavailable */
	areUsed(account: Owner, nowMs: number): Promise<boolean> {
		return this.#used.get(account.id, nowMs, async () => {
			const { keys } = await this.#kv.list({ prefix: kvKeys.actionsOf(account.id), limit: 1 });
			return { value: keys.length > 0, ttlMs: ttlMsOf(account, keys.length > 0) };
		});
	}

	/** After a write of an action, or of the conditions. */
	forget(account: string, id: string | null): void {
		this.#used.forget(account);
		if (id === null) this.#conditions.forget(account);
		else this.#actions.forget(`${account}/${id}`);
	}

	async #loadConditions(account: string): Promise<readonly Condition[]> {
		const text = await this.#kv.get(kvKeys.conditions(account));
		if (text === null) return NO_CONDITIONS;
		const conditions = readConditions(text);
		if (!conditions.ok) throw new Error(`delivery conditions of ${account}: ${conditions.issues.join("; ")}`);
		return conditions.value;
	}

	async #loadAction(account: string, id: string): Promise<ActionRecord | null> {
		if (!v.is(idSchema, id)) return null;
		const text = await this.#kv.get(kvKeys.action(account, id));
		if (text === null) return null;
		const action = readAction(text);
		if (!action.ok) throw new Error(`delivery action ${account}/${id}: ${action.issues.join("; ")}`);
		return action.value;
	}
}
