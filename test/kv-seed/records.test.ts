import { generateKeyPairSync } from "node:crypto";
import { describe, expect, it } from "vitest";
import { toRecords } from "../../kv-seed/records.ts";
import { readPlaylist } from "../../worker/catalog/playlist-record.ts";
import { readRight } from "../../worker/catalog/right-record.ts";

const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const value = publicKey.export({ type: "spki", format: "der" }).toString("base64");
const pem = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
const options = { contentSecret: "a content secret", local: false, now: new Date(0) };
const video = {
	id: "clip",
	reference_id: "clip-1",
	sources: [
		{
			type: "application/x-mpegURL",
			protection: "aes128",
			src: "https://origin.example/clip/master.m3u8",
			keys: { "k1.key": "O8PcXIADc0Rrt2c3We++Dg==" },
		},
	],
};
const account = { id: "acme", name: "Acme", settings: { tier: 2 }, keys: [{ id: "k1", value }], videos: [video] };

describe("a seed file", () => {
	it("becomes one record for each account, key, video and reference id", async () => {
		const result = await toRecords({ accounts: [account] }, options);
		if (!result.ok) throw new Error(result.issues.join());
		expect(result.records.map(({ key }) => key.replace(/^(ref\/acme\/).{43}$/, "$1*"))).toEqual([
			"account/acme",
			"key/acme/k1",
			"video/acme/clip",
			"ref/acme/*",
		]);
		const [stored, key, , reference] = result.records;
		expect(JSON.parse(stored?.value ?? "")).toMatchObject({
			schema: 1,
			name: "Acme",
			settings: { tier: 2, clock_skew_seconds: 60 },
		});
		expect(key?.metadata).toEqual({ schema: 1, value, algorithm: "ES256", created_at: "1970-01-01T00:00:00.000Z" });
		expect(reference?.value).toBe("clip");
	});

	it("becomes records for playback rights and playlists, too", async () => {
		const rights = [{ id: "eu", geo: { allowed_countries: ["FR"] }, is_default: true }, { id: "all" }];
		const playlists = [{ id: "p", reference_id: "clip-1", video_ids: ["clip", "ref:clip-1"] }, { id: "q" }];
		const result = await toRecords({ accounts: [{ id: "acme", videos: [video], rights, playlists }] }, options);
		if (!result.ok) throw new Error(result.issues.join());
		const [, , , eu, byDefault, all, p, reference, q] = result.records;
		expect([eu, byDefault, all, p, q].map((record) => record?.key)).toEqual([
			"right/acme/eu",
			"default-right/acme",
			"right/acme/all",
			"playlist/acme/p",
			"playlist/acme/q",
		]);
		expect(byDefault?.value).toBe("eu");
		expect(reference).toEqual({ key: expect.stringMatching(/^playlist-ref\/acme\/.{43}$/), value: "p" });
		expect(readRight(eu?.value ?? "")).toMatchObject({ ok: true, value: { id: "eu", account_id: "acme" } });
		expect(readPlaylist(p?.value ?? "")).toMatchObject({
			ok: true,
			value: { id: "p", account_id: "acme", type: "EXPLICIT", video_ids: ["clip", "ref:clip-1"] },
		});
	});

	it("may have delivery rules", async () => {
		const actions = [{ id: "small", properties: { max_video_bitrate: 700 } }];
		const conditions = [{ if: { device_group: ["iphone"] }, then: ["small"] }];
		const result = await toRecords({ accounts: [{ id: "acme", actions, conditions }] }, options);
		if (!result.ok) throw new Error(result.issues.join());
		expect(result.records.slice(1).map(({ key, value: text }) => [key, JSON.parse(text)])).toEqual([
			[
				"action/acme/small",
				{ schema: 1, account: "acme", id: "small", action: { properties: actions[0]?.properties } },
			],
			["conditions/acme", { schema: 1, account: "acme", id: "conditions", conditions }],
		]);
	});

	it.each<[string, unknown, string]>([
		["an action without an id", { actions: [{ properties: {} }] }, "accounts[0].actions[0].id: must be a string"],
		[
			"a wrong action",
			{ actions: [{ id: "a", properties: { max_video_bitrate: "x" } }] },
			"accounts[0].actions[0].properties.max_video_bitrate: must be a number",
		],
		["a condition of another shape", { conditions: [{ if: {} }] }, "accounts[0].conditions[0].then: is missing"],
		["conditions of another shape", { conditions: {} }, "accounts[0].conditions: must be a list"],
		[
			"a condition that names no action",
			{ conditions: [{ if: {}, then: ["none"] }] },
			'accounts[0].conditions[0].then[0]: names no action of the account: "none"',
		],
	])("is refused with %s", async (_what, rules, issue) => {
		const result = await toRecords({ accounts: [{ id: "acme", ...(rules as object) }] }, options);
		expect(result.ok ? [] : result.issues).toEqual([issue]);
	});

	it("never shows a content key in a record", async () => {
		expect(JSON.stringify(await toRecords({ accounts: [account] }, options))).not.toContain("O8PcXIADc0Rrt2c3We");
	});

	it.each<[string, unknown, string]>([
		["no accounts", {}, "accounts: is missing"],
		[
			"a wrong account id",
			{ accounts: [{ id: "a/b" }] },
			"accounts[0].id: must be 1 to 128 of A-Z a-z 0-9 _ . - and start with a letter or digit",
		],
		[
			"a wrong setting",
			{ accounts: [{ id: "acme", settings: { tier: 9 } }] },
			"accounts[0].settings.tier: must be 1, 2 or 3",
		],
		[
			"an unknown setting",
			{ accounts: [{ id: "acme", settings: { teir: 1 } }] },
			"accounts[0].settings.teir: is not a known field",
		],
		[
			"a wrong source",
			{
				accounts: [
					account,
					{
						id: "b",
						videos: [
							video,
							video,
							{ ...video, id: "v3", sources: [{ ...video.sources[0], src: "file:///etc/passwd" }] },
						],
					},
				],
			},
			"accounts[1].videos[2].sources[0].src: must start with https:// or r2://BINDING/ and have no user name, password or fragment",
		],
		[
			"a video twice",
			{ accounts: [{ id: "acme", videos: [video, video] }] },
			"video/acme/clip: is given more than once",
		],
		[
			"a video that is no object",
			{ accounts: [{ id: "acme", videos: ["clip"] }] },
			"accounts[0].videos[0]: must be an object",
		],
		[
			"a video without an id",
			{ accounts: [{ id: "acme", videos: [{}] }] },
			"accounts[0].videos[0].id: must be a string",
		],
		[
			"a right without an id",
			{ accounts: [{ id: "acme", rights: [{ id: "a" }, {}] }] },
			"accounts[0].rights[1].id: must be a string",
		],
		[
			"a right with a country that is none",
			{ accounts: [{ id: "acme", rights: [{ id: "a", geo: { allowed_countries: ["FR", "MIX"] } }] }] },
			"accounts[0].rights[0].geo.allowed_countries[1]: must be a country code of ISO 3166-1 alpha-2, in capitals",
		],
		[
			"a right with a field that none has",
			{ accounts: [{ id: "acme", rights: [{ id: "a", alowed_ips: [] }] }] },
			"accounts[0].rights[0].alowed_ips: is not a known field",
		],
		[
			"two default rights",
			{
				accounts: [
					{
						id: "acme",
						rights: [
							{ id: "a", is_default: true },
							{ id: "b", is_default: true },
						],
					},
				],
			},
			"default-right/acme: is given more than once",
		],
		[
			"a playlist with an id that is none",
			{ accounts: [{ id: "acme", playlists: [{ id: "p", video_ids: ["a", "b/c"] }] }] },
			"accounts[0].playlists[0].video_ids[1]: must be the id of a video, or ref: and a reference id of at most 256 characters",
		],
		[
			"a playlist of another account",
			{ accounts: [{ id: "acme", playlists: [{ id: "p", account_id: "b" }] }] },
			'accounts[0].playlists[0].account_id: must be "acme", as in the path',
		],
		[
			"playlists with the same reference id",
			{
				accounts: [
					{
						id: "acme",
						playlists: [
							{ id: "p", reference_id: "r" },
							{ id: "q", reference_id: "r" },
						],
					},
				],
			},
			"reference_id of a playlist: is given more than once",
		],
		[
			"playlists that are no list",
			{ accounts: [{ id: "acme", playlists: {} }] },
			"accounts[0].playlists: must be a list",
		],
	])("with %s has no records, and the place is named", async (_what, seed, issue) => {
		const result = await toRecords(seed, options);
		expect(result).toMatchObject({ ok: false });
		expect(result.ok ? [] : result.issues).toContain(issue);
	});

	it("with a private key is refused without repeating it", async () => {
		const result = await toRecords({ accounts: [{ id: "acme", keys: [{ id: "k1", value: pem }] }] }, options);
		const [issue = ""] = result.ok ? [] : result.issues;
		expect(issue).toMatch(/^accounts\[0\]\.keys\[0\]\.value: .*private key/);
		expect(issue).not.toContain(pem.split("\n")[1]);
	});

	it("may name http on loopback for the local environment only", async () => {
		const seed = {
			accounts: [
				{ id: "acme", videos: [{ id: "v", sources: [{ ...video.sources[0], src: "http://127.0.0.1:9/x.m3u8" }] }] },
			],
		};
		expect((await toRecords(seed, { ...options, local: true })).ok).toBe(true);
		expect((await toRecords(seed, options)).ok).toBe(false);
	});
});

describe("the join gate's part of a seed file", () => {
	const sessions = [
		{ id: "room-1", provider: "webrtc" },
		{ id: "room-2", provider: "sora", sora: { channel_id: "c", signaling_urls: ["wss://sora.example/signaling"] } },
	];
	const providers = {
		turn: { kind: "rest", secret: "north", urls: ["turn:turn.example"] },
		sora: { auth_webhook_secret: "a-secret-of-the-path" },
	};
	const join_webhook = { url: "https://app.example/hook", secret: `whsec_${btoa("x".repeat(24))}` };

	it("becomes one record for each session, name of a session, provider and webhook", async () => {
		const acme = { id: "acme", e2ee_sessions: sessions, providers, join_webhook };
		const result = await toRecords({ accounts: [acme] }, options);
		if (!result.ok) throw new Error(result.issues.join());
		expect(result.records.slice(1).map(({ key }) => key.replace(/[^/]{43}$/, "*"))).toEqual([
			"e2ee-session/acme/room-1",
			"e2ee-session/acme/room-2",
			"e2ee-provider/acme/sora/*",
			"provider/acme/turn",
			"provider/acme/sora",
			"join-webhook/acme",
		]);
		expect(JSON.stringify(result.records)).not.toMatch(/north|a-secret-of-the-path|eHh4/);
	});

	it.each<readonly [object, string]>([
		[
			{ e2ee_sessions: [{ id: "r", provider: "zoom" }] },
			"e2ee_sessions[0].provider: must be one of vonage, sora, chime, webrtc",
		],
		[{ e2ee_sessions: [{ provider: "webrtc" }] }, "e2ee_sessions[0].id: must be a string"],
		[
			{ e2ee_sessions: [sessions[1], { ...sessions[1], id: "room-3" }] },
			"sora: the provider's own name of a session: is given more than once",
		],
		[{ providers: { zoom: {} } }, "providers.zoom: is not a known field"],
		[{ providers: { turn: { kind: "own" } } }, "providers.turn.kind: must be rest or cloudflare"],
		[{ providers: { sora: {} } }, "providers.sora.auth_webhook_secret: is missing, and a seed must have it"],
		[
			{ providers: { sora: { ...providers.sora, api_url: "http://127.0.0.1/" } } },
			"providers.sora.api_url: must start with https://",
		],
		[{ join_webhook: { url: "https://app.example/hook" } }, "join_webhook.secret: is missing, and a seed must have it"],
		[{ join_webhook: { url: "http://127.0.0.1/hook" } }, "join_webhook.url: must start with https://"],
	])("is refused with the place of the mistake: %j", async (part, issue) => {
		const result = await toRecords({ accounts: [{ id: "acme", ...part }] }, options);
		expect(result).toEqual({ ok: false, issues: [issue.startsWith("sora:") ? issue : `accounts[0].${issue}`] });
	});
});
