import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { createApp } from "../../../worker/app.ts";
import { createGate } from "../../../worker/gate.ts";
import { realPorts } from "../../../worker/ports.ts";
import { parseSettings } from "../../../worker/settings.ts";
import { ADMIN, GATE, type Publisher, ask, newPublisher, refusalOf } from "../../support/publisher.ts";

type Json = Readonly<Record<string, unknown>>;

let publisher: Publisher;
let rights: string;
beforeEach(async () => {
	publisher = await newPublisher();
	rights = `/v1/accounts/${publisher.account}/playback_rights`;
});

async function create(body: Json): Promise<string> {
	const { id } = await (await publisher.manage("POST", rights, body)).json<{ id: string }>();
	return id;
}

const read = async (id: string): Promise<Json> => (await publisher.manage("GET", `${rights}/${id}`)).json<Json>();
const list = async (): Promise<Json[]> => (await publisher.manage("GET", rights)).json<Json[]>();
const defaults = async (): Promise<unknown[]> =>
	(await list()).filter((right) => right["is_default"] === true).map((right) => right["id"]);

const NOTHING_SET = {
	name: "",
	allow_insecure: false,
	disabled: false,
	is_default: false,
	geo_global_rule: "",
	geo: {
		allowed_countries: [],
		blocked_countries: [],
		allowed_zip_codes: [],
		blocked_zip_codes: [],
		allowed_dmas: [],
		blocked_dmas: [],
	},
	allowed_ips: [],
	blocked_ips: [],
	blocked_proxies: { anonymous: false, public: false, corporate: false, transparent: false, hosting: false },
	allowed_domains: [],
	blocked_domains: [],
	start_time: null,
	end_time: null,
	allowed_days: [],
	allowed_hours: [],
};

describe("POST", () => {
	it("makes a right, tells where it is, and gives it back whole", async () => {
		const body = { name: "Only EU", geo: { allowed_countries: ["FR", "DE"] }, allowed_hours: ["20-26"] };
		const answer = await publisher.manage("POST", rights, body);
		const made = await answer.json<{ id: string }>();
		expect(answer.status).toBe(201);
		expect(answer.headers.get("Location")).toBe(`${rights}/${made.id}`);
		expect(made).toEqual({ ...NOTHING_SET, ...body, geo: { ...NOTHING_SET.geo, ...body.geo }, id: made.id });
		expect(await read(made.id)).toEqual(made);
		expect(await list()).toEqual([made]);
	});

	it("tells a wrong country in plain text", async () => {
		const answer = await publisher.manage("POST", rights, { geo: { allowed_countries: ["US", "MIX"] } });
		expect(answer.status).toBe(409);
		expect(answer.headers.get("Content-Type")).toBe("text/plain; charset=utf-8");
		expect(answer.headers.get("Playgate-Reason")).toBe("country-invalid");
		expect(await answer.text()).toBe("Invalid country: MIX");
	});

	it("tells a wrong address as unprocessable", async () => {
		const answer = await publisher.manage("POST", rights, { allowed_ips: ["0.0.0.0/40"] });
		expect(await refusalOf(answer)).toMatchObject({
			status: 422,
			error_code: "UNPROCESSABLE_ENTITY",
			error_subcode: "INVALID_IP",
			message: "Invalid ip: 0.0.0.0/40",
			reason: "address-invalid",
		});
	});

	it.each<[Json, string]>([
		[{ allowed_days: ["monday"] }, "allowed_days[0]: must be one of sun, mon, tue, wed, thu, fri, sat"],
		[{ geo: { allowed_dmas: [1.5] } }, "geo.allowed_dmas[0]: must be a whole number"],
		[{ id: "mine" }, "id: is given by the gate; leave it out"],
	])("tells other mistakes of %j with their place", async (body, message) => {
		expect(await refusalOf(await publisher.manage("POST", rights, body))).toMatchObject({
			status: 400,
			error_code: "BAD_REQUEST",
			reason: "record-invalid",
			message,
		});
		expect((await publisher.manage("GET", rights)).status).toBe(404);
	});

	it("makes as many as are asked for, also more than are read at once", async () => {
		const ids = await Promise.all(Array.from({ length: 45 }, (_, index) => create({ name: `right ${index}` })));
		expect(new Set((await list()).map((right) => right["id"]))).toEqual(new Set(ids));
	});
});

describe("PUT", () => {
	it("replaces the whole right", async () => {
		const id = await create({ name: "before", allowed_days: ["mon"] });
		const answer = await publisher.manage("PUT", `${rights}/${id}`, { blocked_ips: ["2001:db8::/32"] });
		const expected = { ...NOTHING_SET, id, blocked_ips: ["2001:db8::/32"] };
		expect(answer.status).toBe(200);
		expect(await answer.json()).toEqual(expected);
		expect(await read(id)).toEqual(expected);
	});

	it("takes what GET gave", async () => {
		const id = await create({ name: "round trip", is_default: true, start_time: 1, end_time: 2 });
		const before = await read(id);
		expect((await publisher.manage("PUT", `${rights}/${id}`, before)).status).toBe(200);
		expect(await read(id)).toEqual(before);
	});

	it("changes nothing when the body is wrong", async () => {
		const id = await create({ name: "kept" });
		const before = await read(id);
		expect((await publisher.manage("PUT", `${rights}/${id}`, { name: "new", allowed_ips: ["?"] })).status).toBe(422);
		expect((await publisher.manage("PUT", `${rights}/${id}`, { ...before, id: "other" })).status).toBe(400);
		expect(await read(id)).toEqual(before);
	});
});

describe("DELETE", () => {
	it("removes a right", async () => {
		const id = await create({});
		const kept = await create({});
		expect((await publisher.manage("DELETE", `${rights}/${id}`)).status).toBe(204);
		expect((await publisher.manage("GET", `${rights}/${id}`)).status).toBe(404);
		expect((await list()).map((right) => right["id"])).toEqual([kept]);
	});

	it("removes one that cannot be read", async () => {
		await env.CATALOG.put(`right/${publisher.account}/broken`, "{");
		expect((await publisher.manage("GET", `${rights}/broken`)).status).toBe(502);
		expect((await publisher.manage("DELETE", `${rights}/broken`)).status).toBe(204);
		expect(await env.CATALOG.get(`right/${publisher.account}/broken`)).toBeNull();
	});
});

describe("the default right", () => {
	it("is one: a new one takes the place of the one before", async () => {
		const first = await create({ is_default: true });
		const second = await create({});
		expect(await defaults()).toEqual([first]);
		await publisher.manage("PUT", `${rights}/${second}`, { is_default: true });
		expect(await defaults()).toEqual([second]);
		expect((await read(first))["is_default"]).toBe(false);
	});

	it("is none after it was put without the flag, or deleted", async () => {
		const id = await create({ is_default: true });
		await publisher.manage("PUT", `${rights}/${id}`, {});
		expect(await defaults()).toEqual([]);
		const other = await create({ is_default: true });
		await publisher.manage("PUT", `${rights}/${id}`, { name: "no default" });
		expect(await defaults()).toEqual([other]);
		await publisher.manage("DELETE", `${rights}/${other}`);
		expect(await defaults()).toEqual([]);
	});
});

describe("what is not there", () => {
	it.each(["GET", "PUT", "DELETE"])("is not found by %s", async (method) => {
		const answer = await publisher.manage(method, `${rights}/none`, method === "PUT" ? {} : undefined);
		expect(await refusalOf(answer)).toMatchObject({
			status: 404,
			error_code: "NOT_FOUND",
			error_subcode: "RESOURCE_NOT_FOUND",
		});
	});

	it("is not found in another account", async () => {
		const id = await create({});
		const other = await newPublisher();
		const answer = await other.manage("GET", `/v1/accounts/${other.account}/playback_rights/${id}`);
		expect(answer.status).toBe(404);
		expect((await other.manage("GET", `/v1/accounts/${other.account}/playback_rights`)).status).toBe(404);
	});
});

describe("the API", () => {
	it.each(["GET", "POST"])("%s needs the credential", async (method) => {
		expect(await refusalOf(await ask(rights, { method }))).toMatchObject({ reason: "credentials-required" });
	});

	it("names the methods that it has", async () => {
		const answer = await publisher.manage("PATCH", `${rights}/r`, {});
		expect(answer.status).toBe(405);
		expect(answer.headers.get("Allow")).toBe("GET, HEAD, PUT, DELETE, OPTIONS");
	});
});

describe("when KV fails", () => {
	/** The Worker, with a KV that does not do one thing. */
	function broken(operation: "put" | "get" | "list" | "delete") {
		const fail = () => Promise.reject(new Error("KV GET failed: 500 Internal Server Error"));
		const CATALOG = new Proxy(env.CATALOG, {
			get: (kv, name) => (name === operation ? fail : (Reflect.get(kv, name) as () => unknown).bind(kv)),
		});
		return createApp(createGate({ ...env, CATALOG }, parseSettings({ ...env }), { ...realPorts, log: () => {} }));
	}

	it.each([
		["POST", "put", "", "PLAYBACK_RIGHT_STORE_FAILURE", "catalog-not-written"],
		["PUT", "put", "/ID", "PLAYBACK_RIGHT_STORE_FAILURE", "catalog-not-written"],
		["DELETE", "delete", "/ID", "PLAYBACK_RIGHT_STORE_FAILURE", "catalog-not-written"],
		["GET", "get", "/ID", "PLAYBACK_RIGHT_RETRIEVE_FAILURE", "catalog-unavailable"],
		["GET", "list", "", "PLAYBACK_RIGHT_RETRIEVE_FAILURE", "catalog-unavailable"],
	] as const)("%s is answered 502 when it does not %s", async (method, operation, path, subcode, reason) => {
		const id = await create({ name: "Kept" });
		const body = method === "POST" || method === "PUT" ? { body: JSON.stringify({ name: "New" }) } : {};
		const url = GATE + rights + path.replace("ID", id);
		const answer = await broken(operation).fetch(new Request(url, { method, headers: ADMIN, ...body }), env);
		expect(await refusalOf(answer)).toMatchObject({
			status: 502,
			error_code: "SERVER_ERROR",
			error_subcode: subcode,
			reason,
		});
		expect(await read(id)).toMatchObject({ name: "Kept" });
	});
});
