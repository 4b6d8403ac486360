import { existsSync } from "node:fs";
import { chromium } from "playwright-core";
import type { Browser, BrowserContext, BrowserContextOptions, Page } from "playwright-core";
import { PATIENCE_MS, eventually } from "./patience.ts";

const ARGUMENTS = [
	"--headless",
	"--no-sandbox",
	"--disable-gpu",
	"--disable-quic",
	"--no-first-run",
	"--disable-background-networking",
	"--disable-component-update",
	"--disable-sync",
	"--autoplay-policy=no-user-gesture-required",
];

/** @param more arguments of the command line. @throws Error that says how to get a browser, when there is none */
export async function launchBrowser(more: readonly string[] = []): Promise<Browser> {
	const executablePath = process.env["CHROMIUM_PATH"] || "/usr/bin/chromium";
	if (!existsSync(executablePath)) {
		throw new Error(`There is no browser at ${executablePath}: install Chromium, or set CHROMIUM_PATH to where it is.`);
	}
	return chromium.launch({ executablePath, args: [...ARGUMENTS, ...more], timeout: 2 * PATIENCE_MS });
}

/** A machine of its own, with all the patience of the tests. */
export async function newContext(browser: Browser, options: BrowserContextOptions = {}): Promise<BrowserContext> {
	const context = await browser.newContext(options);
	context.setDefaultTimeout(PATIENCE_MS);
	return context;
}

/** The demo player in a browser of its own, as another viewer's machine would be. */
export interface PlayerPage {
	readonly page: Page;
	/** Every URL that the page asked for. */
	readonly requested: readonly string[];
	/** What scripts threw. */
	readonly faults: readonly string[];
	/**
	 * Waits until the clip plays and has passed this second. Hurries, four seconds in one, as all that waits here does; in between it stands
	 * still, so that the clip is not over before the test goes on.
	 */
	readonly playsPast: (second: number) => Promise<void>;
	/** Waits until the picture on screen has so many lines. */
	readonly showsHeight: (height: number) => Promise<void>;
	/** Waits until the gate has refused with this reason. */
	readonly refusedWith: (reason: string) => Promise<void>;
	readonly close: () => Promise<void>;
}

/** Playwright's own `waitForFunction` evaluates text within the page, which the page's policy forbids. */
async function untilPage(page: Page, what: string, isSo: () => Promise<boolean>): Promise<void> {
	await eventually(async () => {
		if (await isSo()) return;
		const { state, reason } = await page.evaluate<Record<string, string>>("({ ...document.documentElement.dataset })");
		throw new Error(`waiting for ${what}: ${state} ${reason ?? ""}`);
	}, 100);
}

/** @param address of the viewer, as a trusted proxy would tell it */
export async function openPlayerPage(browser: Browser, url: string, address: string): Promise<PlayerPage> {
	const context = await newContext(browser, { extraHTTPHeaders: { "X-Client-IP": address } });
	const page = await context.newPage();
	const requested: string[] = [];
	const faults: string[] = [];
	page.on("request", (request) => requested.push(request.url()));
	page.on("pageerror", (fault) => faults.push(String(fault)));
	await page.goto(url);
	const pace = (rate: number): Promise<unknown> =>
		page.evaluate(`document.querySelector("video").playbackRate = ${rate}`);
	return {
		page,
		requested,
		faults,
		playsPast: async (second) => {
			await pace(4);
			await untilPage(page, `playback past second ${second}`, () =>
				page.evaluate<boolean>(`(() => {
					const video = document.querySelector("video");
					return document.documentElement.dataset.state === "playing" && !video.seeking && video.currentTime > ${second};
				})()`),
			);
			await pace(0);
		},
		showsHeight: async (height) => {
			await pace(4);
			await untilPage(page, `a picture of ${height} lines`, () =>
				page.evaluate<boolean>(`document.querySelector("video").videoHeight === ${height}`),
			);
		},
		refusedWith: async (reason) => {
			await pace(4);
			const refused = page.locator(`html[data-state="refused"][data-reason="${reason}"]`);
			await refused.waitFor({ state: "attached", timeout: PATIENCE_MS });
		},
		close: () => context.close(),
	};
}
