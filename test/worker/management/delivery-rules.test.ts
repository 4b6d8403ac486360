import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { type Publisher, ask, newPublisher, refusalOf } from "../../support/publisher.ts";

type Json = Readonly<Record<string, unknown>>;

let publisher: Publisher;
let rules: string;
beforeEach(async () => {
	publisher = await newPublisher();
	rules = `/accounts/${publisher.account}`;
});

const manage = (method: string, path: string, body?: unknown) => publisher.manage(method, rules + path, body);
const jsonOf = async (answer: Promise<Response>): Promise<unknown> => (await answer).json();

async function create(properties: Json = {}): Promise<string> {
	const { id } = await (await manage("POST", "/actions", { properties })).json<{ id: string }>();
	return id;
}

/** Every property, as an action may have it. */
const ALL = {
	min_video_bitrate: 0,
	max_video_bitrate: 4000,
	first_video_bitrate: 900,
	min_video_resolution: "320x180",
	max_video_resolution: "1920x1080",
	max_video_renditions: 5,
	max_audio_renditions: 2,
	preferred_cdn_provider: "jocdn",
	preferred_cdn_domain: "cdn.example.com",
	video_codecs: ["avc1", "hvc1.2.4"],
	audio_codecs: ["mp4a.40.2"],
	custom_properties: { discontinuities: true, nested: { list: [1, null, "x"] } },
};

describe("an account without rules", () => {
	it("has empty lists of them", async () => {
		expect(await jsonOf(manage("GET", ""))).toEqual({ conditions: [], actions: [] });
		expect(await jsonOf(manage("GET", "/conditions"))).toEqual([]);
		expect(await jsonOf(manage("GET", "/actions"))).toEqual([]);
	});
});

describe("actions", () => {
	it("are made, shown, listed, replaced and deleted", async () => {
		const made = await manage("POST", "/actions", { properties: ALL });
		expect(made.status).toBe(200);
		const { id } = await made.clone().json<{ id: string }>();
		expect(await made.json()).toEqual({ id, properties: ALL });
		expect(await jsonOf(manage("GET", `/actions/${id}`))).toEqual({ id, properties: ALL });
		expect(await jsonOf(manage("GET", "/actions"))).toEqual([{ id, properties: ALL }]);
		expect(await jsonOf(manage("GET", ""))).toEqual({ conditions: [], actions: [{ id, properties: ALL }] });

		const replaced = { id, properties: { max_video_bitrate: 1 } };
		const put = await manage("PUT", `/actions/${id}`, replaced);
		expect([put.status, await put.json()]).toEqual([200, replaced]);
		expect(await jsonOf(manage("GET", `/actions/${id}`))).toEqual(replaced);

		expect((await manage("DELETE", `/actions/${id}`)).status).toBe(204);
		for (const method of ["GET", "DELETE"]) {
			expect(await refusalOf(await manage(method, `/actions/${id}`))).toMatchObject({
				status: 404,
				error_code: "NOT_FOUND",
				error_subcode: "RESOURCE_NOT_FOUND",
			});
		}
		expect(await jsonOf(manage("GET", "/actions"))).toEqual([]);
	});

	it("may have an id of the publisher's choice, once", async () => {
		const body = { id: "mobile", properties: {} };
		expect(await jsonOf(manage("POST", "/actions", body))).toEqual(body);
		expect(await refusalOf(await manage("POST", "/actions", body))).toMatchObject({
			status: 400,
			message: 'id: there is an action "mobile" already',
		});
	});

	it("are not made by PUT", async () => {
		expect((await manage("PUT", "/actions/new", { properties: {} })).status).toBe(404);
		expect(await jsonOf(manage("GET", "/actions"))).toEqual([]);
	});

	it("do not keep what is null", async () => {
		const properties = { max_video_bitrate: null, video_codecs: null, max_audio_renditions: 1 };
		expect(await jsonOf(manage("POST", "/actions", { properties }))).toMatchObject({
			properties: { max_audio_renditions: 1 },
		});
		const id = await create(properties);
		expect(await jsonOf(manage("GET", `/actions/${id}`))).toEqual({ id, properties: { max_audio_renditions: 1 } });
	});

	it("of writers at the same time are all kept, also more than are read at once", async () => {
		const ids = await Promise.all(Array.from({ length: 120 }, (_, index) => create({ max_video_bitrate: index + 1 })));
		const listed = (await jsonOf(manage("GET", "/actions"))) as { id: string }[];
		expect(new Set(listed.map(({ id }) => id))).toEqual(new Set(ids));
	});

	it("belong to their account", async () => {
		const id = await create({ max_video_bitrate: 1 });
		const other = await newPublisher();
		expect((await other.manage("GET", `/accounts/${other.account}/actions/${id}`)).status).toBe(404);
		expect(await jsonOf(other.manage("GET", `/accounts/${other.account}`))).toEqual({ conditions: [], actions: [] });
	});

	const invalid: readonly [unknown, string][] = [
		[[], "the body: must be an object"],
		[null, "the body: must be an object"],
		["x", "the body: must be an object"],
		[{}, "properties: is missing"],
		[{ properties: [] }, "properties: must be an object"],
		[{ properties: { max_bitrate: 1 } }, "properties.max_bitrate: is not a known field"],
		[{ properties: {}, name: "x" }, "name: is not a known field"],
		[{ properties: { max_video_bitrate: "1" } }, "properties.max_video_bitrate: must be a number"],
		[{ properties: { max_video_bitrate: 0 } }, "properties.max_video_bitrate: must be at least 1"],
		[{ properties: { min_video_bitrate: -1 } }, "properties.min_video_bitrate: must be at least 0"],
		[{ properties: { first_video_bitrate: 1.5 } }, "properties.first_video_bitrate: must be a whole number"],
		[{ properties: { max_video_bitrate: 1e12 } }, "properties.max_video_bitrate: must be at most 10000000"],
		[
			{ properties: { min_video_bitrate: 2, max_video_bitrate: 1 } },
			"properties.min_video_bitrate: must not be above max_video_bitrate",
		],
		[
			{ properties: { max_video_resolution: "1280" } },
			"properties.max_video_resolution: must be WIDTHxHEIGHT in pixels, such as 1280x720",
		],
		[{ properties: { min_video_resolution: 720 } }, "properties.min_video_resolution: must be a string"],
		[{ properties: { max_video_renditions: 0 } }, "properties.max_video_renditions: must be at least 1"],
		[{ properties: { max_audio_renditions: 1001 } }, "properties.max_audio_renditions: must be at most 1000"],
		[
			{ properties: { preferred_cdn_provider: "acme" } },
			"properties.preferred_cdn_provider: must be one of akamai, cloudfront, fastly, jocdn",
		],
		...[
			"https://cdn.example",
			"cdn.example/",
			"a b",
			"user@cdn.example",
			"cdn.example:port",
			".example",
			"cdn.example?",
			"",
			"::1",
		].map((domain): [unknown, string] => [
			{ properties: { preferred_cdn_domain: domain } },
			"properties.preferred_cdn_domain: must be a host name such as cdn.example.com; no scheme and no path",
		]),
		[{ properties: { video_codecs: "avc1" } }, "properties.video_codecs: must be a list"],
		[
			{ properties: { video_codecs: [] } },
			"properties.video_codecs: must name at least one codec; leave it out to allow all",
		],
		[
			{ properties: { audio_codecs: ["mp4a", ""] } },
			"properties.audio_codecs[1]: must be a codec such as avc1, hvc1.2.4 or mp4a.40.2",
		],
		[{ properties: { custom_properties: [1] } }, "properties.custom_properties: must be an object"],
		[
			{ properties: { custom_properties: { a: "x".repeat(17_000) } } },
			"properties.custom_properties: must be at most 16384 characters of JSON",
		],
	];

	it.each(invalid)("that are wrong are refused with their place: %j", async (body, message) => {
		const id = await create({ max_video_bitrate: 7 });
		for (const [method, path] of [
			["POST", "/actions"],
			["PUT", `/actions/${id}`],
		] as const) {
			expect(await refusalOf(await manage(method, path, body))).toMatchObject({
				status: 400,
				error_code: "BAD_REQUEST",
				reason: "record-invalid",
				message,
			});
		}
		expect(await jsonOf(manage("GET", "/actions"))).toEqual([{ id, properties: { max_video_bitrate: 7 } }]);
	});

	it.each([
		["another id", { id: "other", properties: {} }, 'id: must be "mine", as in the path'],
		["an id that cannot be one", { id: "a/b", properties: {} }, /^id: must be 1 to 128 of/],
	])("are not replaced with %s in the body", async (_what, body, message) => {
		await manage("POST", "/actions", { id: "mine", properties: {} });
		const { status, message: told } = await refusalOf(await manage("PUT", "/actions/mine", body));
		expect(status).toBe(400);
		expect(told).toMatch(message);
	});

	it.each(["", "{", "[1,"])("take JSON only, not %j", async (body) => {
		const answer = await ask(`${rules}/actions`, { method: "POST", headers: ADMIN, body });
		expect(await refusalOf(answer)).toMatchObject({ status: 400, message: "the body: must be JSON" });
	});

	it("are not larger than a mebibyte", async () => {
		const answer = await ask(`${rules}/actions`, {
			method: "POST",
			headers: ADMIN,
			body: `"${"x".repeat(1_100_000)}"`,
		});
		expect(await refusalOf(answer)).toMatchObject({ status: 413, reason: "record-too-large" });
	});
});

const ADMIN = { Authorization: "Bearer test-admin-token" };

describe("conditions", () => {
	it("are replaced all at once, and come back as they were given", async () => {
		const [one, two] = [await create(), await create()];
		const conditions = [
			{
				name: "Phones of Asia",
				if: { device_group: ["iphone", "roku-7/8"], request_continent: ["AS"] },
				then: [one, two],
			},
			{ if: { request_country: ["JP", "XK"] }, then: [one] },
			{ name: "All", if: {}, then: [] },
		];
		const put = await manage("PUT", "/conditions", conditions);
		expect([put.status, await put.json()]).toEqual([200, conditions]);
		expect(await jsonOf(manage("GET", "/conditions"))).toEqual(conditions);
		expect(await jsonOf(manage("GET", ""))).toMatchObject({ conditions });
		expect(await jsonOf(manage("PUT", "/conditions", []))).toEqual([]);
		expect(await jsonOf(manage("GET", "/conditions"))).toEqual([]);
	});

	it.each<[unknown, string]>([
		[{}, "the body: must be a list"],
		[null, "the body: must be a list"],
		[[1], "[0]: must be an object"],
		[[{ then: [] }], "[0].if: is missing"],
		[[{ if: {} }], "[0].then: is missing"],
		[[{ if: {}, then: "a" }], "[0].then: must be a list"],
		[[{ if: {}, then: [1] }], "[0].then[0]: must be a string"],
		[
			[
				{ if: {}, then: [] },
				{ if: {}, then: ["none"] },
			],
			'[1].then[0]: names no action of the account: "none"',
		],
		[[{ if: { device: [] }, then: [] }], "[0].if.device: is not a known field"],
		[[{ if: {}, then: [], else: [] }], "[0].else: is not a known field"],
		[[{ if: { device_group: "ipad" }, then: [] }], "[0].if.device_group: must be a list"],
		[
			[{ if: { device_group: ["ipad", "phone"] }, then: [] }],
			/^\[0\]\.if\.device_group\[1\]: must be one of ipad, iphone, /,
		],
		[[{ if: { request_country: ["jp"] }, then: [] }], /^\[0\]\.if\.request_country\[0\]: must be a country code/],
		[[{ if: { request_country: ["ZZ"] }, then: [] }], /^\[0\]\.if\.request_country\[0\]: must be a country code/],
		[
			[{ if: { request_continent: ["XX"] }, then: [] }],
			"[0].if.request_continent[0]: must be one of AF, AN, AS, EU, NA, OC, SA",
		],
		[Array.from({ length: 101 }, () => ({ if: {}, then: [] })), "the body: must have at most 100 entries"],
	] as [unknown, string][])("that are wrong are refused with their place: %j", async (body, message) => {
		const before = [{ if: {}, then: [await create()] }];
		await manage("PUT", "/conditions", before);
		const refusal = await refusalOf(await manage("PUT", "/conditions", body));
		expect(refusal).toMatchObject({ status: 400, reason: "record-invalid" });
		expect(refusal.message).toMatch(message);
		expect(await jsonOf(manage("GET", "/conditions"))).toEqual(before);
	});

	it("go on without an action that is deleted", async () => {
		const conditions = [{ if: {}, then: [await create()] }];
		await manage("PUT", "/conditions", conditions);
		expect((await manage("DELETE", `/actions/${conditions[0]?.then[0]}`)).status).toBe(204);
		expect(await jsonOf(manage("GET", "/conditions"))).toEqual(conditions);
	});
});

describe("the paths", () => {
	it.each([
		["DELETE", "", "GET, HEAD, OPTIONS"],
		["POST", "/conditions", "GET, HEAD, PUT, OPTIONS"],
		["PUT", "/actions", "GET, HEAD, POST, OPTIONS"],
		["PATCH", "/actions/a", "GET, HEAD, PUT, DELETE, OPTIONS"],
	])("do not take %s %s", async (method, path, allow) => {
		const answer = await manage(method, path);
		expect([answer.status, answer.headers.get("Allow")]).toEqual([405, allow]);
	});

	it.each(["", "/conditions", "/actions", "/actions/a"])("ask for a credential: %s", async (path) => {
		expect(await refusalOf(await ask(rules + path))).toMatchObject({ status: 401, reason: "credentials-required" });
		const wrong = await ask(rules + path, { headers: { Authorization: "Bearer wrong" } });
		expect(await refusalOf(wrong)).toMatchObject({ status: 401, reason: "credentials-invalid" });
	});

	it("answer HEAD and OPTIONS", async () => {
		const head = await manage("HEAD", "/actions");
		expect([head.status, await head.text()]).toEqual([200, ""]);
		expect((await ask(`${rules}/actions`, { method: "OPTIONS" })).status).toBe(204);
	});

	it("show nothing of a record that cannot be read", async () => {
		await env.CATALOG.put(`action/${publisher.account}/broken`, "{");
		expect((await manage("GET", "/actions/broken")).status).toBe(404);
		expect(await jsonOf(manage("GET", "/actions"))).toEqual([]);
		expect((await manage("DELETE", "/actions/broken")).status).toBe(204);
	});
});
