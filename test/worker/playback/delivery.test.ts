import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import {
	GATE,
	type ClientInit,
	type Publisher,
	ask,
	newPublisher,
	refusalOf,
	textOf,
	urisOf,
} from "../../support/publisher.ts";

const IPHONE =
	"Mozilla/5.0 (iPhone; CPU iPhone OS 17_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.1 Mobile/15E148 Safari/604.1";
const KBITS = [3000, 1500, 700, 300];

const MASTER = `#EXTM3U\n${KBITS.map((kbit) => `#EXT-X-STREAM-INF:BANDWIDTH=${kbit}000,CODECS="avc1.4d401f,mp4a.40.2"\n${kbit}.m3u8\n`).join("")}`;
const MPD = `<MPD type="dynamic" minimumUpdatePeriod="PT2S"><Period><AdaptationSet contentType="video"><SegmentTemplate duration="4" media="$RepresentationID$/$Number$.m4s"/>
${KBITS.map((kbit) => `<Representation id="${kbit}" bandwidth="${kbit}000"/>`).join("\n")}
</AdaptationSet></Period></MPD>`;

let publisher: Publisher;
let videoPath: string;
beforeEach(async () => {
	publisher = await newPublisher();
	videoPath = `/playback/v1/accounts/${publisher.account}/videos/ladder`;
	const dir = `${publisher.account}/ladder`;
	await env.MEDIA.put(`${dir}/master.m3u8`, MASTER);
	await env.MEDIA.put(`${dir}/manifest.mpd`, MPD);
	for (const kbit of KBITS) {
		await env.MEDIA.put(`${dir}/${kbit}.m3u8`, "#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\na.ts\n#EXT-X-ENDLIST\n");
		await env.MEDIA.put(`${dir}/${kbit}.mp4`, `mp4 of ${kbit}`);
	}
	const root = `r2://MEDIA/${dir}`;
	await publisher.publishVideo("ladder", {
		tags: ["sport"],
		sources: [
			{ type: "application/x-mpegURL", src: `${root}/master.m3u8` },
			{ type: "application/dash+xml", src: `${root}/manifest.mpd` },
			...KBITS.map((kbit) => ({ type: "video/mp4", src: `${root}/${kbit}.mp4`, avg_bitrate: kbit * 1000 })),
		],
	});
});

const rules = (method: string, path: string, body?: unknown) =>
	publisher.manage(method, `/accounts/${publisher.account}${path}`, body);

async function makeAction(id: string, properties: Readonly<Record<string, unknown>>): Promise<void> {
	expect((await rules("POST", "/actions", { id, properties })).status).toBe(200);
}

async function setConditions(...conditions: readonly unknown[]): Promise<void> {
	expect((await rules("PUT", "/conditions", conditions)).status).toBe(200);
}

interface Asked extends ClientInit {
	readonly claims?: Readonly<Record<string, unknown>>;
	readonly query?: string;
}

async function get(name: string, { claims = {}, query = "", ...client }: Asked = {}): Promise<Response> {
	return ask(`${videoPath}/${name}?bcov_auth=${await publisher.sign(claims)}${query}`, client);
}

const hlsKbits = (text: string): number[] => [...text.matchAll(/BANDWIDTH=(\d+)000/g)].map(([, kbit]) => Number(kbit));
const dashKbits = (text: string): number[] =>
	[...text.matchAll(/bandwidth="(\d+)000"/g)].map(([, kbit]) => Number(kbit));

/** Bitrates of the renditions that the multivariant playlist has, in its order. */
async function playlist(asked?: Asked): Promise<number[]> {
	return hlsKbits(await textOf(await get("master.m3u8", asked)));
}

describe("an account without rules", () => {
	it.each<[string, Asked]>([
		["nothing asked for", {}],
		["a config_id that means something elsewhere", { query: "&config_id=elsewhere" }],
		["drules that mean something elsewhere", { claims: { drules: ["elsewhere"] } }],
	])("serves what its source has: %s", async (_what, asked) => {
		expect(await playlist(asked)).toEqual(KBITS);
	});
});

describe("conditions", () => {
	beforeEach(async () => {
		await makeAction("small", { max_video_bitrate: 700 });
		await makeAction("low-first", { first_video_bitrate: 300 });
		await makeAction("large", { max_video_bitrate: 1500 });
	});

	it("by device", async () => {
		await setConditions({ if: { device_group: ["iphone"] }, then: ["small"] });
		expect(await playlist({ agent: IPHONE })).toEqual([700, 300]);
		expect(await playlist()).toEqual(KBITS);
	});

	it.each([
		[{ country: "JP", continent: "AS" }, [700, 300]],
		[{ country: "DE", continent: "EU" }, KBITS],
		[{}, KBITS],
	])("by country: %j", async (geo, expected) => {
		await setConditions({ if: { request_country: ["JP"] }, then: ["small"] });
		expect(await playlist({ headers: { "X-Client-Geo": JSON.stringify(geo) } })).toEqual(expected);
	});

	it("by continent", async () => {
		await setConditions({ if: { request_continent: ["SA", "OC"] }, then: ["small"] });
		expect(await playlist({ headers: { "X-Client-Geo": '{"continent":"OC"}' } })).toEqual([700, 300]);
		expect(await playlist({ headers: { "X-Client-Geo": '{"continent":"EU"}' } })).toEqual(KBITS);
	});

	it("are of the connection's place, whatever the claim ip says", async () => {
		await setConditions({ if: { request_country: ["JP"] }, then: ["small"] });
		const asked = { claims: { ip: "192.0.2.1" }, headers: { "X-Client-Geo": '{"country":"JP"}' } };
		expect(await playlist(asked)).toEqual([700, 300]);
	});

	it("apply one after the other, a later one over an earlier one", async () => {
		await setConditions(
			{ if: {}, then: ["small", "low-first"] },
			{ if: { device_group: ["iphone"] }, then: ["large"] },
		);
		expect(await playlist()).toEqual([300, 700]);
		expect(await playlist({ agent: IPHONE })).toEqual([300, 1500, 700]);
	});

	it("go on without an action that was deleted", async () => {
		await setConditions({ if: {}, then: ["small", "low-first"] });
		expect((await rules("DELETE", "/actions/small")).status).toBe(204);
		expect(await playlist()).toEqual([300, 3000, 1500, 700]);
	});

	it("refuse a place that is told in a form that is none", async () => {
		await setConditions({ if: { request_country: ["JP"] }, then: ["small"] });
		expect(await refusalOf(await get("master.m3u8", { headers: { "X-Client-Geo": "JP" } }))).toMatchObject({
			status: 400,
			reason: "bad-request",
		});
	});
});

describe("what a request asks for", () => {
	beforeEach(async () => {
		await makeAction("account", { max_video_bitrate: 1500, first_video_bitrate: 300 });
		await makeAction("page", { max_video_bitrate: 700 });
		await makeAction("token", { max_video_bitrate: 3000 });
		await makeAction("token-2", { min_video_bitrate: 700 });
		await setConditions({ if: {}, then: ["account"] });
	});

	it.each<[string, Asked, readonly number[]]>([
		["nothing: the account's", {}, [300, 1500, 700]],
		["config_id overrides what it says too", { query: "&config_id=page" }, [300, 700]],
		["an empty config_id is none", { query: "&config_id=" }, [300, 1500, 700]],
		["drules override both", { claims: { drules: "token" }, query: "&config_id=page" }, [300, 3000, 1500, 700]],
		["drules in their order", { claims: { drules: ["token", "token-2"] } }, [700, 3000, 1500]],
		[
			"drules make config_id count for nothing, even a wrong one",
			{ claims: { drules: ["token"] }, query: "&config_id=none" },
			[300, 3000, 1500, 700],
		],
		["drules that name none do so as well", { claims: { drules: [] }, query: "&config_id=page" }, [300, 1500, 700]],
	])("%s", async (_what, asked, expected) => {
		expect(await playlist(asked)).toEqual(expected);
	});

	it.each(["none", "a/b", "%00", "..", "x".repeat(300)])(
		"a config_id that names no action is refused: %s",
		async (id) => {
			const token = await publisher.sign({ maxu: 1 });
			for (const name of ["/master.m3u8", "/manifest.mpd", "/high.mp4", ""]) {
				expect(await refusalOf(await ask(`${videoPath}${name}?bcov_auth=${token}&config_id=${id}`))).toMatchObject({
					status: 400,
					error_subcode: "ILLEGAL_VALUE",
					message: "config_id names no delivery rule action of the account.",
				});
			}
			expect((await ask(`${videoPath}/master.m3u8?bcov_auth=${token}`)).status).toBe(200); // nothing was spent
		},
	);

	it("a config_id given twice is refused", async () => {
		expect(await refusalOf(await get("master.m3u8", { query: "&config_id=page&config_id=page" }))).toMatchObject({
			status: 400,
			error_subcode: "DUPLICATE_PARAMETERS",
		});
	});

	it("drules that name a missing action are refused, for what they were to limit is not known", async () => {
		expect(await refusalOf(await get("master.m3u8", { claims: { drules: ["token", "none"] } }))).toMatchObject({
			status: 403,
			error_code: "ACCESS_DENIED",
			error_subcode: "POLICY_ERROR",
			reason: "delivery-rule-missing",
		});
	});

	it("is not looked at before the token is", async () => {
		expect(await refusalOf(await ask(`${videoPath}/master.m3u8?bcov_auth=x.y.z&config_id=none`))).toMatchObject({
			status: 401,
		});
	});

	it("is in force as soon as an action is changed", async () => {
		expect(await playlist({ query: "&config_id=page" })).toEqual([300, 700]);
		await rules("PUT", "/actions/page", { properties: { max_video_bitrate: 300 } });
		expect(await playlist({ query: "&config_id=page" })).toEqual([300]);
	});
});

describe("rules go with the viewer", () => {
	beforeEach(async () => {
		await makeAction("small", { max_video_bitrate: 700 });
		await makeAction("smaller", { max_video_bitrate: 300 });
	});

	it("to the renditions that are left, under the grant", async () => {
		const url = `${GATE}${videoPath}/master.m3u8?bcov_auth=${await publisher.sign()}&config_id=small`;
		const { lines } = urisOf(await textOf(await ask(url)), url);
		expect(lines).toHaveLength(2);
		for (const line of lines) expect((await ask(line)).status).toBe(200);
	});

	it("to a playlist or MPD that is loaded again under its grant, also by its own name", async () => {
		for (const [name, kbits] of [
			["master.m3u8", hlsKbits],
			["manifest.mpd", dashKbits],
		] as const) {
			const url = `${GATE}${videoPath}/${name}?bcov_auth=${await publisher.sign()}&config_id=small`;
			const first = await textOf(await ask(url));
			expect(kbits(first)).toEqual([700, 300]);
			const grant = /\/g\/[^/]+\//.exec(first)?.[0];
			for (const path of [name, `s/${name}`, `${name}?config_id=smaller`, `s/${name}?config_id=none`]) {
				expect(kbits(await textOf(await ask(`${GATE}${grant}${path}`)))).toEqual([700, 300]);
			}
		}
	});

	it("to the links of the video JSON, and from one to the next", async () => {
		const token = await publisher.sign();
		const json = await ask(`${videoPath}?config_id=small`, { headers: { Authorization: `Bearer ${token}` } });
		const { sources } = await json.json<{ sources: { src: string; type: string; avg_bitrate?: number }[] }>();
		const [hls, dash, ...mp4] = sources;
		expect(mp4.map(({ avg_bitrate: bits }) => bits)).toEqual([700_000, 300_000]);
		expect(hlsKbits(await textOf(await ask(hls?.src ?? "")))).toEqual([700, 300]);
		const mpd = await textOf(await ask(dash?.src ?? ""));
		expect(dashKbits(mpd)).toEqual([700, 300]);
		const grant = /\/g\/[^/]+\//.exec(mpd)?.[0];
		expect(dashKbits(await textOf(await ask(`${GATE}${grant}manifest.mpd`)))).toEqual([700, 300]);
		for (const { src } of mp4) expect((await ask(src)).status).toBe(200);
	});

	it("by its token's drules, which the grant has too", async () => {
		const first = await textOf(await get("manifest.mpd", { claims: { drules: "smaller" }, query: "&config_id=small" }));
		expect(dashKbits(first)).toEqual([300]);
		const grant = /\/g\/[^/]+\//.exec(first)?.[0];
		expect(dashKbits(await textOf(await ask(`${GATE}${grant}manifest.mpd`)))).toEqual([300]);
	});

	it("and no two viewers with different ones get the same playlist", async () => {
		expect(await playlist({ query: "&config_id=small" })).toEqual([700, 300]);
		expect(await playlist({ query: "&config_id=smaller" })).toEqual([300]);
		expect(await playlist()).toEqual(KBITS);
		expect(await playlist({ query: "&config_id=small" })).toEqual([700, 300]);
	});
});

describe("MP4 renditions", () => {
	it.each<[string, Readonly<Record<string, unknown>>, string, string]>([
		["a greatest bitrate", { max_video_bitrate: 1500 }, "1500", "300"],
		["a least bitrate", { min_video_bitrate: 500 }, "3000", "700"],
		["a range with nothing in it", { min_video_bitrate: 800, max_video_bitrate: 900 }, "700", "700"],
		["a count", { max_video_renditions: 1 }, "700", "700"],
	])("high.mp4 and low.mp4 choose among those that %s leaves", async (_what, properties, high, low) => {
		await makeAction("some", properties);
		const asked = { query: "&config_id=some" };
		expect(await textOf(await get("high.mp4", asked))).toBe(`mp4 of ${high}`);
		expect(await textOf(await get("low.mp4", asked))).toBe(`mp4 of ${low}`);
	});
});
