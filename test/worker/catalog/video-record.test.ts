import { describe, expect, it } from "vitest";
import { acceptVideo, maskVideo, openSecret, readVideo, writeVideo } from "../../../worker/catalog/video-record.ts";
import { Sealer } from "../../../worker/sealing.ts";

const sealer = new Sealer("content secret", "test");
const KEY = "O8PcXIADc0Rrt2c3We++Dg==";
const place = { account: "acme", id: "clip", local: false };
const source = { type: "application/x-mpegURL", protection: "aes128", src: "https://origin.example/clip/master.m3u8" };

function issuesOf(input: unknown, change: Partial<typeof place> & { at?: string } = {}): readonly string[] {
	const parsed = acceptVideo(input, { ...place, ...change }, sealer);
	return parsed.ok ? [] : parsed.issues;
}

function accepted(input: unknown, stored?: Parameters<typeof maskVideo>[0]) {
	const parsed = acceptVideo(input, { ...place, ...(stored ? { stored } : {}) }, sealer);
	if (!parsed.ok) throw new Error(parsed.issues.join());
	return parsed.value;
}

describe("a video that a user writes", () => {
	it.each<[string, unknown, string]>([
		["no object", [], "the body: must be an object"],
		["an unknown field", { nam: "x" }, "nam: is not a known field"],
		["a wrong type", { duration: "60" }, "duration: must be a number"],
		["a wrong state", { state: "active" }, "state: must be ACTIVE or INACTIVE"],
		[
			"milliseconds for seconds",
			{ schedule: { starts_at: 1e15 } },
			"schedule.starts_at: must be seconds since 1970, not milliseconds",
		],
		["a list for an object", { custom_fields: [] }, "custom_fields: must be an object"],
		["a list for a map", { vmap: [{}] }, "vmap: must be an object"],
		["a list of keys", { sources: [{ ...source, keys: [KEY] }] }, "sources[0].keys: must be an object of name: key"],
		["another id", { id: "other" }, 'id: must be "clip", as in the path'],
		["a source without src", { sources: [{ type: "video/mp4" }] }, "sources[0].src: is missing"],
		[
			"a source of another scheme",
			{ sources: [source, { ...source, src: "ftp://x/y" }] },
			"sources[1].src: must start with https:// or r2://BINDING/ and have no user name, password or fragment",
		],
		[
			"a source with a password",
			{ sources: [{ ...source, src: "https://u:p@x/y" }] },
			"sources[0].src: must start with https:// or r2://BINDING/ and have no user name, password or fragment",
		],
		[
			"http on loopback in production",
			{ sources: [{ ...source, src: "http://127.0.0.1/x.m3u8" }] },
			"sources[0].src: must start with https:// or r2://BINDING/",
		],
		[
			"a key of 15 bytes",
			{ sources: [{ ...source, keys: { "k.key": "AAAAAAAAAAAAAAAAAAAA" } }] },
			"sources[0].keys.k.key: must be base64 of exactly 16 bytes, or 32 hex digits",
		],
		[
			"a key named by a path",
			{ sources: [{ ...source, keys: { "a/k.key": KEY } }] },
			'sources[0].keys.a/k.key: must be the last path segment of a key URI, without "/"',
		],
		[
			"direct segments in a bucket",
			{ segments: "direct", sources: [{ ...source, src: "r2://MEDIA/x/m.m3u8" }] },
			'sources[0].src: must start with https:// when segments is "direct", for players cannot reach r2://',
		],
		[
			"a mask with nothing behind it",
			{ sources: [{ ...source, keys: { "k.key": "********" } }] },
			"sources[0].keys.k.key: the mask stands for a stored value, and there is none; give the value",
		],
		[
			"a key that was sealed for another video",
			{ sources: [{ ...source, keys: { "k.key": `sealed:${sealer.seal(KEY, "acme/other")}` } }] },
			"sources[0].keys.k.key: was sealed for another video or with another CONTENT_SECRET; give the value",
		],
	])("with %s is refused, and the place is named", (_what, input, issue) => {
		expect(issuesOf(input)).toEqual([issue]);
	});

	it("tells all mistakes at once, below the place of the record in its file", () => {
		const issues = issuesOf({ state: 1, sources: [{ ...source, type: "text/html" }] }, { at: "accounts[0].videos[3]" });
		expect(issues).toEqual([
			"accounts[0].videos[3].state: must be ACTIVE or INACTIVE",
			"accounts[0].videos[3].sources[0].type: must be application/x-mpegURL, application/vnd.apple.mpegurl, application/dash+xml or video/mp4",
		]);
	});

	it("never repeats a secret in an issue", () => {
		expect(issuesOf({ sources: [{ ...source, keys: { "k.key": "TOP-SECRET" } }] }).join()).not.toContain("TOP-SECRET");
	});
});

describe("secrets", () => {
	const input = {
		sources: [{ ...source, keys: { "k1.key": KEY } }],
		licenses: { widevine: { url: "https://drm.example/wv", headers: { "x-auth": "hunter2" } } },
	};

	it("are sealed in what is stored, masked in what is shown, and open again", () => {
		const record = accepted(input);
		const text = writeVideo(record);
		expect(text).not.toContain(KEY);
		expect(text).not.toContain("hunter2");
		expect(maskVideo(record).sources[0]?.keys).toEqual({ "k1.key": "********" });
		expect(maskVideo(record).licenses.widevine?.headers).toEqual({ "x-auth": "********" });
		const read = readVideo(text);
		if (!read.ok) throw new Error(read.issues.join());
		expect(openSecret(read.value.sources[0]?.keys["k1.key"] ?? "", read.value, sealer)).toBe(KEY);
	});

	it("stay when what is shown is sent back, also with the sources in another order", () => {
		const stored = accepted(input);
		const { id: _id, ...shown } = maskVideo(stored);
		const again = accepted(
			{ ...shown, sources: [{ ...source, src: "https://origin.example/new.m3u8" }, ...shown.sources] },
			stored,
		);
		expect(again.sources[1]?.keys).toEqual(stored.sources[0]?.keys);
		expect(again.licenses).toEqual(stored.licenses);
	});

	it("do not open under another secret or for another video", () => {
		const record = accepted(input);
		const sealed = record.sources[0]?.keys["k1.key"] ?? "";
		expect(openSecret(sealed, record, new Sealer("another secret", "test"))).toBeNull();
		expect(openSecret(sealed, { ...record, id: "other" }, sealer)).toBeNull();
	});
});

describe("a record in KV", () => {
	it.each([
		["not JSON", "{"],
		["of another version", JSON.stringify({ schema: 2, account: "acme", id: "clip", video: {} })],
		["with a mistake", JSON.stringify({ schema: 1, account: "acme", id: "clip", video: { state: 1 } })],
	])("that is %s is not read", (_what, text) => {
		expect(readVideo(text).ok).toBe(false);
	});
});
