import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { freshForMs } from "../../../worker/playback/freshness.ts";
import type { Grant } from "../../../worker/playback/grant.ts";
import { sourcePath } from "../../../worker/playback/source-paths.ts";
import { pickSource } from "../../../worker/playback/sources.ts";

const video = {
	record: { sources: [{ src: "https://origin.example/clip/master.m3u8?sig=1" }] },
} as unknown as Parameters<typeof sourcePath>[3];
const manifests = {
	unseal: (_video: unknown, sealed: string) => (sealed === "good" ? "https://cdn.example/x/" : null),
} as unknown as Parameters<typeof sourcePath>[4];
const grant = { source: 0 } as Grant;
const at = (path: string, search = "") => sourcePath(path, search, grant, video, manifests);

describe("a path under a grant", () => {
	it.each([
		["s/seg0.ts", "https://origin.example/clip/seg0.ts", "../"],
		["s/low/index.m3u8", "https://origin.example/clip/low/index.m3u8", "../../"],
		["s/a%20b.ts", "https://origin.example/clip/a%20b.ts", "../"],
		["s/...ts", "https://origin.example/clip/...ts", "../"],
		["s/a..b/c.ts", "https://origin.example/clip/a..b/c.ts", "../../"],
		["r/good/seg.ts", "https://cdn.example/x/seg.ts", "../../"],
	])("%s leads to %s", (path, url, base) => {
		expect(at(path)).toMatchObject({ url, base });
	});

	it.each([
		"s/../other/x.ts",
		"s/low/../../x.ts",
		"s/..",
		"s/./x.ts",
		"s/%2e%2e/x.ts",
		"s/.%2E/x.ts",
		"s/..%2fx.ts",
		"s/%2e%2e%2fx.ts",
		"s/%252e%252e/x.ts",
		"s/..\\x.ts",
		"s/..%5cx.ts",
		"s/x%00.ts",
		"s/.%09./x.ts",
		"s/%ff",
		"r/bad/seg.ts",
		"r/good/../x.ts",
		"r/good",
		"x/seg.ts",
		"",
	])("%s leads nowhere", (path) => {
		expect(at(path)).toBeNull();
	});

	it.each([
		["?a=1&b=2", "?a=1&b=2"],
		["?a=1&bcov_auth=x&CMCD=y", "?a=1"],
		["?bcov-auth=x", ""],
		["?device_id=tv&_HLS_msn=3", "?_HLS_msn=3"],
		["?end_session=tv&a=1", "?a=1"],
		["?end%5Fsession=tv&%61=1&end_session&%", "?%61=1&%"],
	])("with the query %s asks the source with %s", (search, asked) => {
		expect(at("s/x.m3u8", search)?.url).toBe(`https://origin.example/clip/x.m3u8${asked}`);
	});
});

describe("the source that a URL serves", () => {
	const source = (type: string, protection: string) => ({ type, protection });
	const hls = "application/x-mpegURL";
	const pick = (sources: unknown[], pro?: "" | "aes128" | "widevine") =>
		pickSource({ sources } as unknown as Parameters<typeof pickSource>[0], ({ type }) => type === hls, pro);
	const both = [source("video/mp4", ""), source(hls, "aes128"), source(hls, "")];

	it.each([
		["the clear one without pro", both, undefined, 2],
		['the clear one with pro ""', both, "", 2],
		["the one that pro names", both, "aes128", 1],
		["the first without pro when none is clear", [source(hls, "aes128"), source(hls, "widevine")], undefined, 0],
		["none when pro names another", both, "widevine", -1],
		["none of another type", [source("video/mp4", "")], undefined, -1],
	] as const)("is %s", (_what, sources, pro, expected) => {
		expect(pick([...sources], pro)).toBe(expected);
	});
});

describe("how long a playlist is used before its source is asked again", () => {
	const answer = (headers: Record<string, string>) => new Response("", { headers });
	beforeEach(() => {
		vi.useFakeTimers({ toFake: ["Date"] }); // the library's clock
	});
	afterEach(() => {
		vi.useRealTimers();
	});

	it.each<[string, Record<string, string>, boolean, number | null, number]>([
		["silent, on demand", {}, false, 6, 10_000],
		["silent, live", {}, true, 6, 1000],
		["max-age, on demand", { "Cache-Control": "max-age=60" }, false, 6, 60_000],
		["s-maxage before max-age", { "Cache-Control": "max-age=60, s-maxage=5" }, false, 6, 5000],
		["max-age minus its age", { "Cache-Control": "max-age=60", Age: "50" }, false, 6, 10_000],
		["max-age, live: at most half the target duration", { "Cache-Control": "max-age=60" }, true, 6, 3000],
		["no-store", { "Cache-Control": "no-store" }, false, 6, 0],
		["no-cache", { "Cache-Control": "no-cache" }, true, 6, 0],
		["private", { "Cache-Control": "private, max-age=60" }, false, 6, 0],
		["a year, on demand: at most an hour", { "Cache-Control": "max-age=31536000" }, false, null, 3_600_000],
	])("%s", (_what, headers, live, target, expected) => {
		expect(freshForMs(answer(headers), live, target)).toBe(expected);
	});
});
