import { kvKeys } from "../catalog/kv-keys.ts";
import { type PlaylistRecord, acceptPlaylist, readPlaylist, writePlaylist } from "../catalog/playlist-record.ts";
import { refuse } from "../decision/decision.ts";
import { type ManagedCall, type ManagedHandler, json, noContent, readJson } from "./managed.ts";
import { claimReference, dated, listIds } from "./named-records.ts";

const references = { kind: "playlist", keyOf: kvKeys.playlistReference };

/** Straight from KV, not from the isolate's cache. Null when there is none, or none that can be read. */
async function stored({ exchange, account, id }: ManagedCall): Promise<PlaylistRecord | null> {
	const text = await exchange.gate.kv.get(kvKeys.playlist(account, id));
	const record = text === null ? null : readPlaylist(text);
	return record?.ok ? record.value : null;
}

export const listPlaylists: ManagedHandler = async (call) => {
	const { entries, cursor } = await listIds(call, kvKeys.playlistsOf(call.account));
	return json(call, { playlists: entries, cursor });
};

export const getPlaylist: ManagedHandler = async (call) => {
	const record = await stored(call);
	return record ? json(call, record) : refuse({ reason: "playlist-not-found" });
};

/** Replaces the whole record. */
export const putPlaylist: ManagedHandler = async (call) => {
	const { exchange, account, id } = call;
	const { gate } = exchange;
	const body = await readJson(call);
	if (!body.allowed) return body;
	const accepted = acceptPlaylist(body.value, { account, id });
	if (!accepted.ok) return refuse({ reason: "record-invalid", issues: accepted.issues });
	const before = await stored(call);
	const playlist = dated(accepted.value, before, call);
	const reference = await claimReference(call, playlist, before, references);
	if (!reference.allowed) return reference;
	await gate.kv.put(kvKeys.playlist(account, id), writePlaylist(playlist));
	if (before) gate.catalog.forgetPlaylist(before);
	gate.catalog.forgetPlaylist(playlist);
	return json(call, playlist, before ? 200 : 201);
};

export const deletePlaylist: ManagedHandler = async (call) => {
	const { gate } = call.exchange;
	const record = await stored(call);
	if (!record) return refuse({ reason: "playlist-not-found" });
	await gate.kv.delete(kvKeys.playlist(call.account, call.id));
	if (record.reference_id !== null) await gate.kv.delete(kvKeys.playlistReference(call.account, record.reference_id));
	gate.catalog.forgetPlaylist(record);
	return noContent(call);
};
