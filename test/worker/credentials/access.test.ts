import { env } from "cloudflare:workers";
import { createExecutionContext } from "cloudflare:test";
import { SignJWT, exportJWK, generateKeyPair } from "jose";
import { beforeEach, describe, expect, it } from "vitest";
import { createApp } from "../../../worker/app.ts";
import { createGate } from "../../../worker/gate.ts";
import { parseSettings } from "../../../worker/settings.ts";
import { bearing, newAddress } from "../../support/management.ts";
import { ADMIN, GATE, newPublisher, refusalOf } from "../../support/publisher.ts";
import { EPOCH } from "../../support/viewer.ts";

const TEAM = "https://team.cloudflareaccess.com";
const AUDIENCE = "32eafc7626e974616deaf0dc3ce63d7bcbed58a2731e84d06bc3cdf1b53c4228";
const NOW = EPOCH / 1000;
const [first, second, stranger] = [
	await generateKeyPair("RS256"),
	await generateKeyPair("RS256"),
	await generateKeyPair("RS256"),
];
const ec = await generateKeyPair("ES256");
const { account } = await newPublisher();
const settings = `/manage/v1/accounts/${account}/settings`;

type Claims = Readonly<Record<string, unknown>>;
const person: Claims = {
	aud: [AUDIENCE],
	email: "ann@example.com",
	exp: NOW + 60,
	iat: NOW,
	nbf: NOW,
	iss: TEAM,
	type: "app",
	identity_nonce: "6ei69kawdKzMIAPF",
	sub: "7335d417-61da-459d-899c-0a01c76a2f94",
	country: "US",
};
const serviceToken: Claims = {
	type: "app",
	aud: [AUDIENCE],
	exp: NOW + 60,
	iss: TEAM,
	common_name: "e367826f93b8d71185e03fe518aff3b4.access",
	iat: NOW,
	sub: "",
};

function assertion(claims: Claims, { key = first.privateKey, kid = "first", alg = "RS256" } = {}): Promise<string> {
	return new SignJWT({ ...claims }).setProtectedHeader({ alg, kid, typ: "JWT" }).sign(key);
}

interface Init {
	readonly method?: string;
	readonly headers?: Readonly<Record<string, string>>;
	readonly body?: string;
}

interface World {
	nowMs: number;
	/** Ids of the keys that the team publishes; null while its server is down. */
	keys: Readonly<Record<string, CryptoKey>> | null;
	fetched: string[];
	readonly log: Readonly<Record<string, unknown>>[];
	readonly ask: (path: string, init?: Init) => Promise<Response>;
}

/** A gate of its own behind Access, or not, with a clock and a key server of its own. */
function newWorld(
	vars: Readonly<Record<string, string>> = { ACCESS_TEAM_DOMAIN: TEAM, ACCESS_AUDIENCE: AUDIENCE },
): World {
	const world: World = { nowMs: EPOCH, keys: { first: first.publicKey }, fetched: [], log: [], ask };
	const ports = {
		now: () => world.nowMs,
		newId: () => "decision",
		fetch: async (request: Request) => {
			world.fetched.push(request.url);
			if (!world.keys) return new Response("down", { status: 503 });
			const keys = await Promise.all(
				Object.entries(world.keys).map(async ([kid, key]) => ({
					...(await exportJWK(key)),
					kid,
					alg: "RS256",
					use: "sig",
				})),
			);
			return Response.json({ keys, public_cert: { kid: "first", cert: "-----BEGIN" }, public_certs: [] });
		},
		log: (entry: Readonly<Record<string, unknown>>) => void world.log.push(entry),
	};
	const secrets = {
		ADMIN_TOKEN: "test-admin-token",
		GRANT_SECRET: "test-grant-secret",
		CONTENT_SECRET: "content-secret-of-tests",
	};
	const app = createApp(createGate(env, parseSettings({ ...secrets, ...vars }), ports));
	const address = newAddress();
	async function ask(path: string, init: Init = {}): Promise<Response> {
		const headers = { "CF-Connecting-IP": address, ...init.headers };
		return app.fetch(new Request(GATE + path, { ...init, headers }), env, createExecutionContext());
	}
	return world;
}

const asserting = (token: string) => ({ "Cf-Access-Jwt-Assertion": token });
let world: World;
beforeEach(() => {
	world = newWorld();
});
const reasonOf = async (answer: Response): Promise<string | number> =>
	answer.status < 400 ? answer.status : (await refusalOf(answer)).reason;
const enter = async (token: string) => reasonOf(await world.ask(settings, { headers: asserting(token) }));

describe("who comes through Access", () => {
	it.each([
		["a person", person],
		["a person of one of several applications", { ...person, aud: ["another", AUDIENCE] }],
		["a service token", serviceToken],
		["with the audience as text", { ...person, aud: AUDIENCE }],
		["without a type or times of issue", { ...person, type: undefined, iat: undefined, nbf: undefined }],
		["within the skew", { ...person, exp: NOW - 59, nbf: NOW + 60 }],
	])("is let in: %s", async (_, claims) => {
		expect(await enter(await assertion(claims))).toBe(200);
		expect(world.fetched).toEqual([`${TEAM}/cdn-cgi/access/certs`]);
	});

	it.each<[string, Claims]>([
		["for another application", { ...person, aud: ["another"] }],
		["for no application", { ...person, aud: undefined }],
		["for an application whose name contains this one's", { ...person, aud: `${AUDIENCE}x` }],
		["of another team", { ...person, iss: "https://other.cloudflareaccess.com" }],
		["of a team whose name begins like this one's", { ...person, iss: `${TEAM}.example` }],
		["that has expired", { ...person, exp: NOW - 60 }],
		["that never expires", { ...person, exp: undefined }],
		["with an end that is no time", { ...person, exp: "tomorrow" }],
		["that is not valid yet", { ...person, nbf: NOW + 61 }],
		["that was issued in the future", { ...person, iat: NOW + 61 }],
		["for the whole organisation", { ...person, type: "org" }],
		["of nobody", { ...person, sub: "" }],
	])("is not let in with a token %s", async (_, claims) => {
		expect(await enter(await assertion(claims))).toBe("credentials-invalid");
		expect(world.log.at(-1)).toMatchObject({
			refusal: { reason: "credentials-invalid", cause: { reason: expect.any(String) as string } },
		});
	});

	it("is not let in with a token that Access did not sign", async () => {
		expect(await enter(await assertion(person, { key: stranger.privateKey }))).toBe("credentials-invalid");
		expect(await enter(await assertion(person, { key: ec.privateKey, alg: "ES256" }))).toBe("credentials-invalid");
		const good = await assertion(person);
		const [header = "", , signature = ""] = good.split(".");
		const changed = btoa(JSON.stringify({ ...person, sub: "eve" })).replaceAll("=", "");
		for (const token of [
			`${header}.${changed}.${signature}`,
			`${btoa('{"alg":"none","kid":"first"}').replaceAll("=", "")}.${changed}.`,
			`${good}=`,
			"abc",
			"a.b.c",
		]) {
			expect(await enter(token)).toBe("credentials-invalid");
		}
	});

	it("is named in the log by id, never by address or token", async () => {
		const tokens = [await assertion(person), await assertion(serviceToken)];
		for (const token of tokens) await enter(token);
		expect(world.log.map(({ actor }) => actor)).toEqual([
			`access:${String(person["sub"])}`,
			`access:${String(serviceToken["common_name"])}`,
		]);
		expect(JSON.stringify(world.log)).not.toContain("ann@example.com");
		for (const token of tokens) expect(JSON.stringify(world.log)).not.toContain(token.split(".")[2]);
	});

	it("may do everything on every account", async () => {
		const other = await newPublisher();
		const headers = asserting(await assertion(person));
		const path = `/manage/v1/accounts/${other.account}/tokens`;
		const body = JSON.stringify({ name: "x", scopes: ["playgate/all"] });
		expect((await world.ask(path, { method: "POST", headers, body })).status).toBe(201);
		const [made] = await (await other.manage("GET", path)).json<{ created_by: string }[]>();
		expect(made?.created_by).toBe(`access:${String(person["sub"])}`);
	});
});

describe("the keys of the team", () => {
	it("are fetched once for many requests", async () => {
		const token = await assertion(person);
		for (let index = 0; index < 10; index += 1) await enter(token);
		expect(world.fetched).toHaveLength(1);
	});

	it("are fetched again when a token names one that is not known, at most every 30 s", async () => {
		await enter(await assertion(person));
		world.keys = { first: first.publicKey, second: second.publicKey };
		const rotated = await assertion(person, { key: second.privateKey, kid: "second" });
		world.nowMs += 10_000;
		expect(await enter(rotated)).toBe("credentials-invalid");
		world.nowMs += 20_000;
		expect(await enter(rotated)).toBe(200);
		expect(await enter(await assertion(person))).toBe(200);
		for (let index = 0; index < 9; index += 1) await enter(await assertion(person, { kid: `unknown ${index}` }));
		expect(world.fetched).toHaveLength(2);
	});

	it("stay good while their server is down", async () => {
		const token = await assertion({ ...person, exp: NOW + 100_000 });
		expect(await enter(token)).toBe(200);
		world.keys = null;
		world.nowMs += 2 * 3_600_000;
		expect([await enter(token), await enter(token)]).toEqual([200, 200]);
		expect(world.fetched).toHaveLength(2);
		world.keys = { second: second.publicKey };
		world.nowMs += 5000;
		expect(await enter(token)).toBe("credentials-invalid");
	});

	it("let nobody in when there are none, and are asked for again soon", async () => {
		world.keys = null;
		const token = await assertion(person);
		const answer = await world.ask(settings, { headers: asserting(token) });
		expect([answer.status, answer.headers.get("Retry-After"), await reasonOf(answer)]).toEqual([
			503,
			"2",
			"credentials-unavailable",
		]);
		expect(await enter(token)).toBe("credentials-unavailable");
		expect(world.fetched).toHaveLength(1);
		world.keys = { first: first.publicKey };
		world.nowMs += 5000;
		expect(await enter(token)).toBe(200);
	});
});

describe("beside a bearer", () => {
	it("says nothing: the bearer decides", async () => {
		const good = asserting(await assertion(person));
		const bad = asserting(await assertion(person, { key: stranger.privateKey }));
		expect(await reasonOf(await world.ask(settings, { headers: { ...good, ...bearing("wrong") } }))).toBe(
			"credentials-invalid",
		);
		expect(await reasonOf(await world.ask(settings, { headers: { ...bad, ...ADMIN } }))).toBe(200);
		expect(await reasonOf(await world.ask(settings, { headers: { ...good, Authorization: "Basic YTpi" } }))).toBe(200);
	});
});

describe("without its settings", () => {
	it("the header means nothing, and nothing is fetched", async () => {
		world = newWorld({});
		expect(await enter(await assertion(person))).toBe("credentials-required");
		expect(world.fetched).toEqual([]);
	});
});

describe("the cookie of Access", () => {
	it("alone lets nobody in", async () => {
		const headers = { Cookie: `CF_Authorization=${await assertion(person)}` };
		expect(await reasonOf(await world.ask(settings, { headers }))).toBe("credentials-required");
	});

	it.each<[string, Readonly<Record<string, string>>, string | number]>([
		["another site", { "Sec-Fetch-Site": "cross-site", Origin: "https://evil.example" }, "cross-site-request"],
		[
			"another host of the site",
			{ "Sec-Fetch-Site": "same-site", Origin: "https://www.gate.example" },
			"cross-site-request",
		],
		["another site, in a browser that only names it", { Origin: "https://evil.example" }, "cross-site-request"],
		["a frame that has no origin", { Origin: "null" }, "cross-site-request"],
		["the gate's own page", { "Sec-Fetch-Site": "same-origin", Origin: GATE }, 200],
		["the gate's own page, in an older browser", { Origin: GATE }, 200],
		["a program", {}, 200],
	])("turned into the header for %s", async (_, headers, expected) => {
		const sent = { ...headers, ...asserting(await assertion(person)) };
		expect(await reasonOf(await world.ask(settings, { headers: sent }))).toBe(200);
		expect(await reasonOf(await world.ask(settings, { method: "PUT", headers: sent, body: "{}" }))).toBe(expected);
		const bearer = await world.ask(settings, { method: "PUT", headers: { ...sent, ...ADMIN }, body: "{}" });
		expect(await reasonOf(bearer)).toBe(200);
	});
});

describe("an address that guesses", () => {
	it("is told to wait with assertions too, and who Access vouches for is not", async () => {
		const good = await assertion(person);
		const statuses: (string | number)[] = [];
		for (let index = 0; index < 12; index += 1) {
			statuses.push(await enter(await assertion({ ...person, nonce: index }, { key: stranger.privateKey })));
		}
		expect(statuses.slice(8)).toEqual([
			"credentials-invalid",
			"credentials-invalid",
			"credentials-throttled",
			"credentials-throttled",
		]);
		expect(await enter(good)).toBe(200);
	});
});
