import Bowser from "bowser";
import { LRUCache } from "lru-cache";
import type { DeviceGroup } from "../catalog/delivery-schema.ts";

/** Devices that name themselves; the first that fits. What Bowser knows better comes after them. */
const NAMED: readonly (readonly [pattern: RegExp, group: DeviceGroup])[] = [
	[/apple ?tv|tvOS/i, "appletv"],
	[/\bCrKey\b/, "chromecast"],
	[/fetch ?tv/i, "fetchtv"],
	[/\bRoku\w*\/DVP-[78]\./, "roku-7/8"], // some name their model: Roku4640X
	[/\bRoku(?:\d\w*)?\b/, "roku-9"],
	[/\bCrOS\b/, "desktop-chrome"], // Bowser knows no kind of device for it
	[/\bAFT[A-Z0-9]{1,8}\b/, "android"], // Fire TV: their browser is that of the tablets
	[/\b(?:Silk|Kindle)\b|\bKF[A-Z]{2,6}\b/, "tablet-kindle"],
	[/\biPad\b/, "ipad"],
	[/\biPhone\b(?! OS)/, "iphone"],
	[/\biPod\b/, "ios-other"],
];

const DESKTOPS: ReadonlyMap<string, DeviceGroup> = new Map([
	["Firefox", "desktop-firefox"],
	["Safari", "desktop-safari"],
	["Microsoft Edge", "desktop-edge"],
]);

/** Longer than any that devices send. */
const MOST_CHARACTERS = 512;
const MOST_REMEMBERED = 1000;
const known = new LRUCache<string, DeviceGroup>({ max: MOST_REMEMBERED });

/** The device group of a User-Agent; "unknown" for programs, game consoles, television sets and whatever says nothing. */
export function deviceGroupOf(userAgent: string): DeviceGroup {
	const text = userAgent.slice(0, MOST_CHARACTERS);
	const found = known.get(text) ?? readGroup(text);
	known.set(text, found);
	return found;
}

function readGroup(text: string): DeviceGroup {
	if (text === "") return "unknown"; // Bowser throws
	const named = NAMED.find(([pattern]) => pattern.test(text));
	if (named) return named[1];
	const { browser, os, platform, engine } = Bowser.parse(text);
	if (os.name === "iOS") return "ios-other";
	if (os.name === "Android") return androidGroup(text, platform.type);
	if (platform.type === "mobile") return "smartphone-generic";
	if (platform.type !== "desktop") return "unknown";
	// Browsers made from Chromium play what Chrome plays.
	return DESKTOPS.get(browser.name ?? "") ?? (engine.name === "Blink" ? "desktop-chrome" : "unknown");
}

/** Browsers of phones say "Mobile", those of tablets do not; apps say neither. */
function androidGroup(text: string, platformType: string | undefined): DeviceGroup {
	return platformType === "tablet" && text.startsWith("Mozilla/") ? "tablet-android" : "android";
}
