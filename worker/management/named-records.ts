import { type Decision, allow, refuse } from "../decision/decision.ts";
import type { ManagedCall } from "./managed.ts";

/** What records that have a reference id beside their id have in common. */
interface Referenced {
	readonly id: string;
	readonly reference_id: string | null;
}

/** Where a kind of record keeps which of them a reference id names. */
interface References {
	/** As it is told: "video". */
	readonly kind: string;
	readonly keyOf: (account: string, referenceId: string) => string;
}

/** Points the record's reference id at it, and takes back the one that it had before. A reference id names one record of a kind. */
export async function claimReference(
	{ exchange, account }: ManagedCall,
	record: Referenced,
	before: Referenced | null,
	{ kind, keyOf }: References,
): Promise<Decision> {
	const { kv } = exchange.gate;
	const [next, last] = [record.reference_id, before?.reference_id ?? null];
	if (next !== null) {
		const name = keyOf(account, next);
		const owner = await kv.get(name);
		if (owner !== null && owner !== record.id) {
			return refuse({ reason: "record-invalid", issues: [`reference_id: already names the ${kind} "${owner}"`] });
		}
		await kv.put(name, record.id);
	}
	if (last !== null && last !== next) await kv.delete(keyOf(account, last));
	return allow();
}

const IDS_AT_ONCE = 100;

/** One page of the ids below a prefix, from the query's `cursor` on; the next cursor is null at the end. */
export async function listIds({ exchange }: ManagedCall, prefix: string) {
	const page = await exchange.gate.kv.list({ prefix, limit: IDS_AT_ONCE, cursor: exchange.query.get("cursor") });
	return {
		entries: page.keys.map(({ name }) => ({ id: name.slice(prefix.length) })),
		cursor: page.list_complete ? null : page.cursor,
	};
}

interface Dated {
	readonly created_at?: string | null | undefined;
	readonly updated_at?: string | null | undefined;
}

/** When a record was made and last written, where the publisher does not say so itself. */
export function dated<R extends Dated>(record: R, before: Dated | null, { exchange }: ManagedCall): R {
	const now = new Date(exchange.nowMs).toISOString();
	return {
		...record,
		created_at: record.created_at ?? before?.created_at ?? now,
		updated_at: record.updated_at ?? now,
	};
}
