import { execFile } from "node:child_process";
import { mkdtemp, readFile, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

/** Lines of the pictures of `makeLadder`, the best first. */
export const HEIGHTS = [360, 240, 144];

const FILTER = "[0:v]split=3[a][b][c];[b]scale=426:240[small];[c]scale=256:144[smaller]";

/** Files of a clip of eight seconds in three renditions, as ffmpeg packages it: `clip.mpd` and `master.m3u8` of the same segments. */
export async function makeLadder(): Promise<ReadonlyMap<string, Buffer>> {
	const folder = await mkdtemp(join(tmpdir(), "playgate-ladder-"));
	try {
		const sources = [
			"-f",
			"lavfi",
			"-i",
			"testsrc2=size=640x360:rate=25:duration=8",
			"-f",
			"lavfi",
			"-i",
			"sine=duration=8",
		];
		const streams = ["-filter_complex", FILTER, "-map", "[a]", "-map", "[small]", "-map", "[smaller]", "-map", "1:a"];
		const video = ["-c:v", "libx264", "-preset", "ultrafast", "-g", "50", "-keyint_min", "50", "-sc_threshold", "0"];
		const rates = ["-b:v:0", "400k", "-b:v:1", "200k", "-b:v:2", "80k", "-c:a", "aac", "-b:a", "48k"];
		const packaging = ["-f", "dash", "-seg_duration", "2", "-use_timeline", "0", "-hls_playlist", "1"];
		const sets = ["-adaptation_sets", "id=0,streams=v id=1,streams=a"];
		const output = join(folder, "clip.mpd");
		await promisify(execFile)("ffmpeg", [
			"-v",
			"error",
			...sources,
			...streams,
			...video,
			...rates,
			...packaging,
			...sets,
			output,
		]);
		const names = await readdir(folder);
		return new Map(await Promise.all(names.map(async (name) => [name, await readFile(join(folder, name))] as const)));
	} finally {
		await rm(folder, { recursive: true, force: true });
	}
}
