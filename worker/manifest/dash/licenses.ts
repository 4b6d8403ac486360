import type { LicenseSystem } from "./context.ts";

/** System ids, as in `schemeIdUri="urn:uuid:<id>"` (DASH-IF registry of content protection). */
const SYSTEMS: ReadonlyMap<string, LicenseSystem> = new Map([
	["edef8ba9-79d6-4ace-a3c8-27dcd51d21ed", "widevine"],
	["9a04f079-9840-4286-ab92-e65be0885f95", "playready"],
	["94ce86fb-07ff-4f43-adb8-93d2fa968ca2", "fairplay"],
	["e2719d58-a985-b3c9-781a-b030af78d30e", "clearkey"],
	["1077efec-c0b2-4d02-ace3-3c1e52e2fb4b", "clearkey"],
]);

/** Says of media that it is in Common Encryption, whatever system its licence is of (ISO/IEC 23009-1, 5.8.5.2). */
export const COMMON_ENCRYPTION = "urn:mpeg:dash:mp4protection:2011";

/** The element that names Clear Key (DASH-IF IOP part 6), but for its tag. */
export const CLEAR_KEY = 'schemeIdUri="urn:uuid:e2719d58-a985-b3c9-781a-b030af78d30e" value="ClearKey1.0"';

/** Where the gate takes licence requests, after the viewer's base. */
export const LICENSE_PATHS: Readonly<Record<LicenseSystem, string>> = {
	widevine: "licenses/cenc/widevine",
	playready: "licenses/cenc/playready",
	fairplay: "licenses/fairplay",
	clearkey: "licenses/clearkey",
};

/** The system of a ContentProtection element; null when it is none that the gate serves. */
export function systemOf(schemeIdUri: string): LicenseSystem | null {
	return SYSTEMS.get(schemeIdUri.trim().toLowerCase().replace("urn:uuid:", "")) ?? null;
}
