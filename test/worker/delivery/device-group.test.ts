import { expect, it } from "vitest";
import type { DeviceGroup } from "../../../worker/catalog/delivery-schema.ts";
import { deviceGroupOf } from "../../../worker/delivery/device-group.ts";

const WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)";
const IOS_WEBKIT = "AppleWebKit/605.1.15 (KHTML, like Gecko)";

it.each<[DeviceGroup, string]>([
	["ipad", `Mozilla/5.0 (iPad; CPU OS 12_2 like Mac OS X) ${IOS_WEBKIT} Version/12.1 Mobile/15E148 Safari/604.1`],
	["ipad", "AppleCoreMedia/1.0.0.19A346 (iPad; U; CPU OS 15_0 like Mac OS X; en_us)"],
	[
		"iphone",
		`Mozilla/5.0 (iPhone; CPU iPhone OS 17_1 like Mac OS X) ${IOS_WEBKIT} Version/17.1 Mobile/15E148 Safari/604.1`,
	],
	[
		"iphone",
		`Mozilla/5.0 (iPhone; CPU iPhone OS 17_1 like Mac OS X) ${IOS_WEBKIT} CriOS/119.0.6045.109 Mobile/15E148 Safari/604.1`,
	],
	["iphone", "AppleCoreMedia/1.0.0.19A346 (iPhone; U; CPU OS 15_0 like Mac OS X; en_us)"],
	[
		"ios-other",
		`Mozilla/5.0 (iPod touch; CPU iPhone OS 12_0 like Mac OS X) ${IOS_WEBKIT} Version/12.0 Mobile/15E148 Safari/604.1`,
	],
	["appletv", "AppleCoreMedia/1.0.0.20J373 (Apple TV; U; CPU OS 16_0 like Mac OS X; en_us)"],
	["appletv", "AppleTV6,2/11.1"],
	["chromecast", `Mozilla/5.0 (X11; Linux armv7l) ${WEBKIT} Chrome/90.0.4430.225 Safari/537.36 CrKey/1.56.500000`],
	[
		"chromecast",
		`Mozilla/5.0 (Linux; Android 12.0; Build/STTL.240508.005) ${WEBKIT} Chrome/125.0.6422.114 Safari/537.36 CrKey/1.56.500000 DeviceType/AndroidTV`,
	],
	["fetchtv", "Mozilla/5.0 (X11; Linux mips) AppleWebKit/538.1 (KHTML, like Gecko) FetchTV/3.0 Safari/538.1"],
	["roku-7/8", "Roku/DVP-7.70 (047.70E04135A)"],
	["roku-7/8", "Roku/DVP-8.1 (048.01E00142A)"],
	["roku-7/8", "Roku4640X/DVP-7.70 (297.70E04154A)"],
	["roku-9", "Roku/DVP-9.10 (519.10E04111A)"],
	["roku-9", "Roku3800X/DVP-9.40 (519.40E04142A)"],
	["roku-9", "Roku/DVP-12.5 (12.5.0 build 4178-C2)"],
	["roku-9", `Mozilla/5.0 (Roku) ${WEBKIT} Web/1.1 Safari/537.36`],
	["desktop-chrome", `Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) ${WEBKIT} Chrome/120.0.0.0 Safari/537.36`],
	["desktop-chrome", `Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${WEBKIT} Chrome/120.0.0.0 Safari/537.36`],
	["desktop-chrome", `Mozilla/5.0 (X11; Linux x86_64) ${WEBKIT} HeadlessChrome/120.0.0.0 Safari/537.36`],
	[
		"desktop-chrome",
		`Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${WEBKIT} Chrome/120.0.0.0 Safari/537.36 OPR/106.0.0.0`,
	],
	[
		"desktop-edge",
		`Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${WEBKIT} Chrome/120.0.0.0 Safari/537.36 Edg/120.0.2210.61`,
	],
	[
		"desktop-edge",
		`Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${WEBKIT} Chrome/64.0.3282.140 Safari/537.36 Edge/18.17763`,
	],
	["desktop-firefox", "Mozilla/5.0 (X11; Linux x86_64; rv:120.0) Gecko/20100101 Firefox/120.0"],
	["desktop-safari", `Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) ${IOS_WEBKIT} Version/17.1 Safari/605.1.15`],
	["android", `Mozilla/5.0 (Linux; Android 13; Pixel 7) ${WEBKIT} Chrome/116.0.0.0 Mobile Safari/537.36`],
	["android", "Mozilla/5.0 (Android 13; Mobile; rv:109.0) Gecko/118.0 Firefox/118.0"],
	["android", "ExoPlayerDemo/2.18.1 (Linux;Android 13) ExoPlayerLib/2.18.1"],
	["android", "Dalvik/2.1.0 (Linux; U; Android 9; AFTMM Build/PS7233)"],
	[
		"android",
		`Mozilla/5.0 (Linux; Android 9; AFTT Build/LVY48F) ${WEBKIT} Silk/98.4.13 like Chrome/98.0.4758.136 Safari/537.36`,
	],
	["tablet-android", `Mozilla/5.0 (Linux; Android 12; SM-T870) ${WEBKIT} Chrome/108.0.0.0 Safari/537.36`],
	["tablet-android", "Mozilla/5.0 (Android 13; Tablet; rv:109.0) Gecko/118.0 Firefox/118.0"],
	[
		"tablet-kindle",
		`Mozilla/5.0 (Linux; Android 9; KFMAWI) ${WEBKIT} Silk/98.4.13 like Chrome/98.0.4758.136 Safari/537.36`,
	],
	[
		"tablet-kindle",
		`Mozilla/5.0 (Linux; U; Android 4.4.3; en-us; KFTHWI Build/KTU84M) ${WEBKIT} Silk/47.1.79 like Chrome/47.0.2526.80 Safari/537.36`,
	],
	["smartphone-generic", "Mozilla/5.0 (Mobile; Nokia_8110_4G; rv:48.0) Gecko/48.0 Firefox/48.0 KAIOS/2.5"],
	["smartphone-generic", "BlackBerry9700/5.0.0.862 Profile/MIDP-2.1 Configuration/CLDC-1.1 VendorID/331"],
	[
		"smartphone-generic",
		`Mozilla/5.0 (Windows Phone 10.0; Android 6.0.1; Microsoft; Lumia 650) ${WEBKIT} Chrome/52.0.2743.116 Mobile Safari/537.36 Edge/15.15063`,
	],
	[
		"unknown",
		"Mozilla/5.0 (SMART-TV; Linux; Tizen 5.0) AppleWebKit/537.36 (KHTML, like Gecko) Version/5.0 TV Safari/537.36",
	],
	["unknown", "Mozilla/5.0 (PlayStation 4 5.55) AppleWebKit/601.2 (KHTML, like Gecko)"],
	["unknown", "MyApp/1 CFNetwork/1410.0.3 Darwin/22.6.0"],
	["unknown", "VLC/3.0.18 LibVLC/3.0.18"],
	["unknown", "curl/8.5.0"],
	["unknown", ""],
	["unknown", "\u{1F600} \u0001"],
	["unknown", "(".repeat(100_000)],
	["desktop-firefox", `Mozilla/5.0 (X11; Linux x86_64; rv:120.0) Gecko/20100101 Firefox/120.0 ${"x".repeat(100_000)}`],
])("%s: %s", (group, userAgent) => {
	expect(deviceGroupOf(userAgent)).toBe(group);
	expect(deviceGroupOf(userAgent)).toBe(group); // as it is remembered
});
