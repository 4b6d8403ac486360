import { kvKeys } from "../catalog/kv-keys.ts";
import {
	CONTENT_PURPOSE,
	type VideoRecord,
	acceptVideo,
	maskVideo,
	readVideo,
	writeVideo,
} from "../catalog/video-record.ts";
import { refuse } from "../decision/decision.ts";
import { Sealer } from "../sealing.ts";
import { type ManagedCall, type ManagedHandler, json, noContent, readJson } from "./managed.ts";
import { claimReference, dated, listIds } from "./named-records.ts";

const references = { kind: "video", keyOf: kvKeys.reference };

/** Straight from KV, not from the isolate's cache. Null when there is none, or none that can be read. */
async function stored({ exchange, account, id }: ManagedCall): Promise<VideoRecord | null> {
	const text = await exchange.gate.kv.get(kvKeys.video(account, id));
	const record = text === null ? null : readVideo(text);
	return record?.ok ? record.value : null;
}

export const listVideos: ManagedHandler = async (call) => {
	const { entries, cursor } = await listIds(call, kvKeys.videosOf(call.account));
	return json(call, { videos: entries, cursor });
};

export const getVideo: ManagedHandler = async (call) => {
	const record = await stored(call);
	return record ? json(call, maskVideo(record)) : refuse({ reason: "video-not-found" });
};

/** Replaces the whole record. A secret that is sent as its mask keeps the value that is stored. */
export const putVideo: ManagedHandler = async (call) => {
	const { exchange, account, id } = call;
	const { gate } = exchange;
	const body = await readJson(call);
	if (!body.allowed) return body;
	const before = await stored(call);
	const sealer = new Sealer(gate.settings.contentSecret, CONTENT_PURPOSE);
	const accepted = acceptVideo(body.value, { account, id, local: gate.settings.local, stored: before }, sealer);
	if (!accepted.ok) return refuse({ reason: "record-invalid", issues: accepted.issues });
	const video = dated(accepted.value, before, call);
	const reference = await claimReference(call, video, before, references);
	if (!reference.allowed) return reference;
	await gate.kv.put(kvKeys.video(account, id), writeVideo(video));
	if (before) gate.catalog.forgetVideo(before);
	gate.catalog.forgetVideo(video);
	return json(call, maskVideo(video), before ? 200 : 201);
};

export const deleteVideo: ManagedHandler = async (call) => {
	const { gate } = call.exchange;
	const record = await stored(call);
	if (!record) return refuse({ reason: "video-not-found" });
	await gate.kv.delete(kvKeys.video(call.account, call.id));
	if (record.reference_id !== null) await gate.kv.delete(kvKeys.reference(call.account, record.reference_id));
	gate.catalog.forgetVideo(record);
	return noContent(call);
};
