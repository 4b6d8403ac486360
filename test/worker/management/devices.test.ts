import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { viewerObjectName } from "../../../worker/limits/client.ts";
import { GATE, type Publisher, ask, newPublisher, refusalOf } from "../../support/publisher.ts";
import { eventually } from "../../support/patience.ts";

let publisher: Publisher;
beforeEach(async () => {
	publisher = await newPublisher();
	await publisher.publishClip(env.MEDIA);
});

interface ShownDevice {
	readonly id: string;
	readonly name: string;
	readonly created_at: number;
	readonly updated_at: number;
	readonly user_agent: string;
}

interface AccountDevices {
	readonly metadata: { readonly total_count: number; readonly page_count: number; readonly page: number };
	readonly records: readonly { readonly account_id: string; readonly user_id: string; readonly device: string }[];
}

const users = () => `/v1/accounts/${publisher.account}/users`;
const devicesOf = (uid: string) => `${users()}/${encodeURIComponent(uid)}/devices`;
const all = () => `/v1/accounts/${publisher.account}/devices`;

async function listed(uid: string): Promise<ShownDevice[]> {
	const response = await publisher.manage("GET", devicesOf(uid));
	expect(response.status).toBe(200);
	return response.json();
}

async function accountDevices(query = ""): Promise<AccountDevices> {
	const response = await publisher.manage("GET", all() + query);
	expect(response.status).toBe(200);
	return response.json();
}

/** Opens the clip on a device; "allowed", or why not. */
async function openOn(device: string, claims: Readonly<Record<string, unknown>> = {}): Promise<string> {
	const token = await publisher.sign({ uid: "ann", dlimit: 1, ...claims });
	const { refusal } = await publisher.open(token, {
		headers: { "BCOV-Device-Id": device },
		agent: `Player on ${device}`,
	});
	return refusal?.reason ?? "allowed";
}

describe("a viewer's devices", () => {
	it("are listed as Brightcove's API lists them", async () => {
		const before = Math.floor(Date.now() / 1000);
		expect(await openOn("tv")).toBe("allowed");
		const [device, ...others] = await listed("ann");
		expect(others).toEqual([]);
		expect(device).toEqual({
			id: "tv",
			created_at: expect.any(Number) as unknown,
			updated_at: device?.created_at,
			name: "",
			user_agent: "Player on tv",
		});
		expect(device?.created_at).toBeGreaterThanOrEqual(before);
		expect(device?.created_at).toBeLessThanOrEqual(Date.now() / 1000);
		await eventually(async () => {
			const { metadata, records } = await accountDevices();
			const { id, ...more } = device ?? { id: "" };
			expect(records).toEqual([{ account_id: publisher.account, user_id: "ann", device: id, ...more }]);
			expect(metadata).toMatchObject({ page: 0, per_page: 10, page_count: 1, total_count: 1 });
		});
	});

	it("are none for a viewer, an account or a page that nobody knows", async () => {
		expect(await listed("nobody")).toEqual([]);
		expect((await publisher.manage("DELETE", devicesOf("nobody"))).status).toBe(204);
		expect(await accountDevices("?page=7")).toEqual({
			metadata: {
				page: 0,
				per_page: 10,
				page_count: 0,
				total_count: 0,
				Links: [
					{ self: `${all()}?page=0&per_page=10` },
					{ first: `${all()}?page=0&per_page=10` },
					{ last: `${all()}?page=0&per_page=10` },
				],
			},
			records: [],
		});
	});

	it("belong to the viewer's account alone", async () => {
		await openOn("tv");
		const other = await newPublisher();
		expect(await (await other.manage("GET", `/v1/accounts/${other.account}/users/ann/devices`)).json()).toEqual([]);
		const removal = await other.manage("DELETE", `/v1/accounts/${other.account}/users/ann/devices/tv`);
		expect(removal.status).toBe(404);
		expect(await listed("ann")).toHaveLength(1);
	});

	it("of a token without uid are nobody's, and count for that token", async () => {
		expect(await openOn("tv", { uid: undefined })).toBe("allowed");
		expect((await accountDevices()).records).toEqual([]);
	});
});

describe("removing a device", () => {
	it("lets another in at once, also in the isolate that remembers, and not the one that was removed", async () => {
		const token = await publisher.sign({ uid: "ann", dlimit: 1 });
		const on = (device: string) => ({ headers: { "BCOV-Device-Id": device } });
		const playing = await publisher.open(token, on("tv"));
		expect((await ask(playing.segment, on("tv"))).status).toBe(200);
		expect(await openOn("phone")).toBe("device-limit");
		expect((await publisher.manage("DELETE", `${devicesOf("ann")}/tv`)).status).toBe(204);
		expect((await accountDevices()).records).toEqual([]);
		expect(await openOn("phone")).toBe("allowed");
		expect(await refusalOf(await ask(playing.segment, on("tv")))).toMatchObject({
			status: 403,
			error_subcode: "DENIED_BY_DEVICE_LIMITING",
			reason: "device-limit",
		});
		expect((await listed("ann")).map(({ id }) => id)).toEqual(["phone"]);
	});

	it("and all of them frees every slot, and no other viewer's", async () => {
		for (const device of ["tv", "phone"]) expect(await openOn(device, { dlimit: 2 })).toBe("allowed");
		expect(await openOn("tablet", { uid: "bob" })).toBe("allowed");
		expect((await publisher.manage("DELETE", devicesOf("ann"))).status).toBe(204);
		expect(await listed("ann")).toEqual([]);
		await eventually(async () =>
			expect((await accountDevices()).records.map(({ user_id, device }) => [user_id, device])).toEqual([
				["bob", "tablet"],
			]),
		);
		expect(await openOn("watch")).toBe("allowed");
	});

	it.each(["DELETE", "PATCH"])("%s of one that is not there is 404", async (method) => {
		const body = method === "PATCH" ? { name: "x" } : undefined;
		expect(await refusalOf(await publisher.manage(method, `${devicesOf("ann")}/tv`, body))).toMatchObject({
			status: 404,
			error_code: "NOT_FOUND",
			error_subcode: "RESOURCE_NOT_FOUND",
		});
	});
});

describe("naming a device", () => {
	it.each<[string, unknown, string]>([
		["an object", { name: "Ann's TV" }, "Ann's TV"],
		["a list of one", [{ name: "Wohnzimmer, groß 📺" }], "Wohnzimmer, groß 📺"],
		["the device as it is listed", { id: "tv", name: "TV", created_at: 1, updated_at: 2, user_agent: "x" }, "TV"],
		["the longest name", { name: "n".repeat(255) }, "n".repeat(255)],
		["no name", { name: "" }, ""],
	])("by %s is kept and listed everywhere", async (_what, body, name) => {
		await openOn("tv");
		const response = await publisher.manage("PATCH", `${devicesOf("ann")}/tv`, body);
		expect([response.status, await response.text()]).toEqual([204, ""]);
		expect(await listed("ann")).toMatchObject([{ id: "tv", name, user_agent: "Player on tv" }]);
		expect((await accountDevices()).records).toMatchObject([{ device: "tv", name }]);
		expect(await openOn("tv")).toBe("allowed");
		expect(await listed("ann")).toMatchObject([{ id: "tv", name }]);
	});

	it.each<[unknown, string]>([
		[{}, "name: is missing"],
		[{ name: null }, "name: must be a string"],
		[{ name: 7 }, "name: must be a string"],
		[{ name: "n".repeat(256) }, "name: must be at most 255 characters"],
		[{ name: "a\u0000b" }, "name: must not have control characters"],
		[{ name: "a\nb" }, "name: must not have control characters"],
		[{ name: "\ud800" }, "name: must not have control characters"],
		[{ name: "x", nickname: "y" }, "nickname: is not a known field"],
		[{ name: "x", id: "phone" }, "id: is not that of the path"],
		[[], "the body: must be one object, or a list of one"],
		[[{ name: "x" }, { name: "y" }], "the body: must be one object, or a list of one"],
		[[[{ name: "x" }]], "the body: must be an object"],
		["x", "the body: must be an object"],
		[null, "the body: must be an object"],
	])("by %j is refused, and the mistake named", async (body, message) => {
		await openOn("tv");
		expect(await refusalOf(await publisher.manage("PATCH", `${devicesOf("ann")}/tv`, body))).toMatchObject({
			status: 400,
			error_code: "BAD_REQUEST",
			error_subcode: "ILLEGAL_VALUE",
			message,
		});
		expect(await listed("ann")).toMatchObject([{ name: "" }]);
	});
});

describe("the call itself", () => {
	it.each([
		["GET", "/users/ann/devices"],
		["DELETE", "/users/ann/devices"],
		["PATCH", "/users/ann/devices/tv"],
		["DELETE", "/users/ann/devices/tv"],
		["GET", "/devices"],
	])("%s %s asks for the credential", async (method, path) => {
		const url = `${GATE}/v1/accounts/${publisher.account}${path}`;
		expect((await refusalOf(await ask(url, { method }))).reason).toBe("credentials-required");
	});

	it.each([
		["POST", "/users/ann/devices", "GET, HEAD, DELETE, OPTIONS"],
		["PATCH", "/users/ann/devices", "GET, HEAD, DELETE, OPTIONS"],
		["GET", "/users/ann/devices/tv", "PATCH, DELETE, OPTIONS"],
		["PUT", "/users/ann/devices/tv", "PATCH, DELETE, OPTIONS"],
		["DELETE", "/devices", "GET, HEAD, OPTIONS"],
	])("%s %s is not allowed, and what is, is named", async (method, path, allow) => {
		const response = await publisher.manage(method, `/v1/accounts/${publisher.account}${path}`);
		expect([response.status, response.headers.get("Allow")]).toEqual([405, allow]);
	});

	it.each(["GET", "POST", "PUT"])("%s below a viewer finds nothing but devices", async (method) => {
		const response = await publisher.manage(method, `/v1/accounts/${publisher.account}/users/ann/televisions`);
		expect((await refusalOf(response)).reason).toBe("resource-not-found");
	});

	it.each(["/users/ann/devices", "/devices"])("HEAD %s is GET without a body", async (path) => {
		const response = await publisher.manage("HEAD", `/v1/accounts/${publisher.account}${path}`);
		expect([response.status, await response.text()]).toEqual([200, ""]);
		expect(response.headers.get("Content-Type")).toContain("json");
	});

	it.each(["/users/ann/devices", "/devices"])("an account id that cannot be one is refused by %s", async (path) => {
		expect(await refusalOf(await publisher.manage("GET", `/v1/accounts/a%20b${path}`))).toMatchObject({
			status: 400,
			error_code: "BAD_REQUEST",
			error_subcode: "INVALID_ACCOUNT_ID",
		});
	});
});

describe("an object that fails", () => {
	const viewer = () => env.VIEWER_LIMITS.getByName(viewerObjectName(publisher.account, { uid: "ann" }));
	const failed = async (response: Promise<Response>) => {
		const { status, error_code: code, error_subcode: subcode } = await refusalOf(await response);
		return [status, code, subcode];
	};

	it("is told as 502 by the list", async () => {
		await runInDurableObject(env.DEVICE_INDEX.getByName(publisher.account), (_index, state) => {
			state.storage.sql.exec("DROP TABLE totals");
		});
		expect(await failed(publisher.manage("GET", all()))).toEqual([502, "SERVER_ERROR", "DEVICES_RETRIEVE_FAILURE"]);
	});

	it.each([
		["GET", "", undefined, "DEVICES_RETRIEVE_FAILURE"],
		["DELETE", "", undefined, "DEVICES_DELETE_FAILURE"],
		["DELETE", "/tv", undefined, "DEVICE_DELETE_FAILURE"],
		["PATCH", "/tv", { name: "x" }, "DEVICE_STORE_FAILURE"],
	] as const)("is told as 502 by %s .../devices%s", async (method, path, body, subcode) => {
		await runInDurableObject(viewer(), (_object, state) => {
			state.storage.sql.exec("DROP TABLE devices");
		});
		const answer = publisher.manage(method, devicesOf("ann") + path, body);
		expect(await failed(answer)).toEqual([502, "SERVER_ERROR", subcode]);
	});
});
