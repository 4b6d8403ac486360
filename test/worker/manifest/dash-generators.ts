import fc from "fast-check";
import type { DashContext } from "../../../worker/manifest/dash.ts";
import { dashContextOf, dashInPlace, GATE, GRANT_BASE } from "./dash-fixtures.ts";

/** Where a document is loaded from, at the gate and without it. */
export const PLACES: readonly { at: string; context: DashContext; loadedFrom: string; source: string }[] = [
	{
		at: "the token's path",
		context: dashContextOf(),
		loadedFrom: `${GATE}/playback/v1/accounts/a/videos/v/manifest.mpd`,
		source: "https://origin.example/clip/manifest.mpd",
	},
	{
		at: "its own place",
		context: dashInPlace(),
		loadedFrom: `${GRANT_BASE}s/dash/live.mpd`,
		source: "https://origin.example/clip/dash/live.mpd",
	},
];

/** XML made of its parts. */
export const joined = (...parts: readonly fc.Arbitrary<string>[]) => fc.tuple(...parts).map((texts) => texts.join(""));
export const within = (name: string, ...parts: readonly fc.Arbitrary<string>[]) =>
	joined(fc.constant(`<${name}>`), ...parts, fc.constant(`</${name}>`));
