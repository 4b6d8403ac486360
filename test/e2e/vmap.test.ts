import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { publishClip, segmentBytes } from "../support/clip.ts";
import { breakOff, hangUp, status } from "../support/origin.ts";
import type { Answerer } from "../support/server.ts";
import { ask, openPlayback, outcomeOf, refusalOf } from "../support/player.ts";
import { startTestGate } from "../support/running-gate.ts";
import type { TestAccount, TestGate } from "../support/running-gate.ts";

let gate: TestGate;
beforeAll(async () => {
	gate = await startTestGate();
});
afterAll(() => gate.stop());

const SSAI = { vod: { ssai: "ads-1" } };
const vmap = (contentUri: string): string => `<?xml version="1.0" encoding="UTF-8"?>
<vmap:VMAP xmlns:vmap="http://www.iab.net/vmap-1.0" version="1.0"><vmap:Extensions>
<uo:unicornOnce xmlns:uo="uo" contenturi="${contentUri}" contentlength="8"/></vmap:Extensions>
<vmap:AdBreak timeOffset="end"><vmap:TrackingEvents><vmap:Tracking event="breakStart">https://ads.example/b?a=1&amp;b=%20</vmap:Tracking>
</vmap:TrackingEvents></vmap:AdBreak></vmap:VMAP>`;

/** A clip with an ad server that answers as the test says. */
async function openAds(
	answer: string | Answerer,
): Promise<{ account: TestAccount; url: (token: string) => string; path: string }> {
	const account = await gate.openAccount();
	const path = `/${account.id}/ads/hls.vmap`;
	if (typeof answer === "string") gate.origin.put(path, answer.replaceAll("@", `${gate.origin.url}/${account.id}`));
	else gate.origin.answer(path, answer);
	await publishClip(gate, account, { record: { vmap: { "ads-1": { hls: gate.origin.url + path } } } });
	return { account, path, url: (token) => `${account.videoUrl("clip")}/hls.vmap?bcov_auth=${token}` };
}

const contentOf = (text: string): string => /contenturi="([^"]*)"/.exec(text)?.[1] ?? "";

describe("a VMAP document", () => {
	it.each([
		["of the source's own manifest", "@/clip/master.m3u8"],
		["of a stitched one", "@/ads/stitched.m3u8?session=1"],
	])("%s plays through the gate, and nothing of the viewer's reaches the ad server", async (_what, contentUri) => {
		const document = vmap(contentUri);
		const { account, url } = await openAds(document);
		gate.origin.put(
			`/${account.id}/ads/stitched.m3u8`,
			`#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n${gate.origin.url}/${account.id}/clip/low/index.m3u8\n`,
		);
		const token = await account.sign({ ...SSAI, uid: "ann" });
		const answer = await ask(url(token), { headers: { Cookie: `bcov-auth=${token}` } });
		expect([answer.status, answer.headers.get("Content-Type")]).toEqual([200, "application/xml; charset=utf-8"]);
		const text = await answer.text();
		const link = contentOf(text);
		expect(link.startsWith(`${gate.url}/g/`)).toBe(true);
		expect(text).toBe(document.replace(contentUri, link));
		for (const part of token.split(".").slice(1)) expect(text).not.toContain(part);
		const playback = await openPlayback(link);
		const segment = await ask(playback.segment);
		expect(Buffer.from(await segment.arrayBuffer())).toEqual(segmentBytes("low/seg0.ts"));
		const seen = gate.origin.seen(`/${account.id}/`);
		expect(JSON.stringify(seen)).not.toMatch(/bcov|203\.0\.113\.7|Player\/1\.0/i);
	});

	it("is named by the sources of the video JSON", async () => {
		const { account } = await openAds(vmap("@/clip/master.m3u8"));
		const headers = { Authorization: `Bearer ${await account.sign(SSAI)}` };
		const video = (await (await ask(account.videoUrl("clip"), { headers })).json()) as { sources: { vmap: string }[] };
		const link = video.sources[0]?.vmap ?? "";
		expect(new URL(link).origin).toBe(gate.url);
		expect(await outcomeOf(openMaster(await (await ask(link)).text()))).toBe(200);
	});
	const openMaster = (text: string): Promise<Response> => ask(contentOf(text));

	it.each<[string, string | Answerer, number, string]>([
		["a document type", '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><x>&a;</x>', 502, "source-unavailable"],
		["entities that grow", `<!DOCTYPE x [<!ENTITY a "${"a".repeat(99)}">]><x>&a;&a;</x>`, 502, "source-unavailable"],
		["no XML", "secret", 502, "source-unavailable"],
		["ten megabytes", "<a>".repeat(3_500_000), 502, "source-unavailable"],
		["500", status(500), 502, "source-unavailable"],
		["a redirect elsewhere", status(302, { Location: "https://elsewhere.example/" }), 502, "source-unavailable"],
		["nothing", hangUp, 502, "source-unavailable"],
		["half of it", breakOff("<vmap:VMAP"), 502, "source-unavailable"],
		["404", status(404), 404, "resource-not-found"],
	])("is refused when the ad server answers %s", async (_what, answer, code, reason) => {
		const { account, url } = await openAds(answer);
		const response = await ask(url(await account.sign(SSAI)));
		const text = await response.text();
		expect([response.status, response.headers.get("Playgate-Reason")]).toEqual([code, reason]);
		expect(text).not.toMatch(/secret|passwd|127\.0\.0\.1/);
		expect(text.length).toBeLessThan(600);
	});

	it("is refused without the claim, with the status that Brightcove's has", async () => {
		const { account, url, path } = await openAds(vmap("@/clip/master.m3u8"));
		expect(await refusalOf(await ask(url(await account.sign())))).toMatchObject({
			status: 500,
			error_code: "SERVER_ERROR",
			error_subcode: "SERVER_ERROR",
			reason: "ssai-claim-missing",
		});
		expect(gate.origin.seen(path)).toEqual([]);
	});

	it("is answered to HEAD and OPTIONS, and to no other method", async () => {
		const { account, url } = await openAds(vmap("@/clip/master.m3u8"));
		const target = url(await account.sign(SSAI));
		const head = await ask(target, { method: "HEAD" });
		expect([head.status, await head.text(), head.headers.get("Content-Type")]).toEqual([
			200,
			"",
			"application/xml; charset=utf-8",
		]);
		expect((await ask(target, { method: "OPTIONS" })).status).toBe(204);
		expect(await refusalOf(await ask(target, { method: "POST" }))).toMatchObject({ status: 405 });
	});
});
