import * as v from "valibot";
import type { Sealer } from "../sealing.ts";
import { type Parsed, parse } from "./issues.ts";
import { SEALED, openValue } from "./sealed-value.ts";
import { readStored, writeStored } from "./stored.ts";

/** Keys apart from those of other secrets. */
export const CREDENTIALS_PURPOSE = "catalog credentials";

/** A record that is secret as a whole: KV holds its members' names, when it was written, and the rest as one sealed text. */
const sealedSchema = v.object({
	sealed: v.string(),
	members: v.array(v.string()),
	created_at: v.string(),
	updated_at: v.string(),
});

/** What may be told of a sealed record. */
export type SealedOutline = Omit<v.InferOutput<typeof sealedSchema>, "sealed">;

export interface SealedRecord extends SealedOutline {
	/** As it was given, opened. */
	readonly value: unknown;
}

const KIND = "credentials";

export function readSealed(text: string, sealer: Sealer): Parsed<SealedRecord> {
	const stored = readStored(text, KIND);
	if (!stored.ok) return stored;
	const { account, id, record } = stored.value;
	const parsed = parse(sealedSchema, record, KIND);
	if (!parsed.ok) return parsed;
	const { sealed, ...outline } = parsed.value;
	const opened = openValue(sealed, sealer, `${account}/${id}`);
	if (opened === null) return { ok: false, issues: ["was sealed with another CONTENT_SECRET"] };
	return { ok: true, value: { ...outline, value: JSON.parse(opened) } };
}

interface SealedPlace {
	readonly account: string;
	readonly id: string;
	readonly nowMs: number;
	readonly before: SealedOutline | null;
}

/** The text for KV, and what may be told of it. Members that are null count as not given. */
export function writeSealed(
	value: object,
	{ account, id, nowMs, before }: SealedPlace,
	sealer: Sealer,
): { readonly text: string; readonly outline: SealedOutline } {
	const now = new Date(nowMs).toISOString();
	const members = Object.entries(value).flatMap(([name, member]) => (member === null ? [] : [name]));
	const outline = { members: members.toSorted(), created_at: before?.created_at ?? now, updated_at: now };
	const sealed = SEALED + sealer.seal(JSON.stringify(value), `${account}/${id}`);
	return { text: writeStored({ account, id }, KIND, { ...outline, sealed }), outline };
}
