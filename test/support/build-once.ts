import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { buildGate } from "../../kv-seed/local/bundle.ts";

declare module "vitest" {
	interface ProvidedContext {
		/** Folder of the Worker as `wrangler deploy` would upload it. */
		readonly bundleDir: string;
	}
}

/** Builds the Worker once for all the gates of a run, and anew when files change under `vitest --watch`. */
export default async function buildOnce(project: TestProject): Promise<() => Promise<void>> {
	const bundleDir = await mkdtemp(join(tmpdir(), "playgate-bundle-"));
	await buildGate(bundleDir);
	project.provide("bundleDir", bundleDir);
	project.onTestsRerun(() => buildGate(bundleDir));
	return () => rm(bundleDir, { recursive: true, force: true });
}
