import { type DashContext, type DashTemplate, compileDash } from "../../../worker/manifest/dash.ts";
import { expect } from "vitest";
import { ORIGIN, sealOf } from "./fixtures.ts";

export const GATE = "https://gate.example";
export const GRANT_BASE = `${GATE}/g/GRANT/`;

/** A document that the gate serves under the token's own path, unless said otherwise. */
export function dashContextOf(overrides: Partial<DashContext> = {}): DashContext {
	return {
		url: `${ORIGIN}/clip/manifest.mpd`,
		sourceRoot: `${ORIGIN}/clip/`,
		servedBelow: null,
		segments: "gate",
		licenses: new Set(["widevine", "playready", "clearkey"]),
		seal: sealOf,
		reachable: (url) => url.protocol === "https:" || (url.protocol === "r2:" && url.host === "MEDIA"),
		...overrides,
	};
}

/** A document that the gate serves at the place of its source, so that its relative URLs may stay. */
export function dashInPlace(overrides: Partial<DashContext> = {}): DashContext {
	return dashContextOf({ url: `${ORIGIN}/clip/dash/live.mpd`, servedBelow: { dir: `${ORIGIN}/clip/` }, ...overrides });
}

/** @throws Error when the document is refused */
export function templateOf(text: string, context: DashContext): DashTemplate {
	const result = compileDash(text, context);
	if (!result.ok) throw new Error(result.problem);
	return result.template;
}

export function rewritten(text: string, context: DashContext, base = "<base>"): string {
	return templateOf(text, context).parts.join(base);
}

/** Where the gate serves a directory outside the source's root. */
export const sealedAt = (dir: string): string => `r/${sealOf(dir)}/`;

/** The sealed directory of most URLs to elsewhere in these tests. */
export const CDN = sealedAt("https://cdn.example/v/");
export const mpd = (content: string): string => `<MPD>${content}</MPD>`;
export const inRepresentation = (content: string, before = ""): string =>
	mpd(
		`<Period>${before}<AdaptationSet><Representation id="1" bandwidth="1">${content}</Representation></AdaptationSet></Period>`,
	);
/** What the rewriting makes of the one URL in a document that is served in place. */
export function change(wrap: (url: string) => string, url: string, overrides: Partial<DashContext> = {}): string {
	const mark = "\u2603";
	const [before = "", after = ""] = wrap(mark).split(mark);
	const output = rewritten(wrap(url), dashInPlace(overrides));
	expect(output.startsWith(before) && output.endsWith(after)).toBe(true);
	return output.slice(before.length, output.length - after.length);
}
