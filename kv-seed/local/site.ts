import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import type { V4WorkerOptions } from "miniflare";

/** One entry of the start page of the demo. */
export interface DemoLink {
	readonly title: string;
	/** What will be seen, and why. */
	readonly about: string;
	/** Relative to the gate. */
	readonly href: string;
}

type SiteFile = Record<"type" | "body", string>;

const siteDir = resolve(import.meta.dirname, "../demo/site");

/**
 * The local-only Worker that serves the demo pages in front of the gate; bundled here, never deployed.
 *
 * @param site its `name`, the name of the gate's Worker, and the links of the start page
 */
export async function siteWorker(site: {
	name: string;
	gate: string;
	links: readonly DemoLink[];
}): Promise<V4WorkerOptions> {
	const files = await siteFiles(site.links);
	return {
		name: site.name,
		compatibilityDate: "2026-10-20",
		rootPath: siteDir,
		modules: [{ type: "ESModule", path: join(siteDir, "worker.js"), contents: await bundle("worker.ts") }],
		bindings: { FILES: files },
		serviceBindings: { GATE: site.gate },
	};
}

async function siteFiles(links: readonly DemoLink[]): Promise<Record<string, SiteFile>> {
	const hlsWorker = fileURLToPath(import.meta.resolve("hls.js/dist/hls.worker.js"));
	const script = (body: string): SiteFile => ({ type: "text/javascript; charset=utf-8", body });
	const style = (body: string): SiteFile => ({ type: "text/css; charset=utf-8", body });
	const page = async (name: string): Promise<SiteFile> => ({
		type: "text/html; charset=utf-8",
		body: await readFile(join(siteDir, name), "utf8"),
	});
	return {
		"/demo/": await page("index.html"),
		"/demo/links.js": script(await bundle("links.ts")),
		"/demo/links.json": { type: "application/json", body: JSON.stringify(links) },
		"/demo/player": await page("player.html"),
		"/demo/player.js": script(await bundle("player.ts")),
		"/demo/hls.worker.js": script(await readFile(hlsWorker, "utf8")),
		"/demo/room": await page("room/room.html"),
		"/demo/room.js": script(await bundle("room/room.ts")),
		"/demo/frames.js": script(await bundle("../../../worker/join/client/frames/worker.ts")),
		"/demo/room.css": style(await readFile(join(siteDir, "room/room.css"), "utf8")),
		"/demo/style.css": style(await readFile(join(siteDir, "style.css"), "utf8")),
	};
}

async function bundle(entry: string): Promise<string> {
	const { outputFiles } = await build({
		entryPoints: [join(siteDir, entry)],
		bundle: true,
		format: "esm",
		target: "es2024",
		minify: true,
		write: false,
	});
	return outputFiles[0]?.text ?? "";
}
