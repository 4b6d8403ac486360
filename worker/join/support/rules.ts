import type { BrowserName, ProviderName } from "../../catalog/e2ee-session-record.ts";

/*
 * Which clients can encrypt end to end, as data. Sections are those of reference rtc; "BCD" is MDN's browser-compat-data. Versions are the
 * least ones; null: none of them can.
 */

/** A browser as its versions count: that of an app on iOS is another than that of an app on Android. */
export type BrowserProduct =
	| Exclude<BrowserName, "webview">
	| "opera_android"
	| "webview"
	| "webview_ios"
	| "internet_explorer";

type Versions<K extends string> = Readonly<Record<K, string | null>>;

/** How a product is called in messages, and in the `browsers` and `least_versions` of a record. */
export const BROWSER_PRODUCTS: Readonly<
	Record<BrowserProduct, { readonly shown: string; readonly name: BrowserName }>
> = {
	chrome: { shown: "Chrome", name: "chrome" },
	edge: { shown: "Edge", name: "edge" },
	opera: { shown: "Opera", name: "opera" },
	opera_android: { shown: "Opera for Android", name: "opera" },
	samsung: { shown: "Samsung Internet", name: "samsung" },
	webview: { shown: "Android WebView", name: "webview" },
	safari: { shown: "Safari", name: "safari" },
	webview_ios: { shown: "WebKit on iOS", name: "webview" },
	firefox: { shown: "Firefox", name: "firefox" },
	internet_explorer: { shown: "Internet Explorer", name: "edge" }, // no name of its own: it can nowhere
};

/** Those of Apple's engine; on iOS every browser is one (rtc 1.5). */
export const WEBKIT: readonly BrowserProduct[] = ["safari", "webview_ios"];

/** Encoded frames can be reached: RTCRtpScriptTransform, or createEncodedStreams before it (BCD, RTCEncodedVideoFrame). */
const ENCODED_FRAMES: Versions<BrowserProduct> = {
	chrome: "86",
	edge: "86",
	opera: "72",
	opera_android: "61",
	samsung: "14",
	webview: "86",
	safari: "15.4",
	webview_ios: "15.4",
	firefox: "117",
	internet_explorer: null,
};

/** Chromium 89, by each browser's own number (rtc 2.2; BCD, browsers). */
const CHROMIUM_89: Versions<BrowserProduct> = {
	chrome: "89",
	edge: "89",
	opera: "75",
	opera_android: "63",
	samsung: "15",
	webview: "89",
	safari: null,
	webview_ios: null,
	firefox: null,
	internet_explorer: null,
};

export interface SdkRule {
	/** As records and answers name it. */
	readonly name: string;
	/** Other names that clients give, in lower case. */
	readonly aliases: readonly string[];
	/** As messages name it. */
	readonly shown: string;
	readonly least: string | null;
	/** In browsers of Apple's engine, where that is another one. */
	readonly leastOnWebKit?: string;
	/** The first version that cannot any more. */
	readonly removedIn?: string;
	/** Not in a browser: what the User-Agent says does not matter. */
	readonly native?: true;
	readonly source: string;
}

export interface SupportRules {
	readonly browsers: Versions<BrowserProduct>;
	/** What to use instead, where a browser cannot. */
	readonly advice: string;
	readonly sdks: readonly SdkRule[];
}

const ANY_CAPABLE = "use a current Chrome, Edge, Safari or Firefox";

const native = (name: string, shown: string, aliases: readonly string[] = []): SdkRule => ({
	name,
	shown,
	aliases,
	least: "2.27.0",
	native: true,
	source: "rtc 1.5; Vonage, end-to-end encryption guide and release notes of 2.27",
});

const soraWithout = (name: string, shown: string, aliases: readonly string[] = []): SdkRule => ({
	name,
	shown,
	aliases,
	least: null,
	native: true,
	source: "rtc 2.2: only the JavaScript SDK",
});

export const SUPPORT_RULES: Readonly<Record<ProviderName, SupportRules>> = {
	vonage: {
		browsers: { ...ENCODED_FRAMES, firefox: null }, // rtc 1.5
		advice: "use Chrome, Edge, Opera, Samsung Internet or Safari",
		sdks: [
			{
				name: "opentok.js",
				aliases: ["opentok", "opentok-js", "opentokjs", "js", "@opentok/client", "@vonage/client-sdk-video"],
				shown: "OpenTok.js",
				least: "2.27.0",
				leastOnWebKit: "2.30.0",
				source: "rtc 1.5",
			},
			native("opentok-react-native", "OpenTok React Native", ["@vonage/client-sdk-video-react-native", "react-native"]),
			native("opentok-android", "OpenTok Android", ["opentok-android-sdk", "com.vonage:client-sdk-video"]),
			native("opentok-ios", "OpenTok iOS", ["opentok-ios-sdk", "vonageclientsdkvideo", "opentok-macos"]),
			native("opentok-windows", "OpenTok Windows", ["opentok.client", "vonage.client.video"]),
			native("opentok-linux", "OpenTok Linux", ["libopentok"]),
		],
	},
	sora: {
		browsers: CHROMIUM_89,
		advice: "use Chrome or Edge",
		sdks: [
			{
				name: "sora-js-sdk",
				aliases: ["sora javascript sdk", "sora-javascript-sdk"],
				shown: "sora-js-sdk",
				least: "2020.1.0",
				removedIn: "2024.2.0",
				source: "rtc 2.2 and 2.3; release notes of 2020.1.0 and 2024.2.0",
			},
			soraWithout("sora-ios-sdk", "Sora iOS SDK", ["sora ios sdk"]),
			soraWithout("sora-android-sdk", "Sora Android SDK", ["sora android sdk"]),
			soraWithout("sora-flutter-sdk", "Sora Flutter SDK", ["sora flutter sdk"]),
			soraWithout("sora-unity-sdk", "Sora Unity SDK", ["sora unity sdk"]),
			soraWithout("sora-cpp-sdk", "Sora C++ SDK", ["sora c++ sdk"]),
			soraWithout("sora-python-sdk", "Sora Python SDK", ["sora python sdk"]),
			soraWithout("sora-rust-sdk", "Sora Rust SDK", ["sora rust sdk"]),
			soraWithout("sora-c-sdk", "Sora C SDK", ["sora c sdk"]),
		],
	},
	chime: {
		browsers: ENCODED_FRAMES,
		advice: ANY_CAPABLE,
		sdks: [
			{
				name: "amazon-chime-sdk-js",
				aliases: ["amazon-chime-sdk-javascript", "chime-js"],
				shown: "amazon-chime-sdk-js",
				least: "3.0.0", // ours: the line whose signalling the gate speaks
				source: "rtc 3.3",
			},
		],
	},
	webrtc: { browsers: ENCODED_FRAMES, advice: ANY_CAPABLE, sdks: [] },
};
