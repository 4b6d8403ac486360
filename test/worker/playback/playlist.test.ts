import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { kvKeys } from "../../../worker/catalog/kv-keys.ts";
import {
	type Claims,
	type ClientInit,
	type Publisher,
	ask,
	newPublisher,
	refusalOf,
	textOf,
	urisOf,
} from "../../support/publisher.ts";

interface Playlist {
	readonly count: number;
	readonly video_ids: readonly string[];
	readonly videos: readonly { readonly id: string; readonly sources: readonly { readonly src: string }[] }[];
	readonly errors?: readonly Readonly<Record<string, string>>[];
}

const HLS = { type: "application/x-mpegURL", src: "https://origin.example/x/master.m3u8" };

let publisher: Publisher;
let path: string;
beforeEach(async () => {
	publisher = await newPublisher({ catalog_cache_seconds: 0 });
	path = `/playback/v1/accounts/${publisher.account}/playlists/evening`;
	await publisher.publishVideo("a", { tags: ["sport"], sources: [HLS] });
	await publisher.publishVideo("b", { reference_id: "second", tags: ["news"], sources: [HLS] });
});

const manage = async (kind: string, id: string, record: unknown): Promise<void> => {
	const put = await publisher.manage("PUT", `/manage/v1/accounts/${publisher.account}/${kind}/${id}`, record);
	expect(put.ok).toBe(true);
};
const publish = (videoIds: readonly string[], record: Readonly<Record<string, unknown>> = {}) =>
	manage("playlists", "evening", { name: "Evening", video_ids: videoIds, ...record });

async function get(claims: Claims, query = "", init: ClientInit = {}): Promise<Response> {
	return ask(path + query, { ...init, headers: { Authorization: `Bearer ${await publisher.sign(claims)}` } });
}
async function show(claims: Claims = {}, query = ""): Promise<Playlist> {
	const response = await get(claims, query);
	expect(response.status).toBe(200);
	return response.json();
}
const idsOf = ({ videos }: Playlist): string[] => videos.map(({ id }) => id);
const errorsOf = ({ errors = [] }: Playlist): (string | undefined)[][] =>
	errors.map(({ video_id: id, error_subcode: subcode, reason }) => [id, subcode, reason]);

describe("a playlist", () => {
	it("is answered with all of its fields, and its videos in their order", async () => {
		await publish(["ref:second", "a"], {
			description: "Two",
			reference_id: "evening-1",
			created_at: "2026-01-01T00:00:00Z",
		});
		const response = await get({});
		expect([response.status, response.headers.get("Cache-Control")]).toEqual([200, "no-store"]);
		const playlist = await response.json<Playlist>();
		expect(playlist).toMatchObject({
			id: "evening",
			account_id: publisher.account,
			name: "Evening",
			description: "Two",
			reference_id: "evening-1",
			type: "EXPLICIT",
			created_at: "2026-01-01T00:00:00Z",
			updated_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
			count: 2,
			video_ids: ["ref:second", "a"],
		});
		expect(idsOf(playlist)).toEqual(["b", "a"]);
		expect(playlist).not.toHaveProperty("errors");
	});

	it("gives links that play, and never shows the token", async () => {
		await publisher.publishClip(env.MEDIA);
		await publish(["clip"]);
		const response = await get({ uid: "ann", climit: 1 });
		const token = (await publisher.sign()).split(".");
		const text = await response.text();
		for (const part of token.slice(1)) expect(text).not.toContain(part);
		const link = (JSON.parse(text) as Playlist).videos[0]?.sources[0]?.src ?? "";
		const [low = ""] = urisOf(await textOf(await ask(link)), link).lines;
		expect((await ask(low)).status).toBe(200);
	});

	it.each([
		{ who: "tags", claims: { tags: ["sport"] }, ids: ["a"], errors: [["b", "TAGS", "tags-mismatch"]] },
		{ who: "conid", claims: { conid: "b" }, ids: ["b"], errors: [["a", "VIDEO_ID", "video-not-in-token"]] },
		{ who: "vids", claims: { vids: ["a", "b"] }, ids: ["a", "b"], errors: [] },
		{
			who: "tags that no video has",
			claims: { tags: ["film"] },
			ids: [],
			errors: [
				["a", "TAGS", "tags-mismatch"],
				["b", "TAGS", "tags-mismatch"],
			],
		},
	])("leaves out what $who does not allow, and says so", async ({ claims, ids, errors }) => {
		await publish(["a", "b"]);
		const playlist = await show(claims);
		expect(idsOf(playlist)).toEqual(ids);
		expect(errorsOf(playlist)).toEqual(errors);
	});

	it("names videos that are missing, inactive, early, late, revoked or broken", async () => {
		await publisher.publishVideo("off", { state: "INACTIVE" });
		await publisher.publishVideo("early", { schedule: { starts_at: 4_000_000_000 } });
		await publisher.publishVideo("late", { schedule: { ends_at: 1 } });
		await publisher.publishVideo("revoked", {});
		await env.CATALOG.put(kvKeys.video(publisher.account, "broken"), "{");
		const revocations = `/manage/v1/accounts/${publisher.account}/revocations`;
		await publisher.manage("POST", revocations, { kind: "video", value: "revoked" });
		await publish(["gone", "off", "a", "early", "late", "revoked", "broken", "ref:gone"]);
		const playlist = await show();
		expect(idsOf(playlist)).toEqual(["a"]);
		expect(errorsOf(playlist)).toEqual([
			["gone", "VIDEO_NOT_FOUND", "video-not-found"],
			["off", "VIDEO_NOT_PLAYABLE", "video-not-active"],
			["early", "VIDEO_NOT_PLAYABLE", "video-not-started"],
			["late", "VIDEO_NOT_PLAYABLE", "video-ended"],
			["revoked", "TOKEN_REVOKED", "token-revoked"],
			["broken", "VIDEO_RETRIEVE_FAILURE", "catalog-unavailable"],
			["ref:gone", "VIDEO_NOT_FOUND", "video-not-found"],
		]);
		expect(playlist.errors?.[0]).toEqual({
			error_code: "NOT_FOUND",
			error_subcode: "VIDEO_NOT_FOUND",
			message: expect.any(String),
			reason: "video-not-found",
			decision_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
			video_id: "gone",
		});
	});

	it("is empty when it names no video", async () => {
		await publish([]);
		expect(await show()).toMatchObject({ count: 0, video_ids: [], videos: [] });
	});

	it.each(["ref:evening-1", "ref%3Aevening-1", "ref%3aevening-1"])(
		"is found by its reference id, written %s",
		async (name) => {
			await publish(["a"], { reference_id: "evening-1" });
			path = path.replace("evening", name);
			expect(idsOf(await show())).toEqual(["a"]);
		},
	);
});

describe("a part of a playlist", () => {
	beforeEach(() => publish(Array.from({ length: 30 }, (_, index) => (index % 2 === 0 ? "a" : "b"))));

	it.each([
		["", 20, "a"],
		["?limit=3", 3, "a"],
		["?limit=3&offset=1", 3, "b"],
		["?offset=29", 1, "b"],
		["?offset=30", 0, undefined],
		["?limit=1000", 30, "a"],
	])("asked for with %s has %i videos", async (query, videos, first) => {
		const playlist = await show({}, query);
		expect([playlist.videos.length, playlist.videos[0]?.id, playlist.count]).toEqual([videos, first, 30]);
	});

	it.each([
		["?limit=0", /^limit/],
		["?limit=1001", /^limit/],
		["?limit=-1", /^limit/],
		["?limit=1.5", /^limit/],
		["?limit=", /^limit/],
		["?limit=1e2", /^limit/],
		["?limit=%201", /^limit/],
		["?offset=-1", /^offset/],
		["?offset=x", /^offset/],
		["?offset=99999999999", /^offset/],
	])("is refused when it is asked for with %s", async (query, message) => {
		const refusal = await refusalOf(await get({}, query));
		expect(refusal).toMatchObject({ status: 400, error_subcode: "ILLEGAL_VALUE", reason: "bad-request" });
		expect(refusal.message).toMatch(message);
	});

	it("is refused when a parameter is there twice", async () => {
		expect(await refusalOf(await get({}, "?limit=1&limit=2"))).toMatchObject({ reason: "token-repeated", status: 400 });
	});
});

describe("a token for a playlist", () => {
	beforeEach(() => publish(["a", "b"]));

	it.each<[string, Claims, number, string]>([
		["has expired", { iat: 1_700_000_000, exp: 1_700_000_100 }, 401, "token-expired"],
		["is for static URLs", { aud: "static.api.brightcove.com" }, 401, "audience-mismatch"],
		["is for another account", { accid: "other" }, 403, "account-mismatch"],
		["is for another User-Agent", { ua: "Other/1.0" }, 403, "user-agent-mismatch"],
		["has a claim that is wrong", { climit: 0 }, 401, "claim-invalid"],
	])("that %s is refused before any video is looked at", async (_what, claims, status, reason) => {
		expect(await refusalOf(await get(claims))).toMatchObject({ status, error_code: "ACCESS_DENIED", reason });
	});

	it("that is missing or foreign is refused, whether the playlist exists or not", async () => {
		for (const at of [path, `${path}-gone`]) {
			expect(await refusalOf(await ask(at))).toMatchObject({ status: 401, error_subcode: "TOKEN_REQUIRED" });
			expect(await refusalOf(await ask(`${at}?bcov_auth=a.b.c`))).toMatchObject({ status: 401 });
		}
	});

	it("of a higher tier than the account's is refused", async () => {
		await publisher.manage("PUT", `/manage/v1/accounts/${publisher.account}/settings`, { tier: 1 });
		expect(await refusalOf(await get({ conid: "a" }))).toMatchObject({ status: 403, reason: "claim-not-enabled" });
	});

	it("that was revoked is refused", async () => {
		const revocations = `/manage/v1/accounts/${publisher.account}/revocations`;
		await publisher.manage("POST", revocations, { kind: "uid", value: "ann" });
		expect(await refusalOf(await get({ uid: "ann" }))).toMatchObject({ status: 403, reason: "token-revoked" });
		expect((await get({ uid: "bob" })).status).toBe(200);
	});

	it("spends nothing on it", async () => {
		const claims = { maxu: 1, maxip: 1, jti: "once" };
		for (const ip of ["198.51.100.1", "198.51.100.2"]) expect((await get(claims, "", { ip })).status).toBe(200);
	});

	it("is told that there is no such playlist, here or in another account", async () => {
		const other = await newPublisher();
		await other.manage("PUT", `/manage/v1/accounts/${other.account}/playlists/theirs`, {});
		for (const name of ["gone", "theirs", "ref:gone", "-", "a b", "%zz", "x".repeat(300)]) {
			path = `/playback/v1/accounts/${publisher.account}/playlists/${encodeURIComponent(name)}`;
			expect(await refusalOf(await get({}))).toMatchObject({
				status: 404,
				error_code: "NOT_FOUND",
				error_subcode: "PLAYLIST_NOT_FOUND",
			});
		}
	});
});

describe("the playback rights of a playlist's videos", () => {
	const addRight = async (right: Readonly<Record<string, unknown>>): Promise<string> => {
		const response = await publisher.manage("POST", `/v1/accounts/${publisher.account}/playback_rights`, right);
		return (await response.json<{ id: string }>()).id;
	};

	it("are judged for each of them", async () => {
		await publisher.publishVideo("c", { playback_rights_id: await addRight({ geo_global_rule: "block_all" }) });
		await publisher.publishVideo("d", { playback_rights_id: "nothing" });
		await publish(["a", "c", "d"]);
		const playlist = await show();
		expect(idsOf(playlist)).toEqual(["a"]);
		expect(errorsOf(playlist)).toEqual([
			["c", "CLIENT_GEO", "rights-geo-not-allowed"],
			["d", "PLAYBACK_RIGHT_RETRIEVE_FAILURE", "rights-missing"],
		]);
	});

	it("decide what is shown without a token", async () => {
		await publisher.publishVideo("free", {
			playback_rights_id: await addRight({ allow_insecure: true }),
			sources: [HLS],
		});
		await publish(["a", "free", "gone"]);
		const response = await ask(path);
		expect(response.status).toBe(200);
		const playlist = await response.json<Playlist>();
		expect(idsOf(playlist)).toEqual(["free"]);
		expect(errorsOf(playlist)).toEqual([
			["a", "TOKEN_REQUIRED", "token-required"],
			["gone", "VIDEO_NOT_FOUND", "video-not-found"],
		]);
		expect((await ask(`${path}?bcov_auth=a.b.c`)).status).toBe(401);
	});
});

describe("the catalog behind a playlist", () => {
	it("is read in few operations, however many videos there are", async () => {
		const ids = Array.from({ length: 200 }, (_, index) => `many-${index}`);
		const text = (await env.CATALOG.get(kvKeys.video(publisher.account, "a"))) ?? "";
		await Promise.all(
			ids.map(async (id, index) => {
				await env.CATALOG.put(kvKeys.video(publisher.account, id), text.replace('"id":"a"', `"id":"${id}"`));
				await env.CATALOG.put(kvKeys.reference(publisher.account, `r${index}`), id);
			}),
		);
		await publish(ids.map((id, index) => (index % 2 === 0 ? id : `ref:r${index}`)));
		const get = vi.spyOn(env.CATALOG, "get");
		const playlist = await show({}, "?limit=1000");
		expect(idsOf(playlist)).toEqual(ids);
		expect(get.mock.calls.length).toBeLessThan(25);
	});

	it.each([
		["playlist", "PLAYLIST_RETRIEVE_FAILURE"],
		["video", "PLAYLIST_VIDEOS_RETRIEVE_FAILURE"],
	])("may fail at the %s", async (kind, subcode) => {
		await publish(["a"]);
		const kv = env.CATALOG as unknown as { get: (...asked: unknown[]) => Promise<unknown> };
		const read = kv.get.bind(kv);
		vi.spyOn(kv, "get").mockImplementation((key, ...rest) =>
			String(key).startsWith(`${kind}/`) ? Promise.reject(new Error("KV is away")) : read(key, ...rest),
		);
		expect(await refusalOf(await get({}))).toMatchObject({
			status: 502,
			error_code: "SERVER_ERROR",
			error_subcode: subcode,
			reason: "catalog-unavailable",
		});
	});
	it("may hold a playlist that cannot be read", async () => {
		await env.CATALOG.put(kvKeys.playlist(publisher.account, "evening"), '{"schema":9}');
		expect(await refusalOf(await get({}))).toMatchObject({ status: 502, error_subcode: "PLAYLIST_RETRIEVE_FAILURE" });
	});
});

describe("the address of a playlist", () => {
	beforeEach(() => publish(["a"]));

	it("answers HEAD without a body, and OPTIONS without a token", async () => {
		const head = await get({}, "", { method: "HEAD" });
		expect([head.status, await head.text()]).toEqual([200, ""]);
		const options = await ask(path, { method: "OPTIONS", headers: { Origin: "https://a.example" } });
		expect([options.status, options.headers.get("Access-Control-Allow-Origin")]).toEqual([204, "https://a.example"]);
	});

	it.each(["POST", "PUT", "PATCH", "DELETE"])("does not answer %s", async (method) => {
		const response = await get({}, "", { method });
		expect(response.headers.get("Allow")).toBe("GET, HEAD, OPTIONS");
		expect(await refusalOf(response)).toMatchObject({ status: 405, error_code: "METHOD_NOT_ALLOWED" });
	});
});
