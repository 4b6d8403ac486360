import { execFile } from "node:child_process";
import { readdir } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, extname, join } from "node:path";
import { promisify } from "node:util";
import type { V4ModuleDefinition } from "miniflare";
import { projectDir } from "./paths.ts";

const run = promisify(execFile);

/**
 * Builds the Worker exactly as `wrangler deploy` would upload it.
 *
 * @param outDir folder for `index.js`, its source map and its text modules; made if absent
 * @throws Error with what the build said, when it fails
 */
export async function buildGate(outDir: string): Promise<void> {
	const wrangler = join(dirname(createRequire(import.meta.url).resolve("wrangler/package.json")), "bin/wrangler.js");
	// The banner asks the registry for a newer version, and metrics go out as well: a build must work without a network.
	const quiet = { WRANGLER_HIDE_BANNER: "true", WRANGLER_SEND_METRICS: "false", WRANGLER_LOG: "warn" };
	try {
		await run(process.execPath, [wrangler, "deploy", "--dry-run", "--outdir", outDir], {
			cwd: projectDir,
			env: { ...process.env, ...quiet },
		});
	} catch (error) {
		throw new Error(`The Worker does not build:\n${outputOf(error)}`, { cause: error });
	}
}

/** How wrangler's default rules read a file, by its extension. What is not here (the source map) is no module. */
const moduleTypes: Readonly<Record<string, V4ModuleDefinition["type"]>> = {
	".js": "ESModule",
	".sql": "Text",
	".html": "Text",
	".txt": "Text",
	".bin": "Data",
	".wasm": "CompiledWasm",
};

/** Modules of a folder that `buildGate` filled, the main one first, as Miniflare wants them. */
export async function bundleModules(bundleDir: string): Promise<V4ModuleDefinition[]> {
	const names = (await readdir(bundleDir)).filter((name) => name !== mainModule);
	return [mainModule, ...names].flatMap((name) => {
		const type = moduleTypes[extname(name)];
		return type === undefined ? [] : [{ type, path: join(bundleDir, name) }];
	});
}

const mainModule = "index.js";

function outputOf(error: unknown): string {
	const { stdout = "", stderr = "" } = error as { stdout?: string; stderr?: string };
	return `${stderr}${stdout}`.trim();
}
