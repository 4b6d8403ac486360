import { beforeEach, describe, expect, it } from "vitest";
import { type Publisher, ask, newPublisher, refusalOf } from "../../support/publisher.ts";

let publisher: Publisher;
let playlists: string;
beforeEach(async () => {
	publisher = await newPublisher();
	playlists = `/manage/v1/accounts/${publisher.account}/playlists`;
});

const put = (id: string, record: unknown) => publisher.manage("PUT", `${playlists}/${id}`, record);
const shown = async (id: string): Promise<string[]> => {
	const headers = { Authorization: `Bearer ${await publisher.sign()}` };
	const response = await ask(`/playback/v1/accounts/${publisher.account}/playlists/${id}`, { headers });
	return response.ok ? (await response.json<{ video_ids: string[] }>()).video_ids : [String(response.status)];
};

describe("the playlists of an account", () => {
	it("are written, read, replaced and deleted", async () => {
		const created = await put("p", { name: "P", video_ids: ["a", "ref:b c"] });
		expect(created.status).toBe(201);
		const record = await created.json<{ created_at: string }>();
		expect(record).toEqual({
			id: "p",
			account_id: publisher.account,
			name: "P",
			description: null,
			reference_id: null,
			type: "EXPLICIT",
			video_ids: ["a", "ref:b c"],
			created_at: expect.stringMatching(/Z$/),
			updated_at: record.created_at,
		});
		expect(await (await publisher.manage("GET", `${playlists}/p`)).json()).toEqual(record);
		const replaced = await put("p", { type: "ACTIVATED_OLDEST_TO_NEWEST", video_ids: ["c"] });
		expect(replaced.status).toBe(200);
		expect(await replaced.json()).toMatchObject({
			name: "",
			type: "ACTIVATED_OLDEST_TO_NEWEST",
			created_at: record.created_at,
		});
		expect(await shown("p")).toEqual(["c"]);
		expect((await publisher.manage("DELETE", `${playlists}/p`)).status).toBe(204);
		for (const method of ["GET", "DELETE"]) {
			expect(await refusalOf(await publisher.manage(method, `${playlists}/p`))).toMatchObject({
				status: 404,
				error_subcode: "PLAYLIST_NOT_FOUND",
			});
		}
		expect(await shown("p")).toEqual(["404"]);
	});

	it("are listed", async () => {
		for (const id of ["a", "b"]) await put(id, {});
		expect(await (await publisher.manage("GET", playlists)).json()).toEqual({
			playlists: [{ id: "a" }, { id: "b" }],
			cursor: null,
		});
	});

	it("have reference ids of their own, each of one playlist", async () => {
		await publisher.publishVideo("v", { reference_id: "same" });
		expect((await put("p", { reference_id: "same", video_ids: ["a"] })).status).toBe(201);
		const taken = await refusalOf(await put("q", { reference_id: "same" }));
		expect(taken).toMatchObject({ status: 400, message: 'reference_id: already names the playlist "p"' });
		expect(await shown("ref:same")).toEqual(["a"]);
		await put("p", { reference_id: "new" });
		expect(await shown("ref:same")).toEqual(["404"]);
		expect((await put("q", { reference_id: "same", video_ids: ["b"] })).status).toBe(201);
		expect(await shown("ref:same")).toEqual(["b"]);
	});

	it.each<[string, unknown, string]>([
		["no object", [], "the body: must be an object"],
		["a field that no playlist has", { videos: [] }, "videos: is not a known field"],
		["ids that are no list", { video_ids: "a" }, "video_ids: must be a list of video ids"],
		["an id that is none", { video_ids: ["a", "b/c"] }, "video_ids[1]: must be the id of a video, or ref: and a"],
		["an empty reference id", { video_ids: ["ref:"] }, "video_ids[0]: must be the id of a video, or ref: and a"],
		["a reference id without end", { video_ids: [`ref:${"x".repeat(257)}`] }, "video_ids[0]: must be"],
		["too many videos", { video_ids: Array.from({ length: 5001 }, () => "a") }, "video_ids: must have at most 5000"],
		["another id", { id: "q" }, 'id: must be "p", as in the path'],
		["another account", { account_id: "q" }, "account_id: must be"],
		["a name that is none", { name: 1 }, "name: must be a string"],
		["an empty type", { type: "" }, "type: must not be empty"],
	])("are refused with %s", async (_what, record, issue) => {
		const refusal = await refusalOf(await put("p", record));
		expect(refusal).toMatchObject({ status: 400, reason: "record-invalid" });
		expect(refusal.message).toContain(issue);
		expect((await publisher.manage("GET", `${playlists}/p`)).status).toBe(404);
	});

	it("need the credential of management", async () => {
		for (const method of ["GET", "PUT", "DELETE"]) {
			expect(await refusalOf(await ask(`${playlists}/p`, { method }))).toMatchObject({ status: 401 });
		}
	});

	it("answer other methods with those that there are", async () => {
		const response = await publisher.manage("POST", `${playlists}/p`, {});
		expect([response.status, response.headers.get("Allow")]).toEqual([405, "GET, HEAD, PUT, DELETE, OPTIONS"]);
	});
});

describe("a video's times", () => {
	it("are set where the publisher does not give them, and stay", async () => {
		const videos = `/manage/v1/accounts/${publisher.account}/videos/v`;
		const first = await (await publisher.manage("PUT", videos, {})).json<{ created_at: string }>();
		expect(first.created_at).toMatch(/Z$/);
		const given = { updated_at: "2020-01-01T00:00:00.000Z" };
		expect(await (await publisher.manage("PUT", videos, given)).json()).toMatchObject({
			created_at: first.created_at,
			...given,
		});
	});
});
