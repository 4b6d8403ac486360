import Bowser from "bowser";
import { BROWSER_PRODUCTS, type BrowserProduct } from "./rules.ts";

/** A browser, as it says of itself. */
export interface ClientBrowser {
	readonly product: BrowserProduct;
	/** Null where it does not tell. */
	readonly version: string | null;
	/** For messages: "Chrome on iOS". */
	readonly shown: string;
}

/** Longer than any that browsers send. */
const MOST_USER_AGENT = 512;
const MOST_HINT = 1024;

/** What a request says of the browser that sends it: its client hints, else its User-Agent. Null for programs and whatever says nothing. */
export function readBrowser(headers: Headers): ClientBrowser | null {
	return fromHints(headers) ?? fromUserAgent((headers.get("User-Agent") ?? "").slice(0, MOST_USER_AGENT));
}

/** Brands of Chromium's family, the narrowest first: each of them names Chromium as well. Others have no such hints. */
const BRANDS: readonly (readonly [brand: string, product: BrowserProduct])[] = [
	["Microsoft Edge", "edge"],
	["Microsoft Edge WebView2", "edge"],
	["Opera", "opera"],
	["Opera GX", "opera"],
	["OperaMobile", "opera_android"],
	["Samsung Internet", "samsung"],
	["Android WebView", "webview"],
	["Google Chrome", "chrome"],
	["HeadlessChrome", "chrome"],
	["Chromium", "chrome"],
];

/** UA Client Hints, section 3: a list of brands, some of them made up, in no order. */
const BRAND = /"((?:[^"\\]|\\.){1,64})"\s*;\s*v="(\d[\d.]{0,31})"/g;

function fromHints(headers: Headers): ClientBrowser | null {
	const list = headers.get("Sec-CH-UA-Full-Version-List") ?? headers.get("Sec-CH-UA") ?? "";
	const brands = new Map<string, string>();
	for (const [, brand = "", version = ""] of list.slice(0, MOST_HINT).matchAll(BRAND)) brands.set(brand, version);
	const known = BRANDS.find(([brand]) => brands.has(brand));
	if (!known) return null;
	const [brand, product] = known;
	const isOnAndroid = product === "opera" && headers.get("Sec-CH-UA-Platform") === '"Android"';
	return named(isOnAndroid ? "opera_android" : product, brands.get(brand) ?? null);
}

const named = (product: BrowserProduct, version: string | null, shown = BROWSER_PRODUCTS[product].shown) => ({
	product,
	version,
	shown,
});

/** Bowser's names. */
const NAMES: ReadonlyMap<string, BrowserProduct> = new Map([
	["Chrome", "chrome"],
	["Chromium", "chrome"],
	["Microsoft Edge", "edge"],
	["Opera", "opera"],
	["Samsung Internet for Android", "samsung"],
	["Firefox", "firefox"],
	["Safari", "safari"],
	["Internet Explorer", "internet_explorer"],
]);

const ANDROID_WEBVIEW = /; wv\)|\bVersion\/4\.0 Chrome\//;
/** Browsers of Chromium's family with numbers of their own (Vivaldi, Electron, ...) name that of Chromium, too. */
const CHROMIUM = /\b(?:Headless)?Chrome\/(\d[\d.]{0,31})/;

function fromUserAgent(userAgent: string): ClientBrowser | null {
	if (userAgent === "") return null;
	const parser = Bowser.getParser(userAgent);
	const [name, version, os] = [parser.getBrowserName(), parser.getBrowserVersion() || null, parser.getOSName()];
	if (os === "iOS") return onApple(userAgent, name, version, parser.getOSVersion() || null);
	if (os === "macOS" && parser.getEngineName() === "WebKit") return onApple(userAgent, name, version, null);
	const chromium = CHROMIUM.exec(userAgent)?.[1];
	if (chromium !== undefined && ANDROID_WEBVIEW.test(userAgent)) return named("webview", chromium);
	const product = NAMES.get(name);
	if (product === "opera" && os === "Android") return named("opera_android", version);
	// WebKit elsewhere (GNOME Web) names itself as Safari, with its version.
	const isNamed = product !== undefined && (product !== "safari" || chromium === undefined);
	if (isNamed) return named(product, version);
	return chromium === undefined ? null : named("chrome", chromium, name === "" ? "Chromium" : `${name} (Chromium)`);
}

/**
 * On iOS every browser is WebKit, of the system's version: only Safari's own number tells of it. In an app there is no name at all. An
 * iPad that asks for desktop pages says that it is a Mac, and of other browsers there is then no version that means anything.
 */
function onApple(userAgent: string, name: string, version: string | null, osVersion: string | null): ClientBrowser {
	const isSafari = name === "Safari" && version !== null && /\bVersion\//.test(userAgent);
	if (isSafari) return named("safari", version);
	if (name === "Safari") return named("webview_ios", osVersion);
	return named("safari", osVersion, `${name === "" ? "this browser" : name} on iOS`);
}
