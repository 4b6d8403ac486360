import { kvKeys } from "./kv-keys.ts";
import { listAll } from "./kv-list.ts";

/** The keys of an account, each with its record as it is stored: one operation for all of them, and one for each that is longer than metadata may be. */
export async function storedKeys(
	kv: KVNamespace,
	account: string,
): Promise<{ readonly id: string; readonly record: unknown }[]> {
	const listed = await listAll(kv, kvKeys.keysOf(account));
	return Promise.all(
		listed.map(async ({ id, metadata }) => ({
			id,
			record: metadata ?? (await kv.get(kvKeys.key(account, id), "json")),
		})),
	);
}
