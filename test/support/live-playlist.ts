import type { IncomingMessage } from "node:http";
import type { Origin } from "./origin.ts";

/** A live media playlist of three segments that moves on when the test says so. */
export interface LivePlaylist {
	/** Adds a segment at the end and takes the oldest away. */
	readonly advance: () => void;
	/** Resolves when a reload waits for a segment that is not there yet. */
	readonly whenBlocked: () => Promise<void>;
}

const WINDOW = 3;

/**
 * Serves `<dir>/live.m3u8` and its segments. A reload with `_HLS_msn` waits for that segment (RFC 8216bis section 6.2.5.2).
 * Nothing may be kept by a cache, so that every reload of a player comes to the origin.
 */
export function serveLive(origin: Origin, dir: string): LivePlaylist {
	let first = 0;
	const waiting: { readonly until: number; readonly go: () => void }[] = [];
	const watchers: (() => void)[] = [];
	const lastSegment = (): number => first + WINDOW - 1;
	const publishSegments = (): void => {
		for (let n = first; n <= lastSegment(); n++) origin.put(`${dir}/live-${n}.ts`, `live segment ${n}`);
	};
	publishSegments();
	origin.answer(`${dir}/live.m3u8`, async (request, response) => {
		const until = wantedSegment(request);
		if (until > lastSegment()) {
			const ready = new Promise<void>((go) => waiting.push({ until, go }));
			for (const notify of watchers.splice(0)) notify();
			await ready;
		}
		response.writeHead(200, { "Content-Type": "application/vnd.apple.mpegurl", "Cache-Control": "no-cache" });
		response.end(playlistFrom(first));
	});
	return {
		advance: () => {
			first += 1;
			publishSegments();
			for (const { until, go } of waiting) if (until <= lastSegment()) go();
		},
		whenBlocked: () => (waiting.length > 0 ? Promise.resolve() : new Promise<void>((notify) => watchers.push(notify))),
	};
}

function wantedSegment({ url = "" }: IncomingMessage): number {
	return Number(new URLSearchParams(url.split("?")[1] ?? "").get("_HLS_msn") ?? 0);
}

function playlistFrom(first: number): string {
	const segments = Array.from({ length: WINDOW }, (_, index) => `#EXTINF:1,\nlive-${first + index}.ts\n`);
	return [
		"#EXTM3U",
		"#EXT-X-TARGETDURATION:1",
		"#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,HOLD-BACK=3",
		`#EXT-X-MEDIA-SEQUENCE:${first}`,
		segments.join(""),
	].join("\n");
}
