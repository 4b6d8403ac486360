import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readBrowser } from "../../../../worker/join/support/browser.ts";

const MOZILLA = "Mozilla/5.0";
const LINUX = `${MOZILLA} (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)`;
const WINDOWS = `${MOZILLA} (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)`;
const ANDROID = `${MOZILLA} (Linux; Android 13; Pixel 7) AppleWebKit/537.36 (KHTML, like Gecko)`;
const IPHONE = `${MOZILLA} (iPhone; CPU iPhone OS 15_3 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)`;
const MAC = `${MOZILLA} (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)`;

const told = (headers: Record<string, string>) => {
	const browser = readBrowser(new Headers(headers));
	return browser && [browser.product, browser.version, browser.shown];
};

describe("the browser of a User-Agent", () => {
	it.each<readonly [string, string, string | null, string]>([
		[`${LINUX} Chrome/141.0.0.0 Safari/537.36`, "chrome", "141.0.0.0", "Chrome"],
		[`${LINUX} HeadlessChrome/156.0.0.0 Safari/537.36`, "chrome", "156.0.0.0", "Chrome"],
		[`${WINDOWS} Chrome/120.0.0.0 Safari/537.36 Edg/120.0.2210.91`, "edge", "120.0.2210.91", "Edge"],
		[`${WINDOWS} Chrome/64.0.3282.140 Safari/537.36 Edge/18.17763`, "edge", "18.17763", "Edge"],
		[`${ANDROID} Chrome/120.0.6099.144 Mobile Safari/537.36 EdgA/120.0.2210.115`, "edge", "120.0.2210.115", "Edge"],
		[`${WINDOWS} Chrome/120.0.0.0 Safari/537.36 OPR/106.0.0.0`, "opera", "106.0.0.0", "Opera"],
		[
			`${ANDROID} Chrome/86.0.4240.0 Mobile Safari/537.36 OPR/61.2.3076`,
			"opera_android",
			"61.2.3076",
			"Opera for Android",
		],
		[`${ANDROID} SamsungBrowser/23.0 Chrome/115.0.0.0 Mobile Safari/537.36`, "samsung", "23.0", "Samsung Internet"],
		[`${ANDROID} Version/4.0 Chrome/85.0.4183.127 Mobile Safari/537.36`, "webview", "85.0.4183.127", "Android WebView"],
		[`${ANDROID.replace("Pixel 7", "Pixel 7; wv")} Chrome/90.0 Mobile`, "webview", "90.0", "Android WebView"],
		[`${MAC} Version/17.2 Safari/605.1.15`, "safari", "17.2", "Safari"],
		[`${IPHONE} Version/15.3 Mobile/15E148 Safari/604.1`, "safari", "15.3", "Safari"],
		[`${IPHONE} CriOS/120.0.6099.119 Mobile/15E148 Safari/604.1`, "safari", "15.3", "Chrome on iOS"],
		[`${IPHONE} FxiOS/121.0 Mobile/15E148 Safari/605.1.15`, "safari", "15.3", "Firefox on iOS"],
		[
			`${IPHONE} Version/15.0 EdgiOS/120.0.2210.116 Mobile/15E148 Safari/605.1.15`,
			"safari",
			"15.3",
			"Microsoft Edge on iOS",
		],
		[`${MAC} CriOS/96 Version/11.1.1 Safari/605.1.15`, "safari", null, "Chrome on iOS"],
		[`${IPHONE} Mobile/15E148`, "webview_ios", "15.3", "WebKit on iOS"],
		[`${IPHONE} Mobile/20B82 [FBAN/FBIOS;FBDV/iPhone12,1]`, "webview_ios", "15.3", "WebKit on iOS"],
		[MAC, "webview_ios", null, "WebKit on iOS"],
		[`${MOZILLA} (X11; Linux x86_64; rv:121.0) Gecko/20100101 Firefox/121.0`, "firefox", "121.0", "Firefox"],
		[
			`${MOZILLA} (X11; Linux x86_64) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/16.0 Safari/605.1.15`,
			"safari",
			"16.0",
			"Safari",
		],
		[`${MOZILLA} (Android 13; Mobile; rv:109.0) Gecko/116.0 Firefox/116.0`, "firefox", "116.0", "Firefox"],
		[
			`${MOZILLA} (Windows NT 10.0; WOW64; Trident/7.0; rv:11.0) like Gecko`,
			"internet_explorer",
			"11.0",
			"Internet Explorer",
		],
		[
			`${LINUX} MyApp/1.0 Chrome/114.0.5735.289 Electron/25.8.4 Safari/537.36`,
			"chrome",
			"114.0.5735.289",
			"Electron (Chromium)",
		],
		[`${WINDOWS} Chrome/120.0.0.0 Safari/537.36 Vivaldi/6.5`, "chrome", "120.0.0.0", "Vivaldi (Chromium)"],
	])("%s", (agent, product, version, shown) => {
		expect(told({ "User-Agent": agent })).toEqual([product, version, shown]);
	});

	it.each(["", "curl/8.5.0", "node", "okhttp/4.9", "libobs/30.0", "GStreamer souphttpsrc 1.22", "~".repeat(3000)])(
		"is none in %j",
		(agent) => {
			expect(told({ "User-Agent": agent })).toBeNull();
		},
	);

	it("never fails on hostile text", () => {
		const parts = fc.constantFrom(
			"Mozilla/5.0 ",
			"(",
			")",
			"Chrome/",
			"Safari",
			"iPhone OS ",
			"; wv",
			"1",
			".",
			"Version/",
			"Edg/",
		);
		fc.assert(
			fc.property(fc.array(parts, { maxLength: 200 }), (list) => {
				expect(told({ "User-Agent": list.join("") })).not.toBeUndefined();
			}),
		);
	});
});

describe("the browser of client hints", () => {
	const GREASE = '"Not A;Brand";v="99.0.0.0"';
	const CHROMIUM = '"Chromium";v="120.0.6099.119"';
	const FULL = "Sec-CH-UA-Full-Version-List";

	it.each<readonly [string, string, string]>([
		[`${GREASE}, ${CHROMIUM}, "Google Chrome";v="120.0.6099.119"`, "chrome", "120.0.6099.119"],
		[`"Microsoft Edge";v="120.0.2210.91", ${CHROMIUM}, ${GREASE}`, "edge", "120.0.2210.91"],
		[`${CHROMIUM}, "Opera";v="106.0.4998.19", ${GREASE}`, "opera", "106.0.4998.19"],
		[`${CHROMIUM}, "Samsung Internet";v="23.0.1.1", ${GREASE}`, "samsung", "23.0.1.1"],
		[`${CHROMIUM}, "Android WebView";v="120.0.6099.119"`, "webview", "120.0.6099.119"],
		[`"HeadlessChrome";v="156.0.1", ${CHROMIUM}`, "chrome", "156.0.1"],
		[`${CHROMIUM}, "Brave";v="120.0.0.0"`, "chrome", "120.0.6099.119"],
	])("%s", (list, product, version) => {
		expect(told({ [FULL]: list })?.slice(0, 2)).toEqual([product, version]);
	});

	it("is preferred to that of the User-Agent, and the full list to the short one", () => {
		const agent = `${LINUX} Chrome/80.0.0.0 Safari/537.36`;
		expect(told({ "User-Agent": agent, "Sec-CH-UA": '"Google Chrome";v="120"' })).toEqual(["chrome", "120", "Chrome"]);
		expect(told({ "Sec-CH-UA": '"Google Chrome";v="120"', [FULL]: '"Google Chrome";v="120.0.1"' })?.[1]).toBe(
			"120.0.1",
		);
	});

	it("is another Opera on Android", () => {
		const hints = { "Sec-CH-UA": '"Opera";v="79", "Chromium";v="120"', "Sec-CH-UA-Platform": '"Android"' };
		expect(told(hints)?.[0]).toBe("opera_android");
	});

	it.each(['"Not A;Brand";v="99"', '"Chromium"', '"Chromium";v="x"', "Chromium;v=120", `"${"x".repeat(5000)}";v="1"`])(
		"is none in %j",
		(list) => {
			expect(told({ [FULL]: list })).toBeNull();
		},
	);
});
