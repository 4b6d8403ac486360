import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { GATE, type Publisher, ask, newPublisher, refusalOf, textOf } from "../../support/publisher.ts";

let publisher: Publisher;
let video: string;
beforeEach(async () => {
	publisher = await newPublisher();
	video = publisher.masterPath.replace("/clip/master.m3u8", "/film");
	const dir = `${publisher.account}/film`;
	for (const name of ["360.mp4", "720.mp4", "1080.mp4", "poster.jpg"])
		await env.MEDIA.put(`${dir}/${name}`, `bytes of ${name}`);
	const rendition = (name: string, bitrate: number) => ({
		type: "video/mp4",
		src: `r2://MEDIA/${dir}/${name}`,
		avg_bitrate: bitrate,
	});
	await publisher.publishVideo("film", {
		name: "Film",
		sources: [rendition("720.mp4", 2_000_000), rendition("1080.mp4", 5_000_000), rendition("360.mp4", 500_000)],
		poster: `r2://MEDIA/${dir}/poster.jpg`,
	});
});

const get = async (name: string, claims = {}, init = {}) =>
	ask(`${video}/${name}?bcov_auth=${await publisher.sign(claims)}`, init);

describe("whole files", () => {
	it.each([
		["high.mp4", "bytes of 1080.mp4", "video/mp4"],
		["low.mp4", "bytes of 360.mp4", "video/mp4"],
		["poster.jpg", "bytes of poster.jpg", "image/jpeg"],
	])("%s is served with the token", async (name, bytes, type) => {
		const response = await get(name);
		expect([response.status, response.headers.get("Content-Type")]).toEqual([200, type]);
		expect(await textOf(response)).toBe(bytes);
	});

	it("answer ranges and HEAD", async () => {
		const part = await get("high.mp4", {}, { headers: { Range: "bytes=0-4" } });
		expect([part.status, part.headers.get("Content-Range"), await textOf(part)]).toEqual([
			206,
			"bytes 0-4/17",
			"bytes",
		]);
		const head = await get("high.mp4", {}, { method: "HEAD" });
		expect([head.status, head.headers.get("Content-Length"), await textOf(head)]).toEqual([200, "17", ""]);
	});

	it("high.mp4 has the protection that the token asks for, else none", async () => {
		const mp4 = (name: string, protection: string, bitrate: number) => ({
			type: "video/mp4",
			protection,
			src: `r2://MEDIA/${publisher.account}/film/${name}`,
			avg_bitrate: bitrate,
		});
		await publisher.publishVideo("film", {
			sources: [mp4("1080.mp4", "clearkey", 5), mp4("720.mp4", "", 2), mp4("360.mp4", "", 1)],
		});
		const bodyOf = async (claims: object) => textOf(await get("high.mp4", { ...claims }));
		expect(await Promise.all([{}, { pro: "" }, { pro: "clearkey" }].map(bodyOf))).toEqual([
			"bytes of 720.mp4",
			"bytes of 720.mp4",
			"bytes of 1080.mp4",
		]);
		expect(await refusalOf(await get("high.mp4", { pro: "widevine" }))).toMatchObject({ status: 404 });
	});

	it.each(["thumbnail.jpg", "mid.mp4"])("%s that the video does not have is not found", async (name) => {
		expect(await refusalOf(await get(name))).toMatchObject({ status: 404, error_subcode: "RESOURCE_NOT_FOUND" });
	});

	it.each(["high.mp4", "low.mp4", "poster.jpg"])("%s needs a token", async (name) => {
		expect(await refusalOf(await ask(`${video}/${name}`))).toMatchObject({
			status: 401,
			error_subcode: "TOKEN_REQUIRED",
		});
		expect((await ask(`${video}/${name}`, { method: "POST" })).status).toBe(405);
	});

	it("are one use however many ranges a player asks for, and another use for another player", async () => {
		const path = `${video}/high.mp4?bcov_auth=${await publisher.sign({ maxu: 1 })}`;
		for (const range of ["bytes=0-4", "bytes=5-9", "bytes=0-"]) {
			expect((await ask(path, { headers: { Range: range } })).status).toBe(206);
		}
		expect(await refusalOf(await ask(path, { agent: "Other/2" }))).toMatchObject({ reason: "use-limit" });
	});

	it("stop when the viewer starts elsewhere", async () => {
		const token = await publisher.sign({ uid: "ann", climit: 1 });
		const play = (ip: string) => ask(`${video}/high.mp4?bcov_auth=${token}`, { ip });
		expect((await play("203.0.113.1")).status).toBe(200);
		expect((await play("203.0.113.2")).status).toBe(200);
		expect(await refusalOf(await play("203.0.113.1"))).toMatchObject({ reason: "stream-limit-renew" });
	});

	it("are linked from the video JSON", async () => {
		const response = await ask(video, { headers: { Authorization: `Bearer ${await publisher.sign()}` } });
		const { sources } = await response.json<{ sources: { src: string; avg_bitrate: number }[] }>();
		const [first] = sources;
		expect(first).toMatchObject({ avg_bitrate: 2_000_000, src: expect.stringMatching(`^${GATE}/g/.*/video\\.mp4$`) });
		expect(await textOf(await ask(first?.src ?? ""))).toBe("bytes of 720.mp4");
	});
});
