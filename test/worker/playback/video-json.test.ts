import { beforeEach, describe, expect, it } from "vitest";
import { type Claims, type Publisher, ask, newPublisher } from "../../support/publisher.ts";

const HLS = { type: "application/x-mpegURL", src: "https://origin.example/x/master.m3u8" };

let publisher: Publisher;
beforeEach(async () => {
	publisher = await newPublisher();
});

async function show(claims: Claims = {}, name = "v"): Promise<Record<string, unknown>> {
	const headers = { Authorization: `Bearer ${await publisher.sign(claims)}` };
	const response = await ask(`/playback/v1/accounts/${publisher.account}/videos/${name}`, { headers });
	expect(response.status).toBe(200);
	return response.json();
}

describe("the video JSON", () => {
	it("has every field of the Playback API, also of a record that says nothing", async () => {
		await publisher.publishVideo("v", {});
		const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/);
		expect(await show()).toEqual({
			id: "v",
			account_id: publisher.account,
			name: "",
			description: null,
			long_description: null,
			reference_id: null,
			duration: null,
			created_at: time,
			updated_at: time,
			published_at: null,
			tags: [],
			custom_fields: {},
			cue_points: [],
			economics: "AD_SUPPORTED",
			offline_enabled: false,
			link: null,
			ad_keys: null,
			poster: null,
			thumbnail: null,
			poster_sources: [],
			thumbnail_sources: [],
			sources: [],
			text_tracks: [],
			transcripts: [],
			labels: [],
			variants: [],
			projection: null,
			playback_rights_id: null,
			schedule: { starts_at: null, ends_at: null },
		});
	});

	it("shows what the record gives", async () => {
		const given = {
			name: "Clip",
			description: "A clip",
			duration: 60_000,
			tags: ["sport"],
			custom_fields: { series: "one" },
			cue_points: [{ time: 1 }],
			economics: "FREE",
			link: { text: "More", url: "https://www.example/" },
			poster: "https://origin.example/p.jpg",
			text_tracks: [{ kind: "captions", src: "https://origin.example/en.vtt" }],
			published_at: "2026-01-01T00:00:00Z",
		};
		await publisher.publishVideo("v", { ...given, sources: [HLS] });
		const poster_sources = [{ src: given.poster }];
		expect(await show()).toMatchObject({ ...given, poster_sources, sources: [{ type: HLS.type, ext_x_version: "4" }] });
	});

	it("names what a token for another protection leaves nothing of", async () => {
		await publisher.publishVideo("v", { sources: [HLS], text_tracks: [{ src: "https://origin.example/en.vtt" }] });
		const video = await show({ pro: "aes128" });
		expect(video).not.toHaveProperty("sources");
		expect(video).not.toHaveProperty("text_tracks");
		expect(video).toMatchObject({
			id: "v",
			errors: [{ error_code: "ACCESS_DENIED", error_subcode: "SOURCES_RESTRICTED", reason: "sources-restricted" }],
		});
		expect(await show({ pro: "" })).toMatchObject({ sources: [{}] });
	});
});

describe("a reference id", () => {
	const NAME = "a/b c:ü%";

	it.each(["ref:", "ref%3A", "ref%3a"])("names the video after %s, on every path", async (prefix) => {
		await publisher.publishVideo("v", { reference_id: NAME, sources: [HLS] });
		const name = prefix + encodeURIComponent(NAME);
		expect(await show({ conid: "v" }, name)).toMatchObject({ id: "v", reference_id: NAME });
		const token = await publisher.sign({ conid: "v" });
		const reasons: string[] = [];
		for (const file of [
			"manifest.mpd",
			"hls.vmap",
			"dash.vmap",
			"high.mp4",
			"low.mp4",
			"poster.jpg",
			"thumbnail.jpg",
		]) {
			const path = `/playback/v1/accounts/${publisher.account}/videos/${name}/${file}`;
			reasons.push((await ask(`${path}?bcov_auth=${token}`)).headers.get("Playgate-Reason") ?? "");
		}
		expect([...new Set(reasons)].toSorted()).toEqual(["resource-not-found", "ssai-claim-missing"]);
	});
});
