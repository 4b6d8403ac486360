import { existsSync } from "node:fs";
import { chromium } from "playwright-core";
import type { Browser, Page } from "playwright-core";
import { vi } from "vitest";

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
	return chromium.launch({ executablePath, args: [...ARGUMENTS, ...more] });
}

/** The demo player in a browser of its own, as another viewer's machine would be. */
export interface PlayerPage {
	readonly page: Page;
	/** Every URL that the page asked for. */
	readonly requested: readonly string[];
	/** What scripts threw. */
	readonly faults: readonly string[];
	/** Waits until the clip plays and has passed this second. Hurries: four seconds in one. */
	readonly playsPast: (second: number) => Promise<void>;
	/** Waits until the picture on screen has so many lines. */
	readonly showsHeight: (height: number) => Promise<void>;
	/** Waits until the gate has refused with this reason. */
	readonly refusedWith: (reason: string) => Promise<void>;
	readonly close: () => Promise<void>;
}

const PATIENCE = { timeout: 45_000 };

/** Playwright's own `waitForFunction` evaluates text within the page, which the page's policy forbids. */
async function eventually(page: Page, what: string, isSo: () => Promise<boolean>): Promise<void> {
	await vi.waitFor(
		async () => {
			if (await isSo()) return;
			const { state, reason } = await page.evaluate<Record<string, string>>(
				"({ ...document.documentElement.dataset })",
			);
			throw new Error(`waiting for ${what}: ${state} ${reason ?? ""}`);
		},
		{ ...PATIENCE, interval: 100 },
	);
}

/** @param address of the viewer, as a trusted proxy would tell it */
export async function openPlayerPage(browser: Browser, url: string, address: string): Promise<PlayerPage> {
	const context = await browser.newContext({ extraHTTPHeaders: { "X-Client-IP": address } });
	const page = await context.newPage();
	const requested: string[] = [];
	const faults: string[] = [];
	page.on("request", (request) => requested.push(request.url()));
	page.on("pageerror", (fault) => faults.push(String(fault)));
	await page.goto(url);
	return {
		page,
		requested,
		faults,
		playsPast: (second) =>
			eventually(page, `playback past second ${second}`, () =>
				page.evaluate<boolean>(`(() => {
					const video = document.querySelector("video");
					video.playbackRate = 4;
					return document.documentElement.dataset.state === "playing" && !video.seeking && video.currentTime > ${second};
				})()`),
			),
		showsHeight: (height) =>
			eventually(page, `a picture of ${height} lines`, () =>
				page.evaluate<boolean>(`document.querySelector("video").videoHeight === ${height}`),
			),
		refusedWith: async (reason) => {
			const refused = page.locator(`html[data-state="refused"][data-reason="${reason}"]`);
			await refused.waitFor({ state: "attached", ...PATIENCE });
		},
		close: () => context.close(),
	};
}
