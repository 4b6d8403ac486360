import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { build } from "esbuild";
import type { Fixtures } from "./worker.ts";

/** Bundles the baseline Worker and its bodies into a folder that `startGate` takes as `bundleDir`. */
export async function buildBaseline(outDir: string, fixtures: Fixtures, playlist: Uint8Array): Promise<void> {
	await writeFile(join(outDir, "fixtures.bin"), JSON.stringify(fixtures));
	await writeFile(join(outDir, "playlist.bin"), playlist);
	await build({
		entryPoints: [join(import.meta.dirname, "worker.ts")],
		outfile: join(outDir, "index.js"),
		bundle: true,
		format: "esm",
		target: "es2024",
		conditions: ["workerd", "worker", "browser"],
		external: ["cloudflare:*", "*.bin"],
	});
}
