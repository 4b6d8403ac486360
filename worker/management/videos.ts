import { kvKeys } from "../catalog/kv-keys.ts";
import {
	CONTENT_PURPOSE,
	type VideoRecord,
	acceptVideo,
	maskVideo,
	readVideo,
	writeVideo,
} from "../catalog/video-record.ts";
import { type Decision, refuse } from "../decision/decision.ts";
import { Sealer } from "../sealing.ts";
import { type ManagedCall, type ManagedHandler, json, noContent, readJson } from "./managed.ts";

/** Straight from KV, not from the isolate's cache. Null when there is none, or none that can be read. */
async function stored({ exchange, account, id }: ManagedCall): Promise<VideoRecord | null> {
	const text = await exchange.gate.kv.get(kvKeys.video(account, id));
	const record = text === null ? null : readVideo(text);
	return record?.ok ? record.value : null;
}

export const listVideos: ManagedHandler = async (call) => {
	const prefix = kvKeys.videosOf(call.account);
	const cursor = call.exchange.query.get("cursor");
	const page = await call.exchange.gate.kv.list({ prefix, limit: 100, cursor });
	const videos = page.keys.map(({ name }) => ({ id: name.slice(prefix.length) }));
	return json(call, { videos, cursor: page.list_complete ? null : page.cursor });
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
	const video = acceptVideo(body.value, { account, id, local: gate.settings.local, stored: before }, sealer);
	if (!video.ok) return refuse({ reason: "record-invalid", issues: video.issues });
	const reference = await claimReference(call, video.value, before);
	if (!reference.allowed) return reference;
	await gate.kv.put(kvKeys.video(account, id), writeVideo(video.value));
	if (before) gate.catalog.forgetVideo(before);
	gate.catalog.forgetVideo(video.value);
	return json(call, maskVideo(video.value), before ? 200 : 201);
};

async function claimReference(
	{ exchange, account, id }: ManagedCall,
	video: VideoRecord,
	before: VideoRecord | null,
): Promise<Decision> {
	const { kv } = exchange.gate;
	const [next, last] = [video.reference_id, before?.reference_id ?? null];
	if (next !== null) {
		const name = kvKeys.reference(account, next);
		const owner = await kv.get(name);
		if (owner !== null && owner !== id) {
			return refuse({ reason: "record-invalid", issues: [`reference_id: already names the video "${owner}"`] });
		}
		await kv.put(name, id);
	}
	if (last !== null && last !== next) await kv.delete(kvKeys.reference(account, last));
	return { allowed: true, value: undefined };
}

export const deleteVideo: ManagedHandler = async (call) => {
	const { gate } = call.exchange;
	const record = await stored(call);
	if (!record) return refuse({ reason: "video-not-found" });
	await gate.kv.delete(kvKeys.video(call.account, call.id));
	if (record.reference_id !== null) await gate.kv.delete(kvKeys.reference(call.account, record.reference_id));
	gate.catalog.forgetVideo(record);
	return noContent(call);
};
