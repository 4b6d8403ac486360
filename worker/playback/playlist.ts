import { BulkReader } from "../catalog/bulk-reader.ts";
import { CatalogUnavailable } from "../catalog/cache.ts";
import type { Video } from "../catalog/catalog.ts";
import type { PlaylistRecord } from "../catalog/playlist-record.ts";
import type { Right } from "../catalog/rights.ts";
import { type Decision, allow, refuse } from "../decision/decision.ts";
import type { Refusal } from "../decision/refusals.ts";
import type { DeliveryEffect } from "../delivery/effect.ts";
import { errorObject } from "../decision/response.ts";
import { wireError } from "../decision/wire.ts";
import { type Exchange, jsonResponse, refused } from "../exchange.ts";
import { logDecision } from "../observe/decision-log.ts";
import { needsToken } from "../policy/rights/rights.ts";
import { PLAYBACK_API_AUDIENCES } from "../token/audience.ts";
import type { Asker } from "./limit-ask.ts";
import { type Identified, authorizeCaller, judgeVideo } from "./authorize.ts";
import { deliveryOf } from "./delivery.ts";
import { type Page, readPage } from "./page.ts";
import { rightOf } from "./rights.ts";
import { isAnonymous } from "./subject.ts";
import { describe } from "./video-json.ts";

interface PlaylistPath {
	readonly account: string;
	readonly playlist: string;
}

/**
 * `GET /playback/v1/accounts/{a}/playlists/{p}`: the playlist with its videos, each as in the video JSON. The token is verified once, and
 * each video judged by itself; those that may not play are left out and named in `errors` (reference: brightcove 4.3).
 */
export async function handlePlaylist(exchange: Exchange, path: PlaylistPath): Promise<Response> {
	const served = await servePlaylist(exchange, path);
	return served.allowed ? served.value : refused(exchange, served.refusal, "api");
}

async function servePlaylist(exchange: Exchange, path: PlaylistPath): Promise<Decision<Response>> {
	const caller = await authorizeCaller(exchange, path.account, PLAYBACK_API_AUDIENCES);
	if (!caller.allowed) return caller;
	const page = readPage(exchange.query);
	if (!page.allowed) return page;
	const anonymous = isAnonymous(caller.value.subject.subject);
	const playlist = await exchange.gate.catalog.playlist(caller.value.account, path.playlist, exchange.nowMs);
	if (!playlist) return refuse({ reason: anonymous ? "token-required" : "playlist-not-found" });
	const judged = await judgeVideos(exchange, caller.value, pageOf(playlist, page.value));
	if (!judged.allowed) return judged;
	// Without a token a playlist is for those only who may see something of it.
	if (anonymous && !judged.value.some(({ asked }) => asked.allowed)) return refuse({ reason: "token-required" });
	const delivery = await deliveryOf(exchange, caller.value);
	if (!delivery.allowed) return delivery;
	logDecision(exchange, { status: 200 });
	return allow(jsonResponse(exchange, describePlaylist(exchange, playlist, judged.value, delivery.value)));
}

const pageOf = ({ video_ids: ids }: PlaylistRecord, { limit, offset }: Page): readonly string[] =>
	ids.slice(offset, offset + limit);

/** One entry of the playlist: the name that it has there, and what was decided about it. */
interface Judged {
	readonly name: string;
	readonly asked: Decision<Asker>;
}

/** A video whose own record is broken is left out like one that may not play; when KV fails, the whole playlist does. */
async function judgeVideos(
	exchange: Exchange,
	caller: Identified,
	names: readonly string[],
): Promise<Decision<readonly Judged[]>> {
	const records = new BulkReader(exchange.gate.kv);
	const rightFor = rememberRights(exchange, caller, records);
	const judge = async (name: string): Promise<Judged> => {
		try {
			const video = await exchange.gate.catalog.video(caller.account, name, exchange.nowMs, records.read);
			if (!video) return { name, asked: refuse({ reason: "video-not-found" }) };
			return { name: video.record.id, asked: await judgeOne(exchange, caller, video, () => rightFor(video)) };
		} catch (fault) {
			if (!(fault instanceof CatalogUnavailable)) throw fault;
			return { name, asked: refuse({ reason: "catalog-unavailable", record: fault.record }) };
		}
	};
	const judged = await Promise.all(names.map(judge));
	const isUnread = ({ asked }: Judged): boolean => !asked.allowed && asked.refusal.reason === "catalog-unavailable";
	if (records.failed && judged.some(isUnread)) {
		return refuse({ reason: "catalog-unavailable", record: "playlist-videos" });
	}
	return allow(judged);
}

async function judgeOne(
	exchange: Exchange,
	caller: Identified,
	video: Video,
	findRight: () => Promise<Decision<Right | null>>,
): Promise<Decision<Asker>> {
	if (isAnonymous(caller.subject.subject)) {
		const right = await findRight();
		if (!right.allowed || needsToken(right.value?.record ?? null)) return refuse({ reason: "token-required" });
	}
	return judgeVideo(exchange, caller, video, findRight);
}

/** The videos of a playlist share few rights; each is looked up once. */
function rememberRights(exchange: Exchange, { account, subject }: Identified, { read }: BulkReader) {
	const { claims } = subject.subject;
	const known = new Map<string | null, Promise<Decision<Right | null>>>();
	return (video: Video): Promise<Decision<Right | null>> => {
		const own = video.record.playback_rights_id;
		const found = known.get(own) ?? rightOf(exchange, account, video, claims, read);
		known.set(own, found);
		return found;
	};
}

/** `count` is that of the whole playlist, whatever part of it is asked for. */
function describePlaylist(
	exchange: Exchange,
	playlist: PlaylistRecord,
	judged: readonly Judged[],
	delivery: DeliveryEffect | null,
) {
	const videos: Record<string, unknown>[] = [];
	const errors: Record<string, unknown>[] = [];
	for (const { name, asked } of judged) {
		if (asked.allowed) videos.push(describe(exchange, asked.value, delivery));
		else errors.push(describeError(exchange, name, asked.refusal));
	}
	const { video_ids, ...facts } = playlist;
	return { ...facts, count: video_ids.length, video_ids, videos, ...(errors.length > 0 ? { errors } : {}) };
}

function describeError(exchange: Exchange, name: string, refusal: Refusal): Record<string, unknown> {
	return { ...errorObject(wireError(refusal, "api"), exchange.decisionId), video_id: name };
}
