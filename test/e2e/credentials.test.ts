import { readFile, readdir } from "node:fs/promises";
import { SignJWT, exportJWK, generateKeyPair } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { publishClip } from "../support/clip.ts";
import { startOrigin } from "../support/origin.ts";
import type { Origin } from "../support/origin.ts";
import { ask, openPlayback, outcomeOf, refusalOf } from "../support/player.ts";
import type { Client } from "../support/player.ts";
import { nowSeconds, secrets, startTestGate } from "../support/running-gate.ts";
import type { TestAccount, TestGate } from "../support/running-gate.ts";
import { eventually, inTime } from "../support/patience.ts";

const AUDIENCE = "the-application";
const team = await generateKeyPair("RS256");
let keyServer: Origin;
let gate: TestGate;

beforeAll(async () => {
	const keys = [{ ...(await exportJWK(team.publicKey)), kid: "team", alg: "RS256", use: "sig" }];
	keyServer = await startOrigin();
	keyServer.put("/cdn-cgi/access/certs", JSON.stringify({ keys }));
	const vars = { ACCESS_TEAM_DOMAIN: keyServer.url, ACCESS_AUDIENCE: AUDIENCE };
	gate = await startTestGate({ decisionLog: "all", vars });
});
afterAll(async () => {
	await gate.stop();
	await keyServer.close();
});

interface Made {
	readonly id: string;
	readonly token: string;
}

async function makeToken(account: TestAccount, ...scopes: string[]): Promise<Made> {
	const answer = await gate.manage("POST", `${account.manageUrl}/tokens`, { name: "a script", scopes });
	expect(answer.status).toBe(201);
	return (await answer.json()) as Made;
}

const as = (token: string, client: Client = {}): Client => ({
	...client,
	headers: { ...client.headers, Authorization: `Bearer ${token}` },
});
const assertionOf = (claims: Readonly<Record<string, unknown>> = {}): Promise<string> =>
	new SignJWT({ type: "app", sub: "ann-of-ops", email: "ann@example.com", ...claims })
		.setProtectedHeader({ alg: "RS256", kid: "team" })
		.setIssuer(keyServer.url)
		.setAudience([AUDIENCE])
		.setIssuedAt()
		.setExpirationTime("5m")
		.sign(team.privateKey);

async function entryOf(answer: Response): Promise<Readonly<Record<string, unknown>>> {
	const decision = answer.headers.get("Playgate-Decision") ?? "none";
	await eventually(() => expect(gate.logLines.join("\n")).toContain(decision));
	return JSON.parse(gate.logLines.find((line) => line.includes(decision)) ?? "{}") as Readonly<Record<string, unknown>>;
}

it("a back end gets a token, revokes a viewer with it, and has it taken away", async () => {
	const account = await gate.openAccount();
	await publishClip(gate, account);
	const { id, token } = await makeToken(account, "video-cloud/playback-auth/blacklist");
	const viewer = await account.sign({ uid: "ann" });
	const { segment } = await openPlayback(account.masterUrl("clip", viewer));
	const entry = `${account.apiUrl}/blacklist/tokens/${viewer}`;
	const revoked = await ask(entry, as(token, { method: "PUT" }));
	expect(revoked.status).toBe(204);
	expect(await outcomeOf(ask(segment))).toBe("token-revoked");
	expect(await outcomeOf(ask(`${account.manageUrl}/settings`, as(token)))).toBe("scope-missing");
	expect(await entryOf(revoked)).toMatchObject({ allowed: true, status: 204, actor: `token:${id}` });
	expect((await gate.manage("DELETE", `${account.manageUrl}/tokens/${id}`)).status).toBe(204);
	expect(await outcomeOf(ask(entry, as(token)))).toBe("credentials-invalid");
	expect(gate.logLines.join("\n")).not.toContain(token.slice(-43));
});

it("a token is one account's, and there is no telling what another account has", async () => {
	const [one, other] = [await gate.openAccount(), await gate.openAccount()];
	const { token } = await makeToken(one, "playgate/all");
	const theirs = await makeToken(other, "playgate/all");
	expect(await outcomeOf(ask(`${one.manageUrl}/settings`, as(token)))).toBe(200);
	const bodies = [];
	for (const path of ["settings", "videos/none", `tokens/${theirs.id}`]) {
		for (const account of [other.manageUrl, `${gate.url}/manage/v1/accounts/nobody`]) {
			bodies.push({ ...(await refusalOf(await ask(`${account}/${path}`, as(token)))), decision_id: "" });
		}
	}
	expect(bodies[0]).toMatchObject({ status: 401, reason: "credentials-invalid" });
	expect(new Set(bodies.map((body) => JSON.stringify(body))).size).toBe(1);
});

it("nothing of a token is on the disk but its hash", async () => {
	const account = await gate.openAccount();
	const { id, token } = await makeToken(account, "playgate/all");
	await ask(`${account.manageUrl}/settings`, as(token));
	const names = await readdir(gate.stateDir, { recursive: true, withFileTypes: true });
	const files = await Promise.all(
		names
			.filter((name) => name.isFile())
			.map((name) => readFile(`${name.parentPath}/${name.name}`, "latin1").catch(() => "")), // SQLite's own come and go
	);
	expect(files.some((text) => text.includes(id))).toBe(true);
	expect(files.some((text) => text.includes(token.slice(-43)))).toBe(false);
});

describe("the credential comes first", () => {
	it.each(["PUT", "POST", "DELETE"])("before a body of more than a MiB is read: %s", async (method) => {
		const path = { PUT: "settings", POST: "revocations", DELETE: "sessions" }[method] ?? "";
		const url = `${gate.url}/manage/v1/accounts/a/${path}`;
		const body = "x".repeat(2 ** 20 + 1);
		expect(await outcomeOf(ask(url, { method, body }))).toBe("credentials-required");
		expect(await outcomeOf(ask(url, as("wrong", { method, body, ip: "198.51.100.200" })))).toBe("credentials-invalid");
	});

	it("before the ids of the path are judged", async () => {
		for (const [path, mistake] of [
			["a%20b/settings", "account-id-invalid"],
			["-/videos", "account-id-invalid"],
			["%ff/settings", "account-id-invalid"],
			["a/videos/b%20c", "bad-request"],
		] as const) {
			const url = `${gate.url}/manage/v1/accounts/${path}`;
			expect(await outcomeOf(ask(url))).toBe("credentials-required");
			expect(await outcomeOf(ask(url, as(secrets.ADMIN_TOKEN)))).toBe(mistake);
		}
	});

	it("but a preflight needs none", async () => {
		const answer = await ask(`${gate.url}/manage/v1/accounts/a/tokens`, {
			method: "OPTIONS",
			headers: { Origin: "https://ops.example", "Access-Control-Request-Headers": "authorization" },
		});
		expect([answer.status, answer.headers.get("Access-Control-Allow-Headers")]).toEqual([204, "authorization"]);
	});
});

it("who guesses is slowed down, and nobody else", async () => {
	const account = await gate.openAccount();
	const url = `${account.manageUrl}/settings`;
	const guess = (n: number) =>
		ask(url, as(`pgt_${"0".repeat(15)}${n % 10}_${"A".repeat(41)}${10 + n}`, { ip: "192.0.2.66" }));
	const answers = await Promise.all(Array.from({ length: 40 }, (_, index) => guess(index)));
	const statuses = answers.map(({ status }) => status);
	expect([statuses.filter((status) => status === 401).length, statuses.includes(429)]).toEqual([10, true]);
	const throttled = answers.find(({ status }) => status === 429);
	expect(Number(throttled?.headers.get("Retry-After"))).toBeGreaterThan(0);
	expect((await gate.manage("GET", url)).status).toBe(200);
	expect(await outcomeOf(ask(url, as(secrets.ADMIN_TOKEN, { ip: "192.0.2.66" })))).toBe("credentials-throttled");
});

describe("a login of Cloudflare Access", () => {
	it("lets in with the keys that the team publishes", async () => {
		const account = await gate.openAccount();
		const headers = { "Cf-Access-Jwt-Assertion": await assertionOf() };
		const answer = await ask(`${account.manageUrl}/settings`, { method: "PUT", headers, body: '{"tier":2}' });
		expect(answer.status).toBe(200);
		const entry = await entryOf(answer);
		expect(entry).toMatchObject({ actor: "access:ann-of-ops" });
		expect(JSON.stringify(entry)).not.toContain("ann@example.com");
	});

	it("is not a token for another application, nor the cookie, nor another site's page", async () => {
		const url = `${(await gate.openAccount()).manageUrl}/settings`;
		const [assertion, other] = [await assertionOf(), await assertionOf({ type: "org" })];
		const put = (headers: Readonly<Record<string, string>>) =>
			outcomeOf(ask(url, { method: "PUT", headers, body: "{}" }));
		expect(await put({ "Cf-Access-Jwt-Assertion": other })).toBe("credentials-invalid");
		expect(await put({ Cookie: `CF_Authorization=${assertion}` })).toBe("credentials-required");
		const forged = { "Cf-Access-Jwt-Assertion": assertion, Origin: "https://evil.example" };
		expect(await put(forged)).toBe("cross-site-request");
		expect(await put({ ...forged, Origin: gate.url })).toBe(200);
	});
});

it("a token that has ended says so", async () => {
	const account = await gate.openAccount();
	const url = `${account.manageUrl}/tokens`;
	const token = await inTime(
		async (seconds) => {
			const body = { name: "short", scopes: ["playgate/all"], expires_at: nowSeconds() + seconds };
			const answer = await gate.manage("POST", url, body);
			expect(answer.status).toBe(201);
			return ((await answer.json()) as Made).token;
		},
		[1, 5, 25],
	);
	await eventually(
		async () =>
			expect((await refusalOf(await ask(url, as(token)))).message).toMatch(/^The management token expired at /),
		300,
	);
});
