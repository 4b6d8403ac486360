import type { TestAccount, TestGate, Json } from "./running-gate.ts";

/** Sixteen bytes, as AES-128 wants them. */
export const CONTENT_KEY = Buffer.from("000102030405060708090a0b0c0d0e0f", "hex");

export const HLS = "application/x-mpegURL";

/** Where a clip is kept. */
export type Store = "origin" | "r2";

const SEGMENT_BYTES = 4096;

/** Bytes of a segment: no two segments are alike, and none is text. */
export function segmentBytes(name: string): Buffer {
	const bytes = Buffer.alloc(SEGMENT_BYTES);
	for (let at = 0; at < SEGMENT_BYTES; at++)
		bytes[at] = (at * 7 + name.length * 31 + name.charCodeAt(at % name.length)) & 0xff;
	return bytes;
}

const SEGMENTS = ["low/seg0.ts", "low/seg1.ts", "high/seg0.ts", "high/seg1.ts"];

function mediaPlaylist(isEncrypted: boolean): string {
	const key = '#EXT-X-KEY:METHOD=AES-128,URI="k1.key",IV=0x00000000000000000000000000000001\n';
	return `#EXTM3U\n#EXT-X-TARGETDURATION:4\n${isEncrypted ? key : ""}#EXTINF:4,\nseg0.ts\n#EXTINF:4,\nseg1.ts\n#EXT-X-ENDLIST\n`;
}

const MASTER =
	"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=100000\nlow/index.m3u8\n#EXT-X-STREAM-INF:BANDWIDTH=300000\nhigh/index.m3u8\n";

/** Files of a clip of two renditions with two segments each, by name below the clip's folder. */
export function clipFiles(isEncrypted: boolean): ReadonlyMap<string, string | Buffer> {
	const playlist = mediaPlaylist(isEncrypted);
	return new Map<string, string | Buffer>([
		["master.m3u8", MASTER],
		["low/index.m3u8", playlist],
		["high/index.m3u8", playlist],
		...SEGMENTS.map((name): [string, Buffer] => [name, segmentBytes(name)]),
	]);
}

export interface ClipOptions {
	readonly id?: string;
	readonly store?: Store;
	/** "aes128" has its key in the record; "" is clear. */
	readonly protection?: "aes128" | "";
	/** More members of the video's record. */
	readonly record?: Json;
}

/** Publishes a clip below `/<account>/<video>/` of a store, and its record. Answers the folder: `http://.../` or `r2://MEDIA/.../`. */
export async function publishClip(gate: TestGate, account: TestAccount, options: ClipOptions = {}): Promise<string> {
	const { id = "clip", store = "origin", protection = "aes128", record = {} } = options;
	const folder = `${account.id}/${id}/`;
	const files = clipFiles(protection === "aes128");
	if (store === "r2") {
		const bucket = await gate.running.miniflare.getR2Bucket("MEDIA");
		await Promise.all([...files].map(([name, body]) => bucket.put(folder + name, body)));
	} else {
		for (const [name, body] of files) gate.origin.put(`/${folder}${name}`, body);
	}
	const root = store === "r2" ? `r2://MEDIA/${folder}` : `${gate.origin.url}/${folder}`;
	const keys = protection === "aes128" ? { "k1.key": CONTENT_KEY.toString("base64") } : {};
	await account.putVideo(id, {
		name: "Clip",
		tags: ["sport"],
		sources: [{ type: HLS, protection, src: `${root}master.m3u8`, keys }],
		...record,
	});
	return root;
}
