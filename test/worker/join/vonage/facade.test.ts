import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { SignJWT } from "jose";
import { beforeEach, expect, it } from "vitest";
import { createApp } from "../../../../worker/app.ts";
import { createGate } from "../../../../worker/gate.ts";
import { parseSettings } from "../../../../worker/settings.ts";
import { GATE, type Publisher, newPublisher } from "../../../support/publisher.ts";

const PROJECT = "45328772";
const SECRET = "6b2c9c5a1d0e4f7788990a1b2c3d4e5f60718293";
const SESSION = "1_MX40NTMyODc3Mn5-";

let publisher: Publisher;
beforeEach(async () => {
	publisher = await newPublisher();
	const credentials = { api_key: PROJECT, api_secret: SECRET };
	await publisher.manage("PUT", `/manage/v1/accounts/${publisher.account}/providers/vonage`, credentials);
});

/** A new isolate of the gate, whose KV fails at the keys that `fails` says; the platform makes always the same session. */
function newIsolate(fails: (operation: "get" | "put", key: string) => boolean) {
	const forwarded: string[] = [];
	const kv = new Proxy(env.CATALOG, {
		get: (target, name: "get" | "put") => {
			const own = Reflect.get(target, name, target) as unknown;
			if (typeof own !== "function") return own;
			return async (...args: readonly unknown[]): Promise<unknown> => {
				if (fails(name, String(args[0]))) throw new Error("KV is not there");
				return Reflect.apply(own, target, args);
			};
		},
	});
	const ports = {
		now: () => Date.now(),
		newId: () => crypto.randomUUID(),
		fetch: async (request: Request) => {
			forwarded.push(new URL(request.url).pathname);
			return Response.json([{ session_id: SESSION }]);
		},
		log: () => undefined,
	};
	const app = createApp(createGate({ ...env, CATALOG: kv }, parseSettings({ ...env }), ports));
	const call = async (path: string, body: string, type = "application/json"): Promise<Response> => {
		const now = Math.floor(Date.now() / 1000);
		const claims = { iss: PROJECT, ist: "project", iat: now, exp: now + 300 };
		const token = await new SignJWT(claims).setProtectedHeader({ alg: "HS256" }).sign(new TextEncoder().encode(SECRET));
		const headers = { "X-OPENTOK-AUTH": token, "Content-Type": type, Accept: "application/json" };
		const url = `${GATE}/join/v1/accounts/${publisher.account}/vonage/api${path}`;
		return app.fetch(new Request(url, { method: "POST", headers, body }), env, createExecutionContext());
	};
	const create = () => call("/session/create", "p2p.preference=disabled", "application/x-www-form-urlencoded");
	const archive = () => call(`/v2/project/${PROJECT}/archive`, JSON.stringify({ sessionId: SESSION }));
	return { forwarded, create, archive };
}

it("a session that cannot be recorded is not given out, and is when it can be again", async () => {
	let isBroken = true;
	const { create, archive } = newIsolate((operation, key) => isBroken && operation === "put" && /e2ee/.test(key));
	const refused = await create();
	expect([refused.status, refused.headers.get("Playgate-Reason")]).toEqual([502, "catalog-not-written"]);
	expect(await refused.text()).not.toContain(SESSION);
	isBroken = false;
	expect((await create()).status).toBe(200);
	expect((await archive()).status).toBe(409);
});

it("what decodes media is not forwarded while nobody can say whether the session is encrypted", async () => {
	expect((await newIsolate(() => false).create()).status).toBe(200);
	const { archive, forwarded } = newIsolate((operation, key) => operation === "get" && /e2ee/.test(key));
	const refused = await archive();
	expect([refused.status, refused.headers.get("Playgate-Reason")]).toEqual([502, "catalog-unavailable"]);
	expect(await refused.json()).toMatchObject({ code: 502, message: expect.any(String) });
	expect(forwarded).toEqual([]);
});

it("what one isolate records, another knows", async () => {
	expect((await newIsolate(() => false).create()).status).toBe(200);
	expect((await newIsolate(() => false).archive()).status).toBe(409);
});
