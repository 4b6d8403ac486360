import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import type { Origin } from "./origin.ts";
import { eventually } from "./patience.ts";
import { newContext } from "./browser.ts";

/** What page script could read of an answer that refused it. */
export interface ReadRefusal {
	readonly status: number;
	/** `Playgate-Reason`, which CORS has to expose. */
	readonly reason: string | null;
}

/** A player library in a page whose origin is not the gate's, as a publisher's page is. */
export interface PagePlayer {
	readonly page: Page;
	/** Every URL that the page asked for. */
	readonly requested: readonly string[];
	/** Waits until it plays and has passed this second. */
	readonly playsPast: (second: number) => Promise<void>;
	/** Waits until the library has told the page that the gate refused; answers what the page could read. */
	readonly refusal: () => Promise<ReadRefusal>;
	readonly close: () => Promise<void>;
}

interface Library {
	/** Of the package's folder, the script for a page. */
	readonly script: readonly [name: string, file: string];
	/** Script that plays `url` in `video` and calls `refused(status, reason)` with what the library tells it. */
	readonly start: string;
}

const LIBRARIES = {
	"hls.js": {
		script: ["hls.js", "dist/hls.min.js"],
		start: `
			const player = new Hls({ enableWorker: false });
			player.on(Hls.Events.ERROR, (_event, { networkDetails: answer }) => {
				if (answer?.status >= 400) refused(answer.status, answer.getResponseHeader("Playgate-Reason"));
			});
			player.loadSource(url);
			player.attachMedia(video);`,
	},
	"dash.js": {
		script: ["dashjs", "dist/modern/umd/dash.all.min.js"],
		start: `
			const player = dashjs.MediaPlayer().create();
			player.on("metricAdded", ({ metric, value }) => {
				if (metric !== "HttpList" || !(value.responsecode >= 400)) return;
				const reason = /^playgate-reason: *(.*)$/im.exec(value._responseHeaders ?? "");
				refused(value.responsecode, reason && reason[1]);
			});
			const buffer = { bufferTimeDefault: 4, bufferTimeAtTopQuality: 4, bufferTimeAtTopQualityLongForm: 4 };
			player.updateSettings({ streaming: { buffer } }); // or the whole clip is fetched before anything can stop it
			player.initialize(video, url, true);`,
	},
} as const satisfies Record<string, Library>;

export type LibraryName = keyof typeof LIBRARIES;

const resolve = createRequire(import.meta.url).resolve;
let pages = 0;

/** Opens a page of the origin that plays `url`; `address` is the viewer's, as a trusted proxy would tell it. */
export async function openPage(
	browser: Browser,
	origin: Origin,
	{ library, url, address }: { readonly library: LibraryName; readonly url: string; readonly address: string },
): Promise<PagePlayer> {
	const { script, start } = LIBRARIES[library];
	pages += 1;
	const path = `/pages/${pages}.html`;
	origin.put(`/pages/${library}`, await readScript(script), { "Content-Type": "text/javascript" });
	origin.put(path, html(`/pages/${library}`, start, url), { "Content-Type": "text/html" });
	const context = await newContext(browser, { extraHTTPHeaders: { "X-Client-IP": address } });
	const page = await context.newPage();
	const requested: string[] = [];
	page.on("request", (request) => requested.push(request.url()));
	await page.goto(origin.url + path);
	const told = () => page.evaluate<{ second: number; refusals: ReadRefusal[] }>("told()");
	return {
		page,
		requested,
		playsPast: (second) =>
			eventually(async () => {
				const now = await told();
				if (now.second <= second) throw new Error(`${library} is at ${now.second} s: ${JSON.stringify(now.refusals)}`);
			}, 100),
		refusal: () =>
			eventually(async () => {
				const { refusals, second } = await told();
				if (!refusals[0]) throw new Error(`${library} plays on, at ${second} s`);
				return refusals[0];
			}, 100),
		close: () => context.close(),
	};
}

async function readScript([name, file]: Library["script"]): Promise<string> {
	const entry = resolve(name);
	const root = entry.slice(0, entry.indexOf(join("node_modules", name)) + join("node_modules", name).length);
	return readFile(join(root, file), "utf8");
}

function html(script: string, start: string, url: string): string {
	return `<!doctype html><meta charset="utf-8"><title>player</title><video muted autoplay></video>
<script src="${script}"></script>
<script>
	const video = document.querySelector("video");
	const url = ${JSON.stringify(url)};
	const refusals = [];
	const refused = (status, reason) => refusals.push({ status, reason });
	const told = () => ({ second: (video.paused && !video.ended) || video.seeking ? 0 : video.currentTime, refusals });
	${start}
</script>`;
}
