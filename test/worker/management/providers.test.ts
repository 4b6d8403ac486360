import { env } from "cloudflare:workers";
import { exportPKCS8, generateKeyPair } from "jose";
import { beforeEach, describe, expect, it } from "vitest";
import { Catalog } from "../../../worker/catalog/catalog.ts";
import { realPorts } from "../../../worker/ports.ts";
import { parseSettings } from "../../../worker/settings.ts";
import { type Publisher, newPublisher, refusalOf } from "../../support/publisher.ts";

const { privateKey } = await generateKeyPair("RS256", { extractable: true });
const PEM = await exportPKCS8(privateKey);
const { privateKey: ec } = await generateKeyPair("ES256", { extractable: true });
const EC_PEM = await exportPKCS8(ec);
const APPLICATION = "78d335fa-323d-0114-9c3d-d6f0d48968cf";
const NOW = Date.now();

let publisher: Publisher;
let root: string;
beforeEach(async () => {
	publisher = await newPublisher();
	root = `/manage/v1/accounts/${publisher.account}`;
});

type Json = Readonly<Record<string, unknown>>;
const put = (provider: string, credentials: unknown) =>
	publisher.manage("PUT", `${root}/providers/${provider}`, credentials);
const get = async (path: string) => (await publisher.manage("GET", `${root}/${path}`)).json<Json>();

/** As another isolate reads them. */
async function opened() {
	const catalog = new Catalog(env.CATALOG, parseSettings({ ...env }), { ...realPorts, log: () => undefined });
	return { catalog, account: await catalog.account(publisher.account, NOW) };
}

const chime = {
	access_key_id: "AKIAIOSFODNN7EXAMPLE",
	secret_access_key: "wJalrXUtnFEMI/K7MDENG",
	region: "us-east-1",
};
const rest = { kind: "rest", secret: "north", urls: ["turn:turn.example:3478"] };
const cloudflare = { kind: "cloudflare", key_id: "0a1b2c", api_token: "tok3n" };

describe("the credentials of an account with a provider", () => {
	it.each<readonly [string, Json, readonly string[]]>([
		["vonage", { api_key: "123", api_secret: "s3cret" }, ["api_key", "api_secret", "e2ee_policy"]],
		["vonage", { application_id: APPLICATION, private_key: PEM }, ["application_id", "e2ee_policy", "private_key"]],
		["chime", chime, ["access_key_id", "region", "secret_access_key"]],
		["turn", rest, ["kind", "secret", "ttl_seconds", "urls"]],
		["turn", cloudflare, ["api_token", "api_url", "key_id", "kind", "ttl_seconds"]],
		["sora", { auth_webhook_secret: "a".repeat(16) }, ["auth_webhook_secret", "client_certificate_fingerprints"]],
	])("of %s are sealed, and never come back: %j", async (provider, credentials, members) => {
		const answer = await put(provider, credentials);
		expect(answer.status).toBe(201);
		const told = await answer.json();
		expect(told).toEqual({ provider, members, created_at: expect.any(String), updated_at: expect.any(String) });
		expect(await get(`providers/${provider}`)).toEqual(told);
		const stored = (await env.CATALOG.get(`provider/${publisher.account}/${provider}`)) ?? "";
		const secrets = Object.values(credentials).filter((value) => typeof value === "string" && value.length > 6);
		for (const secret of secrets) expect(stored).not.toContain(secret);
		expect((await put(provider, credentials)).status).toBe(200);
	});

	it("are opened where they are used, with their defaults", async () => {
		await put("vonage", { application_id: APPLICATION, private_key: PEM });
		await put("turn", cloudflare);
		await put("chime", { ...chime, endpoint: "https://aws.example/chime//" });
		const { catalog, account } = await opened();
		expect(await catalog.providerCredentials(account, "vonage", NOW)).toEqual({
			api_key: null,
			api_secret: null,
			application_id: APPLICATION,
			private_key: PEM,
			e2ee_policy: "require",
			api_url: null,
		});
		expect(await catalog.providerCredentials(account, "turn", NOW)).toEqual({
			...cloudflare,
			api_url: "https://rtc.live.cloudflare.com/v1/turn",
			ttl_seconds: 3600,
		});
		expect(await catalog.providerCredentials(account, "chime", NOW)).toMatchObject({
			endpoint: "https://aws.example/chime",
		});
		expect(await catalog.providerCredentials(account, "sora", NOW)).toBeNull();
	});

	it("of another account, or that cannot be opened, are not used", async () => {
		await put("chime", chime);
		const { catalog, account } = await opened();
		const text = (await env.CATALOG.get(`provider/${account.id}/chime`)) ?? "";
		await env.CATALOG.put(`provider/${account.id}/vonage`, text);
		await env.CATALOG.put(`provider/${account.id}-2/chime`, text.replace(account.id, `${account.id}-2`));
		const other = await catalog.account(`${account.id}-2`, NOW);
		await expect(catalog.providerCredentials(other, "chime", NOW)).rejects.toThrow("provider credentials");
		await expect(catalog.providerCredentials(account, "vonage", NOW)).rejects.toThrow("provider credentials");
	});

	it("are removed", async () => {
		await put("chime", chime);
		expect((await publisher.manage("DELETE", `${root}/providers/chime`)).status).toBe(204);
		for (const method of ["GET", "DELETE"]) {
			const answer = await publisher.manage(method, `${root}/providers/chime`);
			expect(await refusalOf(answer)).toMatchObject({ status: 404, reason: "resource-not-found" });
		}
	});

	it.each(["zoom", "webrtc", "Vonage"])("are none with %s", async (provider) => {
		expect(await refusalOf(await put(provider, {}))).toMatchObject({ status: 404 });
	});

	const MISSING = "the body: must have api_key and api_secret, or application_id and private_key, or all four";
	const NO_KEY =
		"private_key: must be an RSA key of at least 2048 bits as PKCS #8 in PEM (-----BEGIN PRIVATE KEY-----), with its line breaks";
	it.each<readonly [string, unknown, string]>([
		["vonage", {}, MISSING],
		["vonage", { api_key: "123" }, MISSING],
		["vonage", { application_id: APPLICATION, private_key: "secret" }, NO_KEY],
		["vonage", { application_id: APPLICATION, private_key: EC_PEM }, NO_KEY],
		["vonage", { application_id: APPLICATION, private_key: PEM.replace("PRIVATE", "RSA PRIVATE") }, NO_KEY],
		["vonage", { api_key: "123", api_secret: "********" }, "api_secret: a mask keeps nothing here; give the value"],
		[
			"sora",
			{ basic_auth: { user: "a", password: "********" } },
			"basic_auth.password: a mask keeps nothing here; give the value",
		],
		["vonage", { api_key: "123", api_secret: "s", e2ee_policy: "deny" }, "e2ee_policy: must be require or allow"],
		[
			"chime",
			{ ...chime, access_key_id: "AK ID" },
			"access_key_id: must be an access key id: at most 128 letters and digits",
		],
		["chime", { ...chime, region: "mars" }, "region: must be a region of AWS such as eu-central-1"],
		["chime", { ...chime, session: "x" }, "session: is not a known field"],
		["turn", {}, "kind: must be rest or cloudflare"],
		["turn", [], "the body: must be an object"],
		["turn", { ...rest, kind: "own" }, "kind: must be rest or cloudflare"],
		["turn", { ...rest, urls: [] }, "urls: must name at least one URL"],
		["turn", { ...rest, api_token: "x" }, "api_token: is not a known field"],
		["turn", { ...rest, ttl_seconds: 0 }, "ttl_seconds: must be at least 1"],
		[
			"sora",
			{ basic_auth: { user: "a:b", password: "x" } },
			"basic_auth.user: must not have colons or control characters",
		],
		["sora", { auth_webhook_secret: "short" }, "auth_webhook_secret: must be 16 to 128 of A-Z a-z 0-9 _ -"],
		[
			"vonage",
			{ api_key: "1", api_secret: "s", api_url: "https://x.example/?a=b" },
			"api_url: must not have a query (?)",
		],
		[
			"sora",
			{ api_url: "http://sora.example/" },
			"api_url: must be an absolute https:// URL without user name and password",
		],
		[
			"sora",
			{ client_certificate_fingerprints: ["ab"] },
			"client_certificate_fingerprints[0]: must be the SHA-256 of a certificate: 64 hex digits",
		],
	])("of %s are refused with the mistake: %j", async (provider, credentials, issue) => {
		expect(await refusalOf(await put(provider, credentials))).toMatchObject({ status: 400, message: issue });
	});

	it("have a webhook secret of Sora that the gate makes, tells once, and keeps", async () => {
		const made = await (await put("sora", {})).json<Json>();
		expect(made["auth_webhook_secret"]).toMatch(/^[\w-]{43}$/);
		const kept = await (await put("sora", { api_url: "https://sora.example/api" })).json<Json>();
		expect(kept).not.toHaveProperty("auth_webhook_secret");
		const { catalog, account } = await opened();
		const credentials = await catalog.providerCredentials(account, "sora", NOW);
		expect(credentials?.auth_webhook_secret).toBe(made["auth_webhook_secret"]);
		const anew = await (await put("sora", { auth_webhook_secret: null })).json<Json>();
		expect(anew["auth_webhook_secret"]).not.toBe(made["auth_webhook_secret"]);
	});

	it("take the fingerprints of certificates in both spellings", async () => {
		const hex = "0a".repeat(32);
		await put("sora", { client_certificate_fingerprints: [hex, "0A:".repeat(31) + "0A"] });
		const { catalog, account } = await opened();
		const credentials = await catalog.providerCredentials(account, "sora", NOW);
		expect(credentials?.client_certificate_fingerprints).toEqual([hex, hex]);
	});
});

describe("the join webhook of an account", () => {
	const url = "https://app.example/hooks";
	const hook = (body: unknown) => publisher.manage("PUT", `${root}/join-webhook`, body);

	it("has a secret that the gate makes and tells once", async () => {
		const made = await (await hook({ url })).json<Json>();
		expect(made).toMatchObject({
			url,
			members: ["secret", "url"],
			secret: expect.stringMatching(/^whsec_[\w+/]{43}=$/),
		});
		expect(await get("join-webhook")).not.toHaveProperty("secret");
		const { catalog, account } = await opened();
		expect(await catalog.joinWebhook(account, NOW)).toEqual({ url, secret: made["secret"] });
		expect((await publisher.manage("DELETE", `${root}/join-webhook`)).status).toBe(204);
		expect((await publisher.manage("GET", `${root}/join-webhook`)).status).toBe(404);
	});

	it.each([
		[{ url: "http://app.example/hooks" }, "url: must be an absolute https:// URL without user name and password"],
		[{}, "url: is missing"],
		[{ url, secret: "whsec_c2hvcnQ=" }, "secret: must be whsec_ and 24 to 64 bytes in base64"],
		[{ url, secret: `whsec_${btoa("x".repeat(65))}` }, "secret: must be whsec_ and 24 to 64 bytes in base64"],
	])("is refused with the mistake: %j", async (body, issue) => {
		expect(await refusalOf(await hook(body))).toMatchObject({ status: 400, message: issue });
	});

	it.each([24, 25, 26, 64])("may have a secret of %d bytes", async (bytes) => {
		const secret = `whsec_${btoa("x".repeat(bytes))}`;
		expect((await hook({ url, secret })).status).toBe(201);
		const { catalog, account } = await opened();
		expect((await catalog.joinWebhook(account, NOW))?.secret).toBe(secret);
	});
});
