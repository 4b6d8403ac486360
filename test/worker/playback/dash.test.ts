import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { GATE, type Publisher, ask, newPublisher, refusalOf, textOf } from "../../support/publisher.ts";

const MPD = `<?xml version="1.0"?>
<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" mediaPresentationDuration="PT8S" minBufferTime="PT2S" profiles="urn:mpeg:dash:profile:isoff-live:2011">
	<Period><AdaptationSet mimeType="video/mp4"><SegmentTemplate timescale="1" duration="4" startNumber="1" initialization="$RepresentationID$/init.mp4" media="$RepresentationID$/$Number$.m4s"/>
		<Representation id="low" bandwidth="100000" codecs="avc1.4d401f" width="640" height="360"/>
	</AdaptationSet></Period>
</MPD>
`;

let publisher: Publisher;
let path: string;
beforeEach(async () => {
	publisher = await newPublisher();
	path = publisher.masterPath.replace("clip/master.m3u8", "dash/manifest.mpd");
	const dir = `${publisher.account}/dash`;
	await env.MEDIA.put(`${dir}/manifest.mpd`, MPD);
	for (const name of ["init.mp4", "1.m4s", "2.m4s"]) await env.MEDIA.put(`${dir}/low/${name}`, `segment ${name}`);
	const source = { type: "application/dash+xml", protection: "", src: `r2://MEDIA/${dir}/manifest.mpd` };
	await publisher.publishVideo("dash", { name: "Dash", sources: [source] });
});

/** Where a player looks for the segments: below the MPD's BaseURL, which is resolved against the MPD's own address. */
function segmentUrl(mpd: string, mpdUrl: string, name: string): string {
	const [, base = ""] = /<BaseURL>([^<]*)<\/BaseURL>/.exec(mpd) ?? [];
	return new URL(`low/${name}`, new URL(base, mpdUrl)).href;
}

describe("a DASH source", () => {
	it("plays through the gate: MPD with the token, segments under its grant", async () => {
		const token = await publisher.sign({ uid: "ann", climit: 1 });
		const mpdUrl = `${GATE}${path}?bcov_auth=${token}`;
		const response = await ask(mpdUrl);
		expect(response.status).toBe(200);
		expect(response.headers.get("Content-Type")).toBe("application/dash+xml");
		const mpd = await textOf(response);
		expect(mpd).not.toContain(token.split(".")[2]);
		expect(mpd.replace(/<BaseURL>[^<]*<\/BaseURL>/, "").replaceAll(/\s+/g, " ")).toBe(MPD.replaceAll(/\s+/g, " "));
		const first = segmentUrl(mpd, mpdUrl, "1.m4s");
		expect(first).toMatch(/^https:\/\/gate\.example\/g\/[\w.-]+\/s\/low\/1\.m4s$/);
		expect(await textOf(await ask(first))).toBe("segment 1.m4s");
	});

	it("stops mid-play when the viewer starts elsewhere", async () => {
		const token = await publisher.sign({ uid: "ann", climit: 1 });
		const mpdUrl = `${GATE}${path}?bcov_auth=${token}`;
		const first = segmentUrl(await textOf(await ask(mpdUrl, { ip: "203.0.113.1" })), mpdUrl, "2.m4s");
		expect((await ask(mpdUrl, { ip: "203.0.113.2" })).status).toBe(200);
		expect(await refusalOf(await ask(first, { ip: "203.0.113.1" }))).toMatchObject({ reason: "stream-limit-renew" });
	});

	it("counts uses of clear content by its MPD, under its own name too", async () => {
		const mpdUrl = `${GATE}${path}?bcov_auth=${await publisher.sign({ maxu: 1 })}`;
		const mpd = await textOf(await ask(mpdUrl));
		expect(await refusalOf(await ask(mpdUrl))).toMatchObject({ reason: "use-limit" });
		const again = segmentUrl(mpd, mpdUrl, "x").replace("low/x", "manifest.mpd");
		expect(await refusalOf(await ask(again))).toMatchObject({ reason: "use-limit" });
	});

	it("is linked from the video JSON", async () => {
		const token = await publisher.sign();
		const json = await ask(path.replace("/manifest.mpd", ""), { headers: { Authorization: `Bearer ${token}` } });
		const { sources } = await json.json<{ sources: { src: string; type: string }[] }>();
		expect(sources).toMatchObject([{ type: "application/dash+xml", src: expect.stringMatching(/\/manifest\.mpd$/) }]);
		const mpd = await textOf(await ask(sources[0]?.src ?? ""));
		expect((await ask(segmentUrl(mpd, sources[0]?.src ?? "", "1.m4s"))).status).toBe(200);
	});

	it("has no master.m3u8, and an HLS source no manifest.mpd", async () => {
		const token = await publisher.sign();
		await publisher.publishClip(env.MEDIA);
		const hls = publisher.masterPath.replace("master.m3u8", "manifest.mpd");
		for (const missing of [path.replace("manifest.mpd", "master.m3u8"), hls]) {
			expect(await refusalOf(await ask(`${missing}?bcov_auth=${token}`))).toMatchObject({ status: 404 });
		}
	});

	it("that is not well-formed is refused with what is wrong, and nothing is spent", async () => {
		await env.MEDIA.put(`${publisher.account}/dash/manifest.mpd`, MPD.replace("</Period>", ""));
		const url = `${path}?bcov_auth=${await publisher.sign({ maxu: 1 })}`;
		expect(await refusalOf(await ask(url))).toMatchObject({ status: 502, reason: "source-unavailable" });
		await env.MEDIA.put(`${publisher.account}/dash/manifest.mpd`, MPD);
		expect((await ask(url)).status).toBe(200);
	});
});
