import { acceptKey, writeAccount, writeKey } from "../worker/catalog/account-record.ts";
import {
	acceptAction,
	acceptConditions,
	missingActions,
	writeAction,
	writeConditions,
} from "../worker/catalog/delivery-record.ts";
import { type Parsed, object, parse, recordOf } from "../worker/catalog/issues.ts";
import { kvKeys } from "../worker/catalog/kv-keys.ts";
import { type PlaylistRecord, acceptPlaylist, writePlaylist } from "../worker/catalog/playlist-record.ts";
import { acceptRight, writeRight } from "../worker/catalog/right-record.ts";
import { accountSettingsSchema } from "../worker/catalog/settings-schema.ts";
import { CONTENT_PURPOSE, type VideoRecord, acceptVideo, writeVideo } from "../worker/catalog/video-record.ts";
import { idSchema } from "../worker/catalog/video-schema.ts";
import { Sealer } from "../worker/sealing.ts";
import { joinRecords } from "./join-records.ts";
import * as v from "valibot";

/** One entry of `wrangler kv bulk put`. */
export interface KvRecord {
	readonly key: string;
	readonly value: string;
	readonly metadata?: unknown;
}

export type SeedResult =
	| { readonly ok: true; readonly records: readonly KvRecord[] }
	| { readonly ok: false; readonly issues: readonly string[] };

const list = <S extends v.GenericSchema>(item: S) => v.optional(v.array(item, "must be a list"), []);

const recordList = list(
	v.custom<{ id: unknown }>((item) => typeof item === "object" && item !== null, "must be an object"),
);

/** The outline of a seed file; what it lists is validated each by itself, as the management API does. */
const seedSchema = object({
	accounts: v.array(
		object({
			id: idSchema,
			name: v.optional(v.string("must be a string"), ""),
			settings: v.optional(accountSettingsSchema, {}),
			keys: list(object({ id: idSchema, value: v.unknown() })),
			videos: recordList,
			rights: recordList,
			playlists: recordList,
			actions: recordList,
			conditions: v.optional(v.unknown()),
			e2ee_sessions: recordList,
			providers: v.optional(recordOf(v.string(), v.unknown()), {}),
			join_webhook: v.optional(v.unknown()),
		}),
		"must be a list",
	),
});

type SeedAccount = v.InferOutput<typeof seedSchema>["accounts"][number];

export interface SeedOptions {
	/** The Worker's CONTENT_SECRET: secrets are sealed before they leave this machine. */
	readonly contentSecret: string;
	/** Allows http sources on loopback, as the local environment does. */
	readonly local: boolean;
	readonly now?: Date;
}

/**
 * Turns a seed file into KV records (docs/storage.md). All mistakes are told at once, each with its path
 * (`accounts[0].videos[2].sources[0].src: must start with https://`), and with one mistake there are no records at all.
 */
export async function toRecords(seed: unknown, options: SeedOptions): Promise<SeedResult> {
	const outline = parse(seedSchema, seed);
	if (!outline.ok) return outline;
	const records: KvRecord[] = [];
	const issues: string[] = [];
	const take = (part: Parsed<readonly KvRecord[]>): void => {
		if (part.ok) records.push(...part.value);
		else issues.push(...part.issues);
	};
	for (const [index, account] of outline.value.accounts.entries()) {
		const at = `accounts[${index}]`;
		records.push({ key: kvKeys.account(account.id), value: writeAccount(account.name, account.settings) });
		for (const part of await keyRecords(account, at, options)) take(part);
		for (const part of deliveryRecords(account, at)) take(part);
		for (const part of videoRecords(account, at, options)) take(part);
		for (const part of rightRecords(account, at)) take(part);
		for (const part of playlistRecords(account, at)) take(part);
		for (const part of await joinRecords(account, at, options)) take(part);
	}
	issues.push(...repeated(records));
	return issues.length > 0 ? { ok: false, issues } : { ok: true, records };
}

function keyRecords(
	account: SeedAccount,
	at: string,
	{ now = new Date() }: SeedOptions,
): Promise<Parsed<readonly KvRecord[]>[]> {
	return Promise.all(
		account.keys.map(async ({ id, value }, index): Promise<Parsed<readonly KvRecord[]>> => {
			const key = await acceptKey(value, `${at}.keys[${index}].value`, now.toISOString());
			if (!key.ok) return key;
			return {
				ok: true,
				value: [{ key: kvKeys.key(account.id, id), ...writeKey(key.value) }],
			};
		}),
	);
}

function videoRecords(account: SeedAccount, at: string, options: SeedOptions): Parsed<readonly KvRecord[]>[] {
	const sealer = new Sealer(options.contentSecret, CONTENT_PURPOSE);
	return account.videos.map((video, index) => {
		const place = `${at}.videos[${index}]`;
		const id = idOf(video, place);
		if (!id.ok) return id;
		const accepted = acceptVideo(video, { account: account.id, id: id.value, at: place, local: options.local }, sealer);
		return accepted.ok ? { ok: true, value: recordsOf(accepted.value) } : accepted;
	});
}

const idOf = ({ id }: { readonly id: unknown }, place: string) => parse(idSchema, id, `${place}.id`);

function rightRecords(account: SeedAccount, at: string): Parsed<readonly KvRecord[]>[] {
	return account.rights.map((right, index) => {
		const place = `${at}.rights[${index}]`;
		const id = idOf(right, place);
		if (!id.ok) return id;
		const accepted = acceptRight(right, { account: account.id, id: id.value, at: place });
		if (!accepted.ok) return accepted;
		const record = { key: kvKeys.right(account.id, id.value), value: writeRight(accepted.value) };
		const asDefault = { key: kvKeys.defaultRight(account.id), value: id.value };
		return { ok: true, value: accepted.isDefault ? [record, asDefault] : [record] };
	});
}

function playlistRecords(account: SeedAccount, at: string): Parsed<readonly KvRecord[]>[] {
	return account.playlists.map((playlist, index) => {
		const place = `${at}.playlists[${index}]`;
		const id = idOf(playlist, place);
		if (!id.ok) return id;
		const accepted = acceptPlaylist(playlist, { account: account.id, id: id.value, at: place });
		return accepted.ok ? { ok: true, value: recordsOfPlaylist(accepted.value) } : accepted;
	});
}

function recordsOfPlaylist(playlist: PlaylistRecord): readonly KvRecord[] {
	const { account_id: account, id, reference_id: reference } = playlist;
	const record = { key: kvKeys.playlist(account, id), value: writePlaylist(playlist) };
	return reference === null ? [record] : [record, { key: kvKeys.playlistReference(account, reference), value: id }];
}

function deliveryRecords(account: SeedAccount, at: string): Parsed<readonly KvRecord[]>[] {
	const actions = account.actions.map((action, index): Parsed<readonly KvRecord[]> => {
		const place = `${at}.actions[${index}]`;
		const id = idOf(action, place);
		if (!id.ok) return id;
		const accepted = acceptAction(action, { account: account.id, id: id.value, at: place });
		if (!accepted.ok) return accepted;
		return { ok: true, value: [{ key: kvKeys.action(account.id, id.value), value: writeAction(accepted.value) }] };
	});
	return account.conditions === undefined ? actions : [...actions, conditionRecord(account, `${at}.conditions`)];
}

function conditionRecord({ id, actions, conditions }: SeedAccount, at: string): Parsed<readonly KvRecord[]> {
	const accepted = acceptConditions(conditions, at);
	if (!accepted.ok) return accepted;
	const known = new Set(actions.flatMap((action) => (typeof action.id === "string" ? [action.id] : [])));
	const issues = missingActions(accepted.value, known, at);
	if (issues.length > 0) return { ok: false, issues };
	return { ok: true, value: [{ key: kvKeys.conditions(id), value: writeConditions(id, accepted.value) }] };
}

function recordsOf(video: VideoRecord): readonly KvRecord[] {
	const record = { key: kvKeys.video(video.account_id, video.id), value: writeVideo(video) };
	if (video.reference_id === null) return [record];
	return [record, { key: kvKeys.reference(video.account_id, video.reference_id), value: video.id }];
}

function repeated(records: readonly KvRecord[]): string[] {
	const seen = new Set<string>();
	const issues: string[] = [];
	for (const { key } of records) {
		if (seen.has(key)) issues.push(`${told(key)}: is given more than once`);
		seen.add(key);
	}
	return issues;
}

/** Reference ids are hashed in keys. */
function told(key: string): string {
	return key
		.replace(/^ref\/.*/, "reference_id")
		.replace(/^playlist-ref\/.*/, "reference_id of a playlist")
		.replace(/^e2ee-provider\/[^/]*\/([^/]*)\/.*/, "$1: the provider's own name of a session");
}
