import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import {
	type Claims,
	type ClientInit,
	GATE,
	type Publisher,
	ask,
	newPublisher,
	refusalOf,
	textOf,
	urisOf,
} from "../../support/publisher.ts";

const BEACON = "https://ads.example/b?u=https%3A%2F%2Fa.example%2Fmaster.m3u8&amp;x=1";
const AD_MEDIA = "https://ads.example/creative/master.m3u8";

let publisher: Publisher;
let root: string;
let videoPath: string;
beforeEach(async () => {
	publisher = await newPublisher();
	root = `r2://MEDIA/${publisher.account}`;
	videoPath = `/playback/v1/accounts/${publisher.account}/videos/clip`;
	await publisher.publishClip(env.MEDIA, {
		vmap: {
			"ads-1": { hls: `${root}/ads/hls.vmap`, dash: `${root}/ads/dash.vmap` },
			"ads-2": { hls: `${root}/ads/other.vmap` },
		},
	});
	await publish(`${root}/clip/master.m3u8`);
});

/** A document as SSAI servers answer it, with an ad of its own. */
const publish = (contentUri: string, name = "hls.vmap") =>
	env.MEDIA.put(
		`${publisher.account}/ads/${name}`,
		`<?xml version="1.0"?>
<vmap:VMAP xmlns:vmap="http://www.iab.net/vmap-1.0" xmlns:uo="uo" version="1.0">
  <vmap:Extensions><uo:unicornOnce contentlength="60" contenturi="${contentUri}" payloadlength="90"/></vmap:Extensions>
  <vmap:AdBreak timeOffset="start"><vmap:AdSource><vmap:VASTData><VAST version="2.0">
    <Impression><![CDATA[https://ads.example/i?a=1&b=2]]></Impression>
    <MediaFile type="application/x-mpegURL">${AD_MEDIA}</MediaFile>
  </VAST></vmap:VASTData></vmap:AdSource>
  <vmap:TrackingEvents><vmap:Tracking event="breakStart">${BEACON}</vmap:Tracking></vmap:TrackingEvents></vmap:AdBreak>
</vmap:VMAP>`,
	);

const SSAI = { vod: { ssai: "ads-1" } };
async function get(claims: Claims = SSAI, name = "hls.vmap", init: ClientInit = {}): Promise<Response> {
	return ask(`${videoPath}/${name}?bcov_auth=${await publisher.sign(claims)}`, init);
}
const contentOf = (text: string): string => /contenturi="([^"]*)"/.exec(text)?.[1] ?? "";

describe("a VMAP document", () => {
	it("leads to the gate for the video, and to the ad servers for everything else", async () => {
		const response = await get({ ...SSAI, uid: "ann" });
		expect([response.status, response.headers.get("Content-Type"), response.headers.get("Cache-Control")]).toEqual([
			200,
			"application/xml; charset=utf-8",
			"no-store",
		]);
		const text = await textOf(response);
		expect(contentOf(text)).toMatch(new RegExp(`^${GATE}/g/[\\w-]+\\.[\\w-]+/master\\.m3u8$`));
		const published = await env.MEDIA.get(`${publisher.account}/ads/hls.vmap`);
		const source = (await published?.text()) ?? "";
		expect(text.replace(contentOf(text), contentOf(source))).toBe(source);
		const [low = ""] = urisOf(await textOf(await ask(contentOf(text))), GATE).lines;
		expect((await ask(low)).status).toBe(200);
	});

	it("has no part of the token", async () => {
		const token = await publisher.sign(SSAI);
		const text = await textOf(await ask(`${videoPath}/hls.vmap?bcov_auth=${token}`));
		for (const part of token.split(".").slice(1)) expect(text).not.toContain(part);
	});

	it.each([
		["with a query of its own", (at: string) => `${at}/clip/master.m3u8?session=1&amp;x=2`],
		["below the source's directory", (at: string) => `${at}/clip/low/index.m3u8`],
		["beside the document", () => "stitched.m3u8"],
		["whatever it is called", () => "stitched?id=1"],
	])("may name a stitched manifest %s, which plays under the gate only", async (_where, contentUri) => {
		await env.MEDIA.put(
			`${publisher.account}/ads/stitched.m3u8`,
			"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nads/1.m3u8\n",
		);
		await env.MEDIA.put(`${publisher.account}/ads/stitched`, "#EXTM3U\n#EXTINF:4,\nad.ts\n#EXT-X-ENDLIST\n");
		await publish(contentUri(root));
		const text = await textOf(await get());
		const link = contentOf(text);
		expect(link).toMatch(new RegExp(`^${GATE}/g/[^/]+/v/[\\w-]+/master\\.m3u8$`));
		const manifest = await ask(link);
		expect([manifest.status, manifest.headers.get("Content-Type")]).toEqual([200, "application/vnd.apple.mpegurl"]);
		for (const uri of urisOf(await textOf(manifest), link).lines) expect(uri).toMatch(/\/g\/[^/]+\/[rs]\//);
		expect(await refusalOf(await ask(link.replace(/\/v\/[^/]+/, "/v/AAAA")))).toMatchObject({ status: 404 });
		expect(text).toContain(BEACON);
		expect(text).toContain(AD_MEDIA);
	});

	it("counts what is played from it, as from the video itself", async () => {
		await env.MEDIA.put(
			`${publisher.account}/ads/stitched.m3u8`,
			"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nads/1.m3u8\n",
		);
		await publish("stitched.m3u8");
		const claims = { ...SSAI, uid: "ann", climit: 1, cbeh: "BLOCK_NEW" };
		const link = contentOf(await textOf(await get(claims)));
		expect((await ask(link, { ip: "198.51.100.1" })).status).toBe(200);
		expect(await refusalOf(await ask(link, { ip: "198.51.100.2" }))).toMatchObject({ reason: "stream-limit-create" });
	});

	it("spends nothing itself", async () => {
		const claims = { ...SSAI, maxip: 1, jti: "one" };
		for (const ip of ["198.51.100.1", "198.51.100.2"]) expect((await get(claims, "hls.vmap", { ip })).status).toBe(200);
	});

	it("answers HEAD without a body", async () => {
		const head = await get(SSAI, "hls.vmap", { method: "HEAD" });
		expect([head.status, await head.text()]).toEqual([200, ""]);
	});

	it.each([
		["without a token", null, "hls.vmap", 401, "token-required"],
		["without the claim", {}, "hls.vmap", 500, "ssai-claim-missing"],
		["with an unknown configuration", { vod: { ssai: "gone" } }, "hls.vmap", 404, "ssai-config-unknown"],
		["with a name of every object", { vod: { ssai: "constructor" } }, "hls.vmap", 404, "ssai-config-unknown"],
		["for a kind that the configuration lacks", { vod: { ssai: "ads-2" } }, "dash.vmap", 404, "ssai-config-unknown"],
		["for a kind that no source has", SSAI, "dash.vmap", 404, "resource-not-found"],
		["for a protection that no source has", { ...SSAI, pro: "widevine" }, "hls.vmap", 404, "resource-not-found"],
		["for another video", { ...SSAI, conid: "other" }, "hls.vmap", 403, "video-not-in-token"],
		["with a claim that is wrong", { vod: { ssai: 1 } }, "hls.vmap", 401, "claim-invalid"],
		["that the source does not have", { vod: { ssai: "ads-2" } }, "hls.vmap", 404, "resource-not-found"],
	] as const)("is refused %s", async (_what, claims, name, status, reason) => {
		const response = claims === null ? await ask(`${videoPath}/${name}`) : await get(claims, name);
		expect(await refusalOf(response)).toMatchObject({ status, reason });
	});

	it("is not chosen by the query of a static URL", async () => {
		const token = await publisher.sign();
		const response = await ask(`${videoPath}/hls.vmap?bcov_auth=${token}&ad_config_id=ads-1`);
		expect(await refusalOf(response)).toMatchObject({
			status: 500,
			error_code: "SERVER_ERROR",
			error_subcode: "SERVER_ERROR",
			reason: "ssai-claim-missing",
		});
	});

	it.each([
		["no XML", "secret of the ad server", "well-formed"],
		["no VMAP", "<html>secret of the ad server</html>", "the root element is no VMAP"],
		["a document type", '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>', "document type"],
		["longer than 2 MiB", "x".repeat(10 * 1_048_576), "larger than 2097152 bytes"],
		["empty", "", "well-formed"],
		["not UTF-8", new Uint8Array([0x3c, 0xff, 0xfe, 0x00]), "not UTF-8"],
	])("is refused when it is %s", async (_what, document, message) => {
		await env.MEDIA.put(`${publisher.account}/ads/hls.vmap`, document);
		const refusal = await refusalOf(await get());
		expect(refusal).toMatchObject({ status: 502, error_code: "SERVER_ERROR", reason: "source-unavailable" });
		expect(refusal.message).toContain(message);
		expect(refusal.message).not.toMatch(/secret|passwd|xxxx/);
		expect(refusal.message.length).toBeLessThan(400);
	});
});

describe("the sources in the video JSON", () => {
	interface Shown {
		readonly sources: readonly { readonly src: string; readonly vmap?: string }[];
	}
	const vmapOf = async (claims: Claims, query = ""): Promise<string | undefined> => {
		const headers = { Authorization: `Bearer ${await publisher.sign(claims)}` };
		return (await (await ask(videoPath + query, { headers })).json<Shown>()).sources[0]?.vmap;
	};

	it.each([
		["for the token's configuration", SSAI, "", ""],
		["whatever the player asks for beside it", SSAI, "?ad_config_id=ads-2", ""],
		["for the player's where the token names none", {}, "?ad_config_id=ads-1", "?ad_config_id=ads-1"],
	])("have a link to the VMAP document %s", async (_what, claims, query, shown) => {
		const link = (await vmapOf(claims, query)) ?? "";
		expect(link).toMatch(new RegExp(`^${GATE}/g/[^/]+/hls\\.vmap`));
		expect(new URL(link).search).toBe(shown);
		const content = contentOf(await textOf(await ask(link)));
		const master = await textOf(await ask(content));
		const [low = ""] = urisOf(master, GATE).lines;
		expect((await ask(low)).status).toBe(200);
		// A session that was ended must not find a new start.
		const [, started = ""] = /\/g\/([^/]+)\//.exec(low) ?? [];
		expect(await refusalOf(await ask(`/g/${started}/hls.vmap`))).toMatchObject({ reason: "grant-invalid" });
	});

	it("hold a player to the token's configuration under the link, too", async () => {
		const link = (await vmapOf({ vod: { ssai: "ads-2" } })) ?? "";
		await publish("other.m3u8", "other.vmap");
		expect(await textOf(await ask(`${link}?ad_config_id=ads-1`))).toContain("/v/");
		expect(await refusalOf(await ask(link.replace("hls.vmap", "dash.vmap")))).toMatchObject({
			status: 404,
			reason: "ssai-config-unknown",
		});
	});

	it.each([
		["nobody asks for ads", {}, ""],
		["the configuration is unknown", {}, "?ad_config_id=gone"],
		["it has none of their kind", { vod: { ssai: "__proto__" } }, ""],
	])("have none when %s", async (_what, claims, query) => {
		expect(await vmapOf(claims, query)).toBeUndefined();
	});
});
