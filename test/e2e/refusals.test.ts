import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Reason } from "../../worker/decision/refusals.ts";
import { HLS, publishClip } from "../support/clip.ts";
import { status as answering } from "../support/origin.ts";
import { ask, openPlayback, outcomeOf, refusalOf } from "../support/player.ts";
import type { Client } from "../support/player.ts";
import { nowSeconds, secrets, startTestGate } from "../support/running-gate.ts";
import type { Json, SignOptions, TestAccount, TestGate } from "../support/running-gate.ts";
import { eventually } from "../support/patience.ts";

let gate: TestGate;
const answers: string[] = [];
beforeAll(async () => {
	gate = await startTestGate({ decisionLog: "all" });
});
afterAll(() => gate.stop());

/** As `ask`, and keeps all that the gate said. */
async function hear(url: string, client: Client = {}): Promise<Response> {
	const response = await ask(url, client);
	answers.push(JSON.stringify([...response.headers]), await response.clone().text());
	return response;
}

interface Asked {
	readonly url: string;
	readonly client?: Client;
}

interface Row {
	readonly status: number;
	readonly code: string;
	readonly subcode: string;
	/** Public name, where it differs. */
	readonly shown?: string;
	/** What the message must name, so that its reader knows what to do. */
	readonly names?: RegExp;
	readonly settings?: Json;
	/** More members of the clip's record. */
	readonly record?: (account: TestAccount) => Json;
	readonly asked: (account: TestAccount) => Promise<Asked> | Asked;
}

const withToken = (claims: Json = {}, client: Client = {}, options: SignOptions = {}) => {
	return async (account: TestAccount): Promise<Asked> => ({
		url: account.masterUrl("clip", await account.sign(claims, options)),
		client,
	});
};
/** Opens the clip from another address first. */
const afterAnother =
	(claims: Json, client: Client = {}) =>
	async (account: TestAccount): Promise<Asked> => {
		const url = account.masterUrl("clip", await account.sign(claims));
		await openPlayback(url, { ip: "198.51.100.1", agent: "Other/1.0" });
		return { url, client };
	};
const invalidToken = { status: 401, code: "INVALID_JWT", subcode: "TOKEN_VALIDATION" };
const denied = (subcode: string) => ({ status: 403, code: "ACCESS_DENIED", subcode });
const badRequest = (subcode: string) => ({ status: 400, code: "BAD_REQUEST", subcode });
const hour = 3600;

const rows = {
	"token-required": {
		status: 401,
		code: "INVALID_JWT",
		subcode: "TOKEN_REQUIRED",
		names: /bcov_auth/,
		asked: (account) => ({ url: account.masterUrl("clip") }),
	},
	"token-repeated": {
		...badRequest("DUPLICATE_PARAMETERS"),
		names: /bcov_auth/,
		asked: async (account) => ({
			url: `${account.masterUrl("clip", await account.sign())}&bcov_auth=${await account.sign()}`,
		}),
	},
	"token-conflict": {
		...badRequest("DUPLICATE_PARAMETERS"),
		names: /authorization and query/,
		asked: async (account) => ({
			url: account.masterUrl("clip", await account.sign()),
			client: { headers: { Authorization: `Bearer ${await account.sign()}` } },
		}),
	},
	"token-malformed": {
		...invalidToken,
		names: /three parts/,
		asked: (account) => ({ url: account.masterUrl("clip", "abc.def") }),
	},
	"key-unknown": { ...invalidToken, shown: "token-invalid", asked: withToken({}, {}, { header: { kid: "nobody" } }) },
	"signature-invalid": {
		...invalidToken,
		shown: "token-invalid",
		asked: async (account) => {
			const [header, , signature] = (await account.sign()).split(".");
			const payload = Buffer.from(JSON.stringify({ accid: account.id, exp: nowSeconds() + hour })).toString(
				"base64url",
			);
			return { url: account.masterUrl("clip", `${header}.${payload}.${signature}`) };
		},
	},
	"claim-invalid": { ...invalidToken, names: /maxu/, asked: withToken({ maxu: "2" }) },
	"claim-missing": {
		...invalidToken,
		names: /exp/,
		settings: { require_exp: true },
		asked: withToken({ exp: undefined }),
	},
	"token-expired": {
		...invalidToken,
		names: /expired/,
		asked: withToken({ iat: nowSeconds() - 2 * hour, exp: nowSeconds() - hour }),
	},
	"token-not-yet-valid": {
		...invalidToken,
		names: /valid only from/,
		asked: withToken({ nbf: nowSeconds() + hour / 2 }),
	},
	"token-lifetime-too-long": {
		...invalidToken,
		names: /2592000/,
		asked: withToken({ exp: nowSeconds() + 31 * 24 * hour }),
	},
	"audience-mismatch": { ...invalidToken, names: /static\.api/, asked: withToken({ aud: "somewhere.else" }) },
	"grant-invalid": {
		...invalidToken,
		names: /manifest again/,
		asked: () => ({ url: `${gate.url}/g/abc.def/s/low/index.m3u8` }),
	},
	"token-revoked": {
		...denied("TOKEN_REVOKED"),
		asked: async (account) => {
			const token = await account.sign();
			await gate.manage("PUT", `${account.apiUrl}/blacklist/tokens/${token}`);
			return { url: account.masterUrl("clip", token) };
		},
	},
	"claim-not-enabled": {
		...denied("CLAIM_NOT_ENABLED"),
		names: /climit.*tier 3.*tier 1/,
		settings: { tier: 1 },
		asked: withToken({ climit: 1 }),
	},
	"account-mismatch": { ...denied("ACCOUNT_ID"), asked: withToken({ accid: "another" }) },
	"video-not-in-token": { ...denied("VIDEO_ID"), names: /conid/, asked: withToken({ conid: "another" }) },
	"tags-mismatch": { ...denied("TAGS"), asked: withToken({ tags: ["news"] }) },
	"user-agent-mismatch": { ...denied("USER_AGENT"), asked: withToken({ ua: "Player/2.0" }) },
	"video-not-active": { ...denied("VIDEO_NOT_PLAYABLE"), record: () => ({ state: "INACTIVE" }), asked: withToken() },
	"video-not-started": {
		...denied("VIDEO_NOT_PLAYABLE"),
		names: /from 2100-01-01T00:00:00/,
		record: () => ({ schedule: { starts_at: 4_102_444_800 } }),
		asked: withToken(),
	},
	"video-ended": {
		...denied("VIDEO_NOT_PLAYABLE"),
		names: /until 2001-09-09/,
		record: () => ({ schedule: { ends_at: 1_000_000_000 } }),
		asked: withToken(),
	},
	"ip-limit": { ...denied("DENIED_BY_IP_LIMIT"), names: /maxip/, asked: afterAnother({ maxip: 1 }) },
	"use-limit": {
		...denied("DENIED_BY_USE_LIMIT"),
		names: /maxu/,
		asked: async (account) => {
			const { key } = await openPlayback(account.masterUrl("clip", await account.sign({ maxu: 1 })));
			await outcomeOf(ask(key));
			return { url: key };
		},
	},
	"device-limit": {
		...denied("DENIED_BY_DEVICE_LIMITING"),
		names: /dlimit/,
		asked: afterAnother({ uid: "ann", dlimit: 1 }),
	},
	"stream-limit-create": {
		...denied("DENIED_BY_STREAM_LIMIT_CREATE"),
		names: /climit/,
		asked: afterAnother({ uid: "ann", climit: 1, cbeh: "BLOCK_NEW" }),
	},
	"stream-limit-renew": {
		...denied("DENIED_BY_STREAM_LIMIT_RENEW"),
		names: /another stream/,
		asked: async (account) => {
			const url = account.masterUrl("clip", await account.sign({ uid: "ann", climit: 1 }));
			const { segment } = await openPlayback(url);
			await openPlayback(url, { ip: "198.51.100.1" });
			return { url: segment };
		},
	},
	"session-ended": {
		...denied("DENIED_BY_STREAM_LIMIT_RENEW"),
		names: /by the publisher/,
		asked: async (account) => {
			const { segment } = await openPlayback(account.masterUrl("clip", await account.sign({ uid: "ann", climit: 1 })));
			await gate.manage("DELETE", `${account.manageUrl}/sessions?uid=ann`);
			return { url: segment };
		},
	},
	"bad-request": {
		...badRequest("ILLEGAL_VALUE"),
		names: /BCOV-Device-Id/,
		asked: withToken({}, { headers: { "BCOV-Device-Id": "a b" } }),
	},
	"video-not-found": {
		status: 404,
		code: "NOT_FOUND",
		subcode: "VIDEO_NOT_FOUND",
		asked: async (account) => ({ url: account.masterUrl("another", await account.sign()) }),
	},
	"resource-not-found": {
		status: 404,
		code: "NOT_FOUND",
		subcode: "RESOURCE_NOT_FOUND",
		asked: () => ({ url: `${gate.url}/nowhere` }),
	},
	"method-not-allowed": {
		status: 405,
		code: "METHOD_NOT_ALLOWED",
		subcode: "METHOD_NOT_ALLOWED",
		names: /GET/,
		asked: (account) => ({ url: account.masterUrl("clip"), client: { method: "POST" } }),
	},
	"source-unavailable": {
		status: 502,
		code: "SERVER_ERROR",
		subcode: "VIDEO_URLS_RETRIEVE_FAILURE",
		names: /500/,
		record: (account) => {
			gate.origin.answer(`/${account.id}/broken.m3u8`, answering(500));
			return { sources: [{ type: HLS, src: `${gate.origin.url}/${account.id}/broken.m3u8` }] };
		},
		asked: withToken(),
	},
	"catalog-unavailable": {
		status: 502,
		code: "SERVER_ERROR",
		subcode: "VIDEO_RETRIEVE_FAILURE",
		asked: async (account) => {
			await (await gate.running.miniflare.getKVNamespace("CATALOG")).put(`video/${account.id}/damaged`, "{");
			return { url: account.masterUrl("damaged", await account.sign()) };
		},
	},
	fault: {
		status: 500,
		code: "SERVER_ERROR",
		subcode: "SERVER_ERROR",
		asked: async (account) => {
			const catalog = await gate.running.miniflare.getKVNamespace("CATALOG");
			const name = `video/${account.id}/clip`;
			const record = (await catalog.get(name, "text")) ?? "";
			// As if CONTENT_SECRET had been replaced.
			await catalog.put(name, record.replace(/"sealed:[^"]*"/, `"sealed:${"A".repeat(60)}"`));
			const token = await account.sign();
			return { url: `${account.videoUrl("clip")}/licenses/aes128/k1.key?bcov_auth=${token}` };
		},
	},
	"credentials-required": {
		status: 401,
		code: "UNAUTHORIZED",
		subcode: "UNAUTHORIZED",
		asked: (account) => ({ url: `${account.manageUrl}/settings` }),
	},
	"credentials-invalid": {
		status: 401,
		code: "UNAUTHORIZED",
		subcode: "UNAUTHORIZED",
		asked: (account) => ({
			url: `${account.manageUrl}/settings`,
			client: { headers: { Authorization: "Bearer e2e-admin" } },
		}),
	},
	"record-invalid": {
		...badRequest("ILLEGAL_VALUE"),
		names: /tier: must be 1, 2 or 3/,
		asked: (account) => ({ url: `${account.manageUrl}/settings`, client: asAdmin('{"tier":4}') }),
	},
	"record-too-large": {
		status: 413,
		code: "BAD_REQUEST",
		subcode: "ILLEGAL_VALUE",
		names: /1048576 bytes/,
		asked: (account) => ({ url: `${account.manageUrl}/settings`, client: asAdmin(" ".repeat(2 ** 20 + 1)) }),
	},
} satisfies Partial<Record<Reason, Row>>;

function asAdmin(body: string): Client {
	return { method: "PUT", headers: { Authorization: `Bearer ${secrets.ADMIN_TOKEN}` }, body };
}

describe("a refusal", () => {
	it.each(Object.entries<Row>(rows))("%s is told in body and headers", async (reason, row) => {
		const account = await gate.openAccount(row.settings);
		await publishClip(gate, account, { record: row.record?.(account) ?? {} });
		const { url, client = {} } = await row.asked(account);
		const answer = await hear(url, client);
		const { headers } = answer;
		const refusal = await refusalOf(answer);
		const shown = row.shown ?? reason;
		expect(refusal).toMatchObject({
			status: row.status,
			error_code: row.code,
			error_subcode: row.subcode,
			reason: shown,
		});
		expect(refusal.message).toMatch(row.names ?? /\w/);
		expect(headers.get("Playgate-Reason")).toBe(shown);
		expect(headers.get("Playgate-Decision")).toBe(refusal.decision_id);
		expect(headers.get("Cache-Control")).toBe("no-store");
		expect(headers.get("Content-Type")).toBe("application/json; charset=utf-8");
		expect(headers.get("Access-Control-Allow-Origin")).toBe("*");
		expect(headers.get("Access-Control-Expose-Headers")).toMatch(/Playgate-Decision.*Playgate-Reason/);
		expect(headers.get("WWW-Authenticate")?.startsWith("Bearer ") ?? null).toBe(row.status === 401 ? true : null);
		expect(headers.has("Allow")).toBe(row.status === 405);
		if (client.method !== undefined) return;
		const head = await hear(url, { ...client, method: "HEAD" });
		expect([head.status, head.headers.get("Playgate-Reason"), await head.text()]).toEqual([row.status, shown, ""]);
	});

	it("of a token by the Playback API has the code of that API", async () => {
		const account = await gate.openAccount();
		await publishClip(gate, account);
		expect(await refusalOf(await hear(account.videoUrl("clip")))).toMatchObject({
			status: 401,
			error_code: "ACCESS_DENIED",
			error_subcode: "TOKEN_REQUIRED",
		});
	});

	it.each([
		{ claim: "vids", claims: { vids: ["a", "b"] }, subcode: "VIDEO_ID" },
		{ claim: "aud", claims: {}, settings: { require_aud: true }, subcode: "TOKEN_VALIDATION" },
		{ claim: "exp", claims: { iat: undefined, exp: undefined }, subcode: "TOKEN_VALIDATION" },
	])("names the claim $claim", async ({ claim, claims, settings, subcode }) => {
		const account = await gate.openAccount(settings);
		await publishClip(gate, account);
		const refusal = await refusalOf(await hear(account.masterUrl("clip", await account.sign(claims))));
		expect(refusal).toMatchObject({ error_subcode: subcode, message: expect.stringContaining(claim) as string });
	});

	it("does not tell a wrong key from a wrong signature or an unknown account", async () => {
		const account = await gate.openAccount();
		await publishClip(gate, account);
		const url = account.masterUrl("clip", await account.sign({}, { header: { kid: "nobody" } }));
		const unsigned = { ...(await refusalOf(await hear(url))), decision_id: "" };
		const nobody = { ...(await refusalOf(await hear(url.replace(account.id, "nobody")))), decision_id: "" };
		expect(nobody).toEqual(unsigned);
	});

	it("of an account whose record is damaged says so", async () => {
		const account = await gate.openAccount();
		await (await gate.running.miniflare.getKVNamespace("CATALOG")).put("account/damaged", "{");
		const url = account.masterUrl("clip", await account.sign()).replace(account.id, "damaged");
		expect(await refusalOf(await hear(url))).toMatchObject({ status: 502, error_subcode: "ACCOUNT_RETRIEVE_FAILURE" });
	});
});

describe("CORS", () => {
	it.each([
		"/playback/v1/accounts/a/videos/v",
		"/playback/v1/accounts/a/videos/v/master.m3u8",
		"/playback/v1/accounts/a/videos/v/licenses/aes128/k1.key",
		"/playback/v1/accounts/a/videos/v/licenses/cenc/widevine",
		"/g/abc.def/licenses/clearkey",
		"/g/abc.def/s/low/index.m3u8",
		"/v1/accounts/a/keys",
		"/v1/accounts/a/blacklist/tokens/t",
		"/manage/v1/accounts/a/settings",
		"/manage/v1/accounts/a/videos/v",
		"/healthz",
		"/nowhere",
	])("a preflight of %s needs no token", async (path) => {
		const headers = {
			Origin: "https://player.example",
			"Access-Control-Request-Method": "GET",
			"Access-Control-Request-Headers": "authorization,range,x-own",
		};
		const answer = await hear(gate.url + path, { method: "OPTIONS", headers });
		expect([answer.status, await answer.text()]).toEqual([204, ""]);
		expect(answer.headers.get("Access-Control-Allow-Origin")).toBe("https://player.example");
		expect(answer.headers.get("Access-Control-Allow-Methods")).toContain("GET");
		expect(answer.headers.get("Access-Control-Allow-Headers")).toContain("authorization,range,x-own");
		expect(Number(answer.headers.get("Access-Control-Max-Age"))).toBeGreaterThanOrEqual(hour);
		expect(answer.headers.has("Playgate-Reason")).toBe(false);
	});

	it.each([
		{ origin: "https://player.example", allowed: "https://player.example" },
		{ origin: "https://second.example", allowed: "https://second.example" },
		{ origin: "https://player.example.evil.example", allowed: null },
		{ origin: "http://player.example", allowed: null },
		{ origin: "null", allowed: null },
		{ origin: null, allowed: null },
	])("with a list of origins, $origin may read: $allowed", async ({ origin, allowed }) => {
		const account = await gate.openAccount({ allowed_origins: ["https://player.example", "https://second.example"] });
		await publishClip(gate, account);
		const headers: Readonly<Record<string, string>> = origin === null ? {} : { Origin: origin };
		const playable = account.masterUrl("clip", await account.sign());
		const refused = account.masterUrl("clip", await account.sign({ conid: "another" }));
		for (const url of [playable, refused]) {
			const answer = await hear(url, { headers });
			expect(answer.headers.get("Access-Control-Allow-Origin")).toBe(allowed);
			expect(answer.headers.get("Access-Control-Allow-Credentials")).toBe(allowed === null ? null : "true");
			expect(answer.headers.get("Vary")).toContain("Origin");
		}
	});
});

describe("a method that an address does not have", () => {
	const playback = ["POST", "PUT", "PATCH", "DELETE"];
	it.each([
		{ path: "/playback/v1/accounts/a/videos/v", methods: playback, allow: "GET, HEAD, OPTIONS" },
		{ path: "/playback/v1/accounts/a/videos/v/master.m3u8", methods: playback, allow: "GET, HEAD, OPTIONS" },
		{ path: "/playback/v1/accounts/a/videos/v/licenses/aes128/k", methods: playback, allow: "GET, HEAD, OPTIONS" },
		{ path: "/g/abc.def/s/x.ts", methods: playback, allow: "GET, HEAD, OPTIONS" },
		{ path: "/g/abc.def/licenses/clearkey", methods: ["GET", "PUT", "PATCH", "DELETE"], allow: "POST, OPTIONS" },
		{
			path: "/playback/v1/accounts/a/videos/v/licenses/fairplay",
			methods: ["GET", "PUT", "PATCH", "DELETE"],
			allow: "POST, OPTIONS",
		},
		{ path: "/playback/v1/accounts/a/fairplay_app_cert", methods: playback, allow: "GET, HEAD, OPTIONS" },
		{ path: "/healthz", methods: playback, allow: "GET, HEAD, OPTIONS" },
		{ path: "/v1/accounts/a/keys", methods: ["PUT", "PATCH", "DELETE"], allow: "GET, HEAD, POST" },
		{ path: "/v1/accounts/a/keys/k", methods: ["PUT", "POST", "PATCH"], allow: "GET, HEAD, DELETE" },
		{ path: "/v1/accounts/a/blacklist", methods: ["PUT", "POST", "DELETE"], allow: "GET, HEAD" },
		{ path: "/v1/accounts/a/blacklist/tokens/t", methods: ["POST", "PATCH"], allow: "PUT, GET, HEAD, DELETE" },
		{ path: "/manage/v1/accounts/a/settings", methods: ["POST", "PATCH", "DELETE"], allow: "GET, HEAD, PUT" },
		{ path: "/manage/v1/accounts/a/videos", methods: ["POST", "PUT", "DELETE"], allow: "GET, HEAD" },
		{ path: "/manage/v1/accounts/a/videos/v", methods: ["POST", "PATCH"], allow: "GET, HEAD, PUT, DELETE" },
		{ path: "/manage/v1/accounts/a/sessions", methods: ["POST", "PUT"], allow: "GET, HEAD, DELETE" },
		{
			path: "/playback/v1/accounts/a/videos/v/master.m3u8",
			methods: ["PROPFIND", "REPORT"],
			allow: "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS",
		},
	])("of $path is answered 405 with Allow: $allow", async ({ path, methods, allow }) => {
		for (const method of methods) {
			const answer = await hear(gate.url + path, { method });
			expect([method, answer.status, answer.headers.get("Playgate-Reason")]).toEqual([
				method,
				405,
				"method-not-allowed",
			]);
			expect(answer.headers.get("Allow")).toContain(allow);
		}
	});
});

describe("what the gate says", () => {
	it("holds no token and no grant: not in an answer, not in the log", async () => {
		const account = await gate.openAccount();
		await publishClip(gate, account);
		const token = await account.sign({ uid: "ann", climit: 1, maxu: 1 });
		const playback = await openPlayback(account.masterUrl("clip", token));
		const allowed = [
			account.videoUrl("clip"),
			account.masterUrl("clip"),
			playback.key,
			playback.segment,
			playback.rendition,
		];
		for (const url of allowed) await hear(url, { headers: { "BCOV-Auth": token } });
		for (const path of [
			`/v1/accounts/${account.id}/blacklist/tokens/${token}`,
			`/v1/accounts/${account.id}/blacklist/tokens/x${token}`,
			`/v1/accounts/${account.id}/blacklist/${token}`,
			`/playback/v1/accounts/${account.id}/videos/clip/master.m3u8/${token}`,
			`/playback/v1/accounts/${account.id}/videos/${token}/master.m3u8`,
		]) {
			await hear(gate.url + path, { method: "PUT", headers: { Authorization: `Bearer ${secrets.ADMIN_TOKEN}` } });
		}
		const last = await ask(account.masterUrl("clip", token));
		const decision = last.headers.get("Playgate-Decision") ?? "none";
		await eventually(() => expect(gate.logLines.join("\n")).toContain(decision));
		const grant = new URL(playback.base).pathname.slice(0, 40); // its beginning: long paths are cut short in the log
		const said = answers.join("\n");
		const log = gate.logLines.join("\n");
		for (const signed of gate.tokens) {
			const [, payload = "", signature = ""] = signed.split(".");
			expect([
				said.includes(signature),
				said.includes(payload),
				log.includes(signature),
				log.includes(payload),
			]).not.toContain(true);
		}
		expect(log).not.toContain(grant);
		for (const secret of Object.values(secrets))
			expect([said.includes(secret), log.includes(secret)]).toEqual([false, false]);
	});

	it("names in the log what the answer keeps to itself", async () => {
		const account = await gate.openAccount();
		await publishClip(gate, account);
		const answer = await hear(account.masterUrl("clip", await account.sign({}, { header: { kid: "nobody" } })));
		const decision = answer.headers.get("Playgate-Decision") ?? "none";
		await eventually(() => expect(gate.logLines.join("\n")).toContain(decision));
		const entry = JSON.parse(gate.logLines.find((line) => line.includes(decision)) ?? "{}") as Json;
		expect(entry).toMatchObject({
			event: "decision",
			allowed: false,
			status: 401,
			account: account.id,
			refusal: { reason: "key-unknown" },
		});
	});
});
