import * as v from "valibot";
import { importPublicKey } from "../token/public-key.ts";
import type { VerificationKey } from "../token/verify.ts";
import { type Parsed, object, parse } from "./issues.ts";
import { SCHEMA_VERSION } from "./kv-keys.ts";
import { type AccountSettings, accountSettingsSchema } from "./settings-schema.ts";

const storedAccount = v.object({
	schema: v.literal(SCHEMA_VERSION),
	name: v.optional(v.string(), ""),
	settings: accountSettingsSchema,
});

export type AccountRecord = v.InferOutput<typeof storedAccount>;

export function writeAccount(name: string, settings: AccountSettings): string {
	return JSON.stringify({ schema: SCHEMA_VERSION, name, settings });
}

export function readAccount(text: string): Parsed<AccountRecord> {
	try {
		return parse(storedAccount, JSON.parse(text));
	} catch {
		return { ok: false, issues: ["the record is not JSON"] };
	}
}

/** A registered public key as stored: the whole record, in the value and, where it fits, again in the metadata, which a list returns. */
export const keyRecordSchema = object({
	schema: v.literal(SCHEMA_VERSION),
	value: v.string(),
	algorithm: v.picklist(["RS256", "ES256"]),
	created_at: v.string(),
});

export type KeyRecord = v.InferOutput<typeof keyRecordSchema>;

/** KV takes 1024 bytes of metadata (platform limits): an RSA key of up to some 5000 bits. */
const MOST_METADATA_BYTES = 1024;

/** How a key is written to KV. */
export function writeKey(record: KeyRecord): { readonly value: string; readonly metadata?: KeyRecord } {
	const value = JSON.stringify(record); // ASCII throughout
	return value.length > MOST_METADATA_BYTES ? { value } : { value, metadata: record };
}

/** Validates a public key as users send it. */
export async function acceptKey(value: unknown, at: string, createdAt: string): Promise<Parsed<KeyRecord>> {
	if (typeof value !== "string")
		return { ok: false, issues: [`${at}: must be a string, the public key in base64 or PEM`] };
	const imported = await importPublicKey(value);
	if (!imported.ok) return { ok: false, issues: [`${at}: ${imported.message}`] };
	const record = {
		schema: SCHEMA_VERSION,
		value: imported.value,
		algorithm: imported.algorithm,
		created_at: createdAt,
	} as const;
	return { ok: true, value: record };
}

/** The stored key, ready to verify with; null when the record is not one that the gate wrote. */
export async function openKey(id: string, record: unknown): Promise<VerificationKey | null> {
	const parsed = v.safeParse(keyRecordSchema, record);
	if (!parsed.success) return null;
	const imported = await importPublicKey(parsed.output.value);
	return imported.ok ? { id, algorithm: imported.algorithm, key: imported.key } : null;
}
