import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { access, mkdtemp, readFile, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { promisify } from "node:util";
import type { Origin } from "./origin.ts";
import { eventually } from "./patience.ts";

const words = (line: string): readonly string[] => line.split(" ");

// Real media for real players, made with ffmpeg: a moving picture and a tone, small enough to encode while tests run.
const PICTURE = words("-f lavfi -i testsrc2=size=320x180:rate=12");
const TONE = words("-f lavfi -i sine=frequency=440:sample_rate=44100");
const QUIET = words("-hide_banner -loglevel error -nostdin");
/** A key frame each second, so that segments may be as short. */
const VIDEO = words("-c:v libx264 -preset ultrafast -pix_fmt yuv420p -g 12 -keyint_min 12");
const AUDIO = words("-c:a aac -b:a 32k");

/** Runs ffmpeg to its end in a folder of its own; answers the files it wrote. @throws Error with what it said */
export async function runFfmpeg(args: readonly string[]): Promise<ReadonlyMap<string, Buffer>> {
	const dir = await mkdtemp(join(tmpdir(), "playgate-media-"));
	try {
		await promisify(execFile)("ffmpeg", [...QUIET, ...args], { cwd: dir });
		const names = await readdir(dir);
		const files = names.map(async (name): Promise<[string, Buffer]> => [name, await readFile(join(dir, name))]);
		return new Map(await Promise.all(files));
	} finally {
		await rm(dir, { recursive: true, force: true });
	}
}

/** A clear DASH presentation, `manifest.mpd` and its segments of 2 s: two video representations and one of audio. */
export function makeDash(seconds: number): Promise<ReadonlyMap<string, Buffer>> {
	return runFfmpeg([
		...PICTURE,
		...TONE,
		...words(`-t ${seconds} -map 0:v -map 0:v -map 1:a`),
		...VIDEO,
		...AUDIO,
		...words("-b:v:0 60k -s:v:0 160x90 -b:v:1 150k -f dash -seg_duration 2"),
		"-adaptation_sets",
		"id=0,streams=v id=1,streams=a",
		"manifest.mpd",
	]);
}

export interface LiveStream {
	/** URL of the media playlist at the origin. */
	readonly url: string;
	/** Waits until there is something to play. */
	readonly started: () => Promise<void>;
	readonly stop: () => Promise<void>;
}

/**
 * A live HLS stream that ffmpeg encodes as time passes: segments of 1 s, the last five of them in the playlist. Older ones are there for a
 * minute more, for players that a busy machine holds up.
 */
export async function startLiveStream(origin: Origin, folder: string): Promise<LiveStream> {
	const dir = await mkdtemp(join(tmpdir(), "playgate-live-"));
	const output = words(
		"-f hls -hls_time 1 -hls_list_size 5 -hls_delete_threshold 60 -hls_flags delete_segments+temp_file",
	);
	const args = [...QUIET, "-re", ...PICTURE, "-re", ...TONE, ...VIDEO, ...AUDIO, ...output, "live.m3u8"];
	const ffmpeg = spawn("ffmpeg", args, { cwd: dir, stdio: "ignore" });
	const ended = once(ffmpeg, "exit");
	origin.answerBelow(folder, async ({ url = "" }, response) => {
		const name = basename(new URL(url, origin.url).pathname);
		const body = await readFile(join(dir, name)).catch(() => null);
		if (body === null) return void response.writeHead(404).end();
		return void response.writeHead(200, { "Cache-Control": "no-cache" }).end(body);
	});
	return {
		url: `${origin.url}${folder}live.m3u8`,
		started: () => eventually(() => access(join(dir, "live.m3u8"))),
		stop: async () => {
			ffmpeg.kill();
			await ended;
			await rm(dir, { recursive: true, force: true });
		},
	};
}
