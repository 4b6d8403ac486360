import type { HlsContext, HlsTemplate } from "../../../worker/manifest/hls.ts";

export const ORIGIN = "https://origin.example";
export const GRANT = "/g/GRANT/";

/** Seals that can be read: the test names what is sealed, and nothing else may have been. */
export function sealOf(value: string): string {
	return `_${Array.from(new TextEncoder().encode(value), (byte) => byte.toString(16).padStart(2, "0")).join("")}_`;
}

/** A master playlist that the gate serves under the token's own path, unless said otherwise. */
export function contextOf(overrides: Partial<HlsContext> = {}): HlsContext {
	return {
		url: `${ORIGIN}/clip/master.m3u8`,
		sourceRoot: `${ORIGIN}/clip/`,
		servedBelow: null,
		segments: "gate",
		keyNames: new Set(["k1.key"]),
		seal: sealOf,
		reachable: (url) => url.protocol === "https:" || (url.protocol === "r2:" && url.host === "MEDIA"),
		...overrides,
	};
}

/** A media playlist that the gate serves at the place of its source, so that its relative URIs may stay. */
export function servedInPlace(overrides: Partial<HlsContext> = {}): HlsContext {
	return contextOf({ url: `${ORIGIN}/clip/720/video.m3u8`, servedBelow: { dir: `${ORIGIN}/clip/` }, ...overrides });
}

export function filled(template: HlsTemplate, base = GRANT): string {
	return template.parts.join(base);
}
