import * as v from "valibot";
import { type Parsed, parse } from "./issues.ts";
import { SCHEMA_VERSION } from "./kv-keys.ts";

/** What every record of an account says of itself in KV, beside the record proper. */
const envelope = v.object({ schema: v.literal(SCHEMA_VERSION), account: v.string(), id: v.string() });

type Envelope = Omit<v.InferOutput<typeof envelope>, "schema">;

/** Opens a record that `writeStored` wrote; `record` is still to be parsed. */
export function readStored(text: string, kind: string): Parsed<Envelope & { readonly record: unknown }> {
	let stored: unknown;
	try {
		stored = JSON.parse(text);
	} catch {
		return { ok: false, issues: ["the record is not JSON"] };
	}
	const parsed = parse(envelope, stored);
	if (!parsed.ok) return parsed;
	const { account, id } = parsed.value;
	return { ok: true, value: { account, id, record: (stored as Readonly<Record<string, unknown>>)[kind] } };
}

export function writeStored({ account, id }: Envelope, kind: string, record: unknown): string {
	return JSON.stringify({ schema: SCHEMA_VERSION, account, id, [kind]: record });
}
