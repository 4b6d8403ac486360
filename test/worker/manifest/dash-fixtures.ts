import { type DashContext, type DashTemplate, compileDash } from "../../../worker/manifest/dash.ts";
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
