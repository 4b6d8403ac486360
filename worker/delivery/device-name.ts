import Bowser from "bowser";
import { LRUCache } from "lru-cache";
import type { DeviceGroup } from "../catalog/delivery-schema.ts";
import { deviceGroupOf } from "./device-group.ts";

/** Devices that people know by their own name and not by that of their system. */
const OWN_NAMES: ReadonlyMap<DeviceGroup, string> = new Map([
	["appletv", "Apple TV"],
	["chromecast", "Chromecast"],
	["fetchtv", "Fetch TV"],
	["roku-7/8", "Roku"],
	["roku-9", "Roku"],
	["tablet-kindle", "Kindle"],
	["ipad", "iPad"],
	["iphone", "iPhone"],
]);

const UNKNOWN = "Unknown device";
/** The product that a program names itself by (RFC 9110 section 10.1.5). */
const PRODUCT = /^[^\s/]+/;
/** What reads like a name; Bowser takes that of a program it does not know from the text as it is. */
const NAME = /^[\p{L}\p{N}][\p{L}\p{N} ._+-]{0,39}$/u;
const MOST_CHARACTERS = 512;
const MOST_REMEMBERED = 1000;
const known = new LRUCache<string, string>({ max: MOST_REMEMBERED });

/** What a person calls the device of a User-Agent: "Chrome on Windows", "Roku", at least the program's name. */
export function deviceNameOf(userAgent: string): string {
	const text = userAgent.slice(0, MOST_CHARACTERS);
	const found = known.get(text) ?? describe(text);
	known.set(text, found);
	return found;
}

function describe(text: string): string {
	if (text === "") return UNKNOWN; // Bowser throws
	const { browser, os } = Bowser.parse(text);
	const device = OWN_NAMES.get(deviceGroupOf(text)) ?? os.name;
	const program = browser.name || PRODUCT.exec(text)?.[0];
	const names = new Set([program, device].filter((name) => name !== undefined && NAME.test(name)));
	return [...names].join(" on ") || UNKNOWN;
}
