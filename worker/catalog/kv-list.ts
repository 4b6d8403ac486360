/** One entry of a list: the name without the prefix, and the metadata as it is stored. */
export interface ListedKey {
	readonly id: string;
	readonly metadata: unknown;
}

/** Everything below a prefix, page by page. */
export async function listAll(kv: KVNamespace, prefix: string): Promise<ListedKey[]> {
	const found: ListedKey[] = [];
	let cursor: string | null = null;
	do {
		const page: KVNamespaceListResult<unknown> = await kv.list({ prefix, cursor });
		for (const { name, metadata } of page.keys)
			found.push({ id: name.slice(prefix.length), metadata: metadata ?? null });
		cursor = page.list_complete ? null : page.cursor;
	} while (cursor !== null);
	return found;
}
