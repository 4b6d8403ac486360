import { expect, it } from "vitest";
import { deviceNameOf } from "../../../worker/delivery/device-name.ts";

const WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)";

it.each([
	["Chrome on Windows", `Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${WEBKIT} Chrome/130.0.0.0 Safari/537.36`],
	["Firefox on Linux", "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"],
	["Chrome on Android", `Mozilla/5.0 (Linux; Android 12; BRAVIA 4K) ${WEBKIT} Chrome/110 Safari/537.36`],
	["Chrome on Chromecast", `Mozilla/5.0 (X11; Linux armv7l) ${WEBKIT} Chrome/90.0.4430.225 Safari/537.36 CrKey/1.56`],
	[
		"Safari on iPhone",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 17_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.1 Mobile/15E148 Safari/604.1",
	],
	["AppleCoreMedia on Apple TV", "AppleCoreMedia/1.0.0.21J354 (Apple TV; U; CPU OS 17_1 like Mac OS X; en_us)"],
	["Roku", "Roku/DVP-12.5 (12.5.0.4178-93)"],
	["Player", "Player/1.0"],
	["curl", "curl/8.5.0"],
	["Unknown device", ""],
	["Unknown device", "   "],
	["Unknown device", "<script>alert(1)</script>"],
	["Unknown device", `"><img src=x onerror=alert(1)>/1 (x) y/2`],
	["Unknown device", "a".repeat(5000)],
])("%s", (name, userAgent) => {
	expect(deviceNameOf(userAgent)).toBe(name);
});
