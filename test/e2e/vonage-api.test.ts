import { createHmac, randomUUID } from "node:crypto";
import { Auth } from "@vonage/auth";
import { MediaMode, Video } from "@vonage/video";
import { SignJWT, importPKCS8 } from "jose";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { VONAGE, type VonagePlatform, startVonagePlatform } from "../standins/vonage-platform.ts";
import { OpenTok, type OpenTokClient } from "../support/opentok.ts";
import { ask } from "../support/player.ts";
import { nowSeconds, startTestGate } from "../support/running-gate.ts";
import type { Json, TestAccount, TestGate } from "../support/running-gate.ts";
import { eventually } from "../support/patience.ts";

// The publisher's back end with the server SDKs of Vonage and OpenTok, whose base URL is the gate, and a platform that verifies credentials.
let gate: TestGate;
let platform: VonagePlatform;
let account: TestAccount;

beforeAll(async () => {
	[gate, platform] = await Promise.all([
		startTestGate({ decisionLog: "all" }),
		startVonagePlatform("ws://127.0.0.1:9/rumorwebsocketsv2"),
	]);
	account = await openAccount();
});
afterAll(async () => {
	await gate?.stop();
	await platform?.close();
});

const KEYS = {
	api_key: VONAGE.apiKey,
	api_secret: VONAGE.apiSecret,
	application_id: VONAGE.applicationId,
	private_key: VONAGE.privateKey,
};

async function openAccount(credentials: Json = {}): Promise<TestAccount> {
	const opened = await gate.openAccount();
	const put = await gate.manage("PUT", `${opened.manageUrl}/providers/vonage`, {
		...KEYS,
		api_url: platform.url,
		...credentials,
	});
	if (!put.ok) throw new Error(await put.text());
	return opened;
}

const apiOf = ({ id }: TestAccount): string => `${gate.url}/join/v1/accounts/${id}/vonage/api`;

const openTokOf = (of: TestAccount, secret: string = VONAGE.apiSecret) => new OpenTok(VONAGE.apiKey, secret, apiOf(of));
const unifiedOf = (of: TestAccount) => {
	const auth = new Auth({ applicationId: VONAGE.applicationId, privateKey: VONAGE.privateKey });
	return new Video(auth, { videoHost: apiOf(of) });
};

/** A call with a callback, as a promise. */
const promised = <T>(call: (callback: (error: Error | null, value: T) => void) => void): Promise<T> =>
	new Promise((resolve, reject) => call((error, value) => (error ? reject(error) : resolve(value))));

const create = (client: OpenTokClient, options: object): Promise<{ readonly sessionId: string }> =>
	promised((callback) => client.createSession(options, callback));

const formOf = (sessionId: string): Json => Object.fromEntries(platform.sessions.get(sessionId)?.form ?? []);

async function messageOf(call: Promise<unknown>): Promise<string> {
	const thrown: unknown = await call.then(() => new Error("it was done")).catch((error: unknown) => error);
	return (thrown as Error).message; // opentok has errors of its own, which are none of the language
}

/** The session's record in the catalog; null where there is none. */
async function recordOf(sessionId: string, of = account): Promise<Json | null> {
	const got = await gate.manage("GET", `${of.manageUrl}/e2ee-sessions/${sessionId}`);
	return got.ok ? ((await got.json()) as Json) : null;
}

/** A token of the REST API, as an SDK makes it unless the claims say otherwise. */
const hs256 = (claims: Json = {}, secret: string = VONAGE.apiSecret) =>
	new SignJWT({ iss: VONAGE.apiKey, ist: "project", iat: nowSeconds(), exp: nowSeconds() + 300, ...claims })
		.setProtectedHeader({ alg: "HS256", typ: "JWT" })
		.sign(new TextEncoder().encode(secret));

async function rs256(claims: Json = {}, privateKey: string = VONAGE.privateKey): Promise<string> {
	const times = { iat: nowSeconds(), exp: nowSeconds() + 900 };
	return new SignJWT({ application_id: VONAGE.applicationId, jti: randomUUID(), ...times, ...claims })
		.setProtectedHeader({ alg: "RS256" })
		.sign(await importPKCS8(privateKey, "RS256"));
}

describe("opentok", () => {
	it("makes a session, which is encrypted by the account's policy and recorded", async () => {
		const { sessionId } = await create(openTokOf(account), { mediaMode: "routed" });
		expect(formOf(sessionId)).toEqual({ e2ee: "true", archiveMode: "manual", "p2p.preference": "disabled" });
		expect(await recordOf(sessionId)).toMatchObject({
			id: sessionId,
			provider: "vonage",
			vonage: { api_key: VONAGE.apiKey, application_id: null, session_id: sessionId, api_url: platform.url },
		});
		expect(openTokOf(account).generateToken(sessionId)).toMatch(/^eyJ/);
	});

	it("as it asks for encryption itself, the form passes as it came", async () => {
		const { sessionId } = await create(openTokOf(account), { mediaMode: "routed", e2ee: true });
		const call = platform.calls.find(({ body, path }) => path === "/session/create" && body.startsWith("e2ee"));
		expect(call?.body).toBe("e2ee=true&archiveMode=manual&p2p.preference=disabled");
		expect(call?.headers["x-opentok-auth"]).toMatch(/^eyJ/);
		expect(platform.sessions.get(sessionId)?.e2ee).toBe(true);
	});

	it.each([
		["is relayed, as when nothing is said", {}, "MediaMode must be routed in order to enable E2EE"],
		["is relayed and encrypted", { e2ee: true }, "MediaMode must be routed in order to enable E2EE"],
		[
			"is always archived",
			{ mediaMode: "routed", archiveMode: "always", e2ee: true },
			"ArchiveMode cannot be set to always when using E2EE",
		],
	])("is told why a session cannot be made that %s", async (_what, options, message) => {
		const before = platform.calls.length;
		expect(await messageOf(create(openTokOf(account), options))).toContain(message);
		expect(platform.calls.length).toBe(before);
	});

	it("in unified mode, makes a session of the application", async () => {
		const client = new OpenTok(VONAGE.applicationId, VONAGE.privateKey, apiOf(account));
		const { sessionId } = await create(client, { mediaMode: "routed" });
		expect(await recordOf(sessionId)).toMatchObject({ vonage: { application_id: VONAGE.applicationId } });
	});

	it("is told that its secret is wrong", async () => {
		const before = platform.calls.length;
		const client = openTokOf(account, "0000000000000000000000000000000000000000");
		expect(await messageOf(create(client, { mediaMode: "routed" }))).toContain("Invalid API key or secret");
		expect(platform.calls.length).toBe(before);
	});

	it("is told what is refused for an encrypted session", async () => {
		const client = openTokOf(account);
		const { sessionId } = await create(client, { mediaMode: "routed" });
		const before = platform.calls.length;
		const refused = "The session is end-to-end encrypted";
		const calls: readonly ((callback: (error: Error | null, value: unknown) => void) => void)[] = [
			(callback) => client.startArchive(sessionId, {}, callback),
			(callback) => client.startBroadcast(sessionId, { outputs: { hls: {} } }, callback),
			(callback) => client.startRender({ sessionId, token: "t", url: "https://example.com" }, callback),
			(callback) => client.dial(sessionId, "token", "sip:a@example.com", {}, callback),
			(callback) => client.websocketConnect(sessionId, "token", "wss://example.com", {}, callback),
		];
		for (const call of calls) expect(await messageOf(promised(call))).toContain(refused);
		// Whatever the cause is, this SDK calls a 409 of captions so.
		const captions = promised((callback) => client.startCaptions(sessionId, "token", {}, callback));
		expect(await messageOf(captions)).toContain("already started");
		expect(platform.calls.length).toBe(before);
	});

	it("does with other sessions, and with this one, all else", async () => {
		const client = openTokOf(account);
		const plain = platform.addSession(false);
		const archive = await promised<{ readonly sessionId: string }>((callback) =>
			client.startArchive(plain, {}, callback),
		);
		expect(archive.sessionId).toBe(plain);
		const { sessionId } = await create(client, { mediaMode: "routed" });
		await promised((callback) => client.signal(sessionId, null, { type: "chat", data: "hello" }, callback));
		await promised((callback) => client.forceDisconnect(sessionId, "connection-1", callback));
		await promised((callback) => client.listStreams(sessionId, callback));
		const passed = platform.calls.slice(-3).map(({ method, path }) => `${method} ${path}`);
		const base = `/v2/project/${VONAGE.apiKey}/session/${sessionId}`;
		expect(passed).toEqual([`POST ${base}/signal`, `DELETE ${base}/connection/connection-1`, `GET ${base}/stream`]);
	});
});

describe("@vonage/video", () => {
	it("makes a session that is encrypted, though it knows nothing of encryption", async () => {
		const { sessionId } = await unifiedOf(account).createSession();
		expect(formOf(sessionId)).toEqual({
			archiveMode: "manual",
			location: "null",
			"p2p.preference": "disabled",
			e2ee: "true",
		});
		expect(await recordOf(sessionId)).toMatchObject({ vonage: { application_id: VONAGE.applicationId } });
	});

	it.each([
		["archive", (video: Video, id: string) => video.startArchive(id)],
		["broadcast/", (video: Video, id: string) => video.startBroadcast(id, { outputs: { hls: {} } } as never)],
		[
			"render",
			(video: Video, id: string) =>
				video.startExperienceComposerRender(id, "token", { url: "https://e.example" } as never),
		],
		[
			"connect",
			(video: Video, id: string) => video.connectToWebsocket(id, "token", { uri: "wss://e.example" } as never),
		],
		["dial", (video: Video, id: string) => video.initiateSIPCall(id, { token: "t", uri: "sip:a@e.example" } as never)],
		["captions", (video: Video, id: string) => video.enableCaptions(id, "token", {} as never)],
	])("is refused %s with 409", async (_path, call) => {
		const video = unifiedOf(account);
		const { sessionId } = await video.createSession();
		const thrown = await call(video, sessionId).then(
			() => null,
			(error: unknown) => error as { response?: { status: number } },
		);
		expect(thrown?.response?.status).toBe(409);
	});

	it("is refused relayed media with 400", async () => {
		const made = unifiedOf(account).createSession({ mediaMode: MediaMode.RELAYED });
		const thrown = await made.then(
			() => null,
			(error: unknown) => error as { response?: { status: number } },
		);
		expect(thrown?.response?.status).toBe(400);
	});

	it("lists and disconnects", async () => {
		const video = unifiedOf(account);
		const { sessionId } = await video.createSession();
		await video.searchArchives({ sessionId });
		expect(platform.calls.at(-1)?.path).toContain(`/archive?sessionId=${sessionId}`);
		await video.disconnectClient(sessionId, "connection-1");
		expect(platform.calls.at(-1)?.method).toBe("DELETE");
	});
});

describe("policy allow", () => {
	it("leaves sessions as they are asked for, and records those that are encrypted", async () => {
		const other = await openAccount({ e2ee_policy: "allow" });
		const { sessionId: plain } = await create(openTokOf(other), {});
		expect(formOf(plain)).toEqual({ archiveMode: "manual", "p2p.preference": "enabled" });
		expect(await recordOf(plain, other)).toBeNull();
		const { sessionId } = await create(openTokOf(other), { mediaMode: "routed", e2ee: true });
		expect(await recordOf(sessionId, other)).not.toBeNull();
		expect(await messageOf(create(openTokOf(other), { e2ee: true }))).toContain("MediaMode must be routed");
	});
});

interface Call {
	readonly path?: string;
	readonly method?: string;
	readonly body?: string;
	readonly headers?: Record<string, string>;
	readonly token?: string;
}

async function call({ path = "/session/create", method = "POST", body, headers = {}, token }: Call): Promise<Response> {
	const auth: Record<string, string> = { "X-OPENTOK-AUTH": token ?? (await hs256()) };
	return ask(`${apiOf(account)}${path}`, {
		method,
		headers: { ...auth, ...headers },
		...(body === undefined ? {} : { body }),
	});
}

describe("credentials", () => {
	it.each<[string, () => Promise<string>]>([
		["another secret", () => hs256({}, "another")],
		["another project", () => hs256({ iss: "1" })],
		["of an account", () => hs256({ ist: "account" })],
		["over", () => hs256({ iat: nowSeconds() - 900, exp: nowSeconds() - 600 })],
		["from the future", () => hs256({ iat: nowSeconds() + 600, exp: nowSeconds() + 900 })],
		["without an end", () => hs256({ exp: undefined })],
		["for a year", () => hs256({ exp: nowSeconds() + 31_536_000 })],
		["of a client", () => hs256({ scope: "session.connect", session_id: "1_x" })],
		[
			"unsigned",
			async () => `${Buffer.from('{"alg":"none"}').toString("base64url")}.${(await hs256()).split(".")[1]}.`,
		],
		["RS256 in the header of HS256", () => rs256()],
		["no token", async () => "T1==cGFydG5lcl9pZD0x"],
		["huge", async () => "a".repeat(20_000)],
	])("a token that is %s is refused before anything is forwarded", async (_what, token) => {
		const before = platform.calls.length;
		const answer = await call({ token: await token() });
		expect([answer.status, answer.headers.get("Playgate-Reason")]).toEqual([401, "vonage-credentials-invalid"]);
		expect(await answer.json()).toMatchObject({ code: 401, message: expect.stringContaining("token") });
		expect(platform.calls.length).toBe(before);
	});

	it.each<[string, () => Promise<string>]>([
		["another key", async () => rs256({ application_id: VONAGE.applicationId.replace("7", "8") })],
		["HS256 with the public part", async () => hs256({ application_id: VONAGE.applicationId })],
		["over", () => rs256({ iat: nowSeconds() - 900, exp: nowSeconds() - 600 })],
		["of a client", () => rs256({ scope: "session.connect", sub: "video" })],
	])("a Bearer token that is %s is refused", async (_what, token) => {
		const answer = await ask(`${apiOf(account)}/session/create`, {
			method: "POST",
			headers: { Authorization: `Bearer ${await token()}` },
		});
		expect(answer.status).toBe(401);
	});

	it("none, and both kinds, are refused", async () => {
		const none = await ask(`${apiOf(account)}/session/create`, { method: "POST" });
		expect([none.status, none.headers.get("Playgate-Reason")]).toEqual([401, "vonage-credentials-required"]);
		const both = await call({ headers: { Authorization: `Bearer ${await rs256()}` } });
		expect(both.status).toBe(401);
	});

	it("an account without any is told so", async () => {
		const other = await gate.openAccount();
		const answer = await ask(`${apiOf(other)}/session/create`, { method: "POST" });
		expect([answer.status, answer.headers.get("Playgate-Reason")]).toEqual([502, "provider-not-configured"]);
	});

	it("a path of another project is refused", async () => {
		const answer = await call({ path: "/v2/project/999/archive", method: "GET" });
		expect(answer.status).toBe(401);
	});
});

const FORM = { "Content-Type": "application/x-www-form-urlencoded" };

describe("session/create", () => {
	it.each([
		["twice e2ee", "e2ee=true&e2ee=false"],
		["another spelling", "E2EE=false"],
		["relayed by its name in the documentation", "p2p.preference=always"],
		["an unknown preference", "p2p.preference=sometimes"],
		["ALWAYS", "archiveMode=ALWAYS"],
	])("a form with %s is refused", async (_what, body) => {
		const answer = await call({ body, headers: FORM });
		expect([answer.status, answer.headers.get("Playgate-Reason")]).toEqual([400, "vonage-session-options"]);
	});

	it.each(["", "e2ee=", "e2ee=false", "e2ee=True", "location=null", "archiveName=a%20b"])(
		"a form %j is made encrypted",
		async (body) => {
			const answer = await call({ body, headers: FORM });
			expect(answer.status).toBe(200);
			const [made] = (await answer.json()) as [{ session_id: string }];
			const form = formOf(made.session_id);
			expect(form).toMatchObject({ e2ee: "true", "p2p.preference": "disabled", archiveMode: "manual" });
			expect(answer.headers.get("Playgate-Session")).toBe(made.session_id);
		},
	);

	it("a session that is recorded already keeps its record", async () => {
		const sessionId = platform.addSession(true);
		const vonage = { api_key: VONAGE.apiKey, session_id: sessionId, api_url: platform.url };
		const record = { provider: "vonage", vonage, max_participants: 7 };
		await gate.manage("PUT", `${account.manageUrl}/e2ee-sessions/my-room`, record);
		platform.failNext(200, JSON.stringify([{ session_id: sessionId }]));
		const answer = await call({ body: "p2p.preference=disabled", headers: FORM });
		expect([answer.status, answer.headers.get("Playgate-Session")]).toEqual([200, "my-room"]);
	});

	it.each(["1_fjQ1M+Mjg3NzJ+MTI3==", "a-name-of-its-own"])("records a session that is called %s", async (name) => {
		const sessionId = `${randomUUID()}${name}`;
		platform.failNext(200, JSON.stringify([{ session_id: sessionId }]));
		const answer = await call({ body: "p2p.preference=disabled", headers: FORM });
		expect(answer.status).toBe(200);
		const recorded = await recordOf(answer.headers.get("Playgate-Session") ?? "");
		expect(recorded).toMatchObject({ vonage: { session_id: sessionId } });
		const body = JSON.stringify({ sessionId });
		expect((await call({ path: `/v2/project/${VONAGE.apiKey}/archive`, body })).status).toBe(409);
	});

	it("answers XML where that is asked for", async () => {
		const answer = await call({ body: "p2p.preference=disabled", headers: { ...FORM, Accept: "application/xml" } });
		expect(answer.headers.get("Content-Type")).toMatch(/xml/);
		const [, sessionId = ""] = /<session_id>([^<]+)</.exec(await answer.text()) ?? [];
		expect(await recordOf(sessionId)).not.toBeNull();
		const refused = await call({ body: "p2p.preference=enabled", headers: { ...FORM, Accept: "text/xml" } });
		expect(await refused.text()).toContain("<message>MediaMode must be routed");
	});

	it("a body of another type is refused", async () => {
		const answer = await call({ body: "{}", headers: { "Content-Type": "application/json" } });
		expect([answer.status, answer.headers.get("Playgate-Reason")]).toEqual([415, "media-type-unsupported"]);
	});

	it("an encryption secret is refused, and not repeated", async () => {
		const answer = await call({ body: "encryptionSecret=hunter2hunter2", headers: FORM });
		expect([answer.status, answer.headers.get("Playgate-Reason")]).toEqual([400, "encryption-secret-sent"]);
		expect(await answer.text()).not.toContain("hunter2");
	});

	it("what the platform answers passes: its errors, too", async () => {
		platform.failNext(402, '{"code":402,"message":"Pay first"}');
		const answer = await call({ body: "p2p.preference=disabled", headers: FORM });
		expect([answer.status, await answer.json()]).toEqual([402, { code: 402, message: "Pay first" }]);
		expect(answer.headers.get("X-Stand-In")).toBe("vonage");
	});
});

describe("what decodes media", () => {
	const path = (rest: string): string => `/v2/project/${VONAGE.apiKey}${rest}`;
	let sessionId: string;
	beforeEach(async () => {
		sessionId ??= (await create(openTokOf(account), { mediaMode: "routed" })).sessionId;
	});

	it.each([
		"/archive",
		"/archive/",
		"/broadcast",
		"/broadcast/",
		"/render",
		"/connect",
		"/dial",
		"/captions",
		"/ARCHIVE",
		"/%61rchive",
		"/archive;x=1",
		"/call",
	])("POST %s is refused for an encrypted session, and passes for others", async (rest) => {
		const headers = { "Content-Type": "application/json" };
		const refused = await call({ path: path(rest), headers, body: JSON.stringify({ sessionId }) });
		expect([refused.status, refused.headers.get("Playgate-Reason")]).toEqual([409, "vonage-feature-refused"]);
		expect(await refused.json()).toMatchObject({ code: 409, message: expect.stringContaining("end-to-end encrypted") });
		const passed = await call({
			path: path(rest),
			headers,
			body: JSON.stringify({ sessionId: platform.addSession(false) }),
		});
		expect(passed.status).toBe(200);
	});

	it.each([
		["no JSON", "sessionId=1"],
		["twice sessionId", `{"sessionId":"a","sessionId":"b"}`],
		["no sessionId", "{}"],
		["sessionId that is no text", `{"sessionId":["a"]}`],
		["nothing", ""],
	])("a body with %s is refused", async (_what, body) => {
		const before = platform.calls.length;
		expect((await call({ path: path("/archive"), body })).status).toBe(400);
		expect(platform.calls.length).toBe(before);
	});

	it.each<[string, string, (id: string) => string]>([
		["another version", "/v9/beta/archive", (id) => JSON.stringify({ sessionId: id })],
		["another name", path("/transcribe"), (id) => JSON.stringify({ sessionId: id })],
		["another spelling of sessionId", path("/archive"), (id) => JSON.stringify({ sessionId: "1_a", SessionID: id })],
		["another spelling of the id", path("/archive"), (id) => JSON.stringify({ sessionId: `${id}=` })],
	])("%s leads nowhere", async (_what, spelled, body) => {
		const answer = await call({ path: spelled, body: body(sessionId) });
		expect([answer.status, answer.headers.get("Playgate-Reason")]).toEqual([409, "vonage-feature-refused"]);
	});

	it("the session in the query leads nowhere", async () => {
		const body = JSON.stringify({ sessionId: "1_a" });
		expect((await call({ path: `${path("/archive")}?sessionId=${sessionId}`, body })).status).toBe(409);
	});

	it.each(["//archive", "/x%2f..%2farchive", "/%2e%2e%2farchive"])("a path %s is refused", async (rest) => {
		const before = platform.calls.length;
		const answer = await call({ path: path(rest), body: JSON.stringify({ sessionId }) });
		expect(answer.status).toBe(400);
		expect(platform.calls.length).toBe(before);
	});
});

describe("everything else", () => {
	it("passes as it came, and so does the answer", async () => {
		const path = `/v2/project/${VONAGE.apiKey}/archive/a1/layout?x=1&y=%20`;
		const body = '{"type":"pip"}';
		const headers = {
			"Content-Type": "application/json",
			"X-Own": "kept",
			Cookie: "a=b",
			"X-Forwarded-For": "1.2.3.4",
			"X-TB-PARTNER-AUTH": "1:of-another-project", // credentials that nobody has verified
		};
		const answer = await call({ path, method: "PUT", body, headers });
		expect(answer.status).toBe(200);
		expect(answer.headers.get("X-Stand-In")).toBe("vonage");
		const seen = platform.calls.at(-1);
		expect(seen).toMatchObject({ method: "PUT", path, body });
		expect(seen?.headers).toMatchObject({ "x-own": "kept", "content-type": "application/json" });
		const dropped = ["cookie", "x-forwarded-for", "authorization", "x-tb-partner-auth"];
		for (const name of dropped) expect(seen?.headers).not.toHaveProperty(name);
	});

	it.each([
		[
			"an account id in another spelling",
			(url: string) => url.replace(account.id, `%${account.id.charCodeAt(0).toString(16)}${account.id.slice(1)}`),
			200,
		],
		["the door in another spelling", (url: string) => url.replace("/api", "/%61pi"), 404],
	])("%s leads nowhere else", async (_what, spelled, status) => {
		const headers = { "X-OPENTOK-AUTH": await hs256() };
		const answer = await ask(spelled(`${apiOf(account)}/v2/project/${VONAGE.apiKey}/archive`), { headers });
		expect(answer.status).toBe(status);
		expect(platform.calls.at(-1)?.path).not.toContain("api");
	});

	it("a base URL that ends with a slash is the same one", async () => {
		const client = new OpenTok(VONAGE.apiKey, VONAGE.apiSecret, `${apiOf(account)}/`);
		const { sessionId } = await create(client, { mediaMode: "routed" });
		expect(platform.calls.at(-1)?.path).toBe("/session/create");
		expect(await messageOf(promised((callback) => client.startArchive(sessionId, {}, callback)))).toMatch(/encrypted/);
	});

	it("a method that is refused is told with those that are not", async () => {
		const answer = await ask(`${apiOf(account)}/session/create`, { headers: { "X-OPENTOK-AUTH": await hs256() } });
		expect([answer.status, answer.headers.get("Allow")]).toEqual([405, "POST, OPTIONS"]);
	});

	it("a preflight is answered without credentials", async () => {
		const answer = await ask(`${apiOf(account)}/session/create`, {
			method: "OPTIONS",
			headers: { Origin: "https://a.example" },
		});
		expect(answer.status).toBe(204);
	});

	it("a platform that is not there is told", async () => {
		const other = await openAccount({ api_url: "http://127.0.0.1:9" });
		const message = await messageOf(create(openTokOf(other), { mediaMode: "routed" }));
		expect(message).toContain("could not be reached");
	});
});

it("the log names the session that was made, and that a call was refused for", async () => {
	const answer = await call({ body: "p2p.preference=disabled", headers: FORM });
	const session = answer.headers.get("Playgate-Session");
	const body = JSON.stringify({ sessionId: session });
	const refused = await call({ path: `/v2/project/${VONAGE.apiKey}/archive`, body });
	for (const { headers } of [answer, refused]) {
		const id = headers.get("Playgate-Decision");
		const line = await eventually(() => {
			const found = gate.logLines.find((text) => text.includes(`"decision":"${id}"`));
			if (found === undefined) throw new Error("not logged yet");
			return JSON.parse(found) as Json;
		});
		expect(line).toMatchObject({ account: account.id, provider: "vonage", video: session });
	}
});

it("no credential is ever in the log", async () => {
	const log = gate.logLines.join("\n");
	expect(log).toContain("/vonage/api/session/create");
	const sent = platform.calls.flatMap(({ headers }) => [headers["x-opentok-auth"], headers.authorization?.slice(7)]);
	const leaked = sent.filter((token) => typeof token === "string" && log.includes(token));
	expect(leaked).toEqual([]);
	expect(log).not.toContain(VONAGE.apiSecret);
	expect(log).not.toContain(createHmac("sha256", VONAGE.apiSecret).update("").digest("hex"));
});
