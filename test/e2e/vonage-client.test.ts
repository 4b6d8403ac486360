import { once } from "node:events";
import type { Browser } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import {
	SYMPHONY,
	VONAGE,
	type VonagePlatform,
	startVonagePlatform,
	verifyToken,
} from "../standins/vonage-platform.ts";
import { type RumorConnection, type VonageRumor, startVonageRumor } from "../standins/vonage-rumor.ts";
import { RUMOR, type RumorFrame, readRumor, writeRumor } from "../../worker/join/providers/vonage/web/rumor.ts";
import { launchBrowser } from "../support/browser.ts";
import { ask } from "../support/player.ts";
import { nowSeconds, startTestGate } from "../support/running-gate.ts";
import type { Json, TestAccount, TestGate } from "../support/running-gate.ts";
import { type VonagePage, openVonagePage } from "../support/vonage-page.ts";
import { eventually, inTime } from "../support/patience.ts";

// @opentok/client, as it is published, in a browser, through the gate to stand-ins for the platform.
let gate: TestGate;
let rumor: VonageRumor;
let platform: VonagePlatform;
let browser: Browser;
let account: TestAccount;
const pages: VonagePage[] = [];

beforeAll(async () => {
	[gate, rumor, browser] = await Promise.all([
		startTestGate({ decisionLog: "all" }),
		startVonageRumor(),
		launchBrowser(["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]),
	]);
	platform = await startVonagePlatform(rumor.url, rumor.disconnect);
	account = await gate.openAccount();
	await put("providers/vonage", {
		api_key: VONAGE.apiKey,
		api_secret: VONAGE.apiSecret,
		application_id: VONAGE.applicationId,
		private_key: VONAGE.privateKey,
		api_url: platform.url,
	});
});
afterEach(async () => {
	await Promise.all(pages.splice(0).map((page) => page.close()));
});
afterAll(async () => {
	await browser?.close();
	await gate?.stop();
	await Promise.all([platform?.close(), rumor?.close()]);
});

async function put(path: string, body: Json): Promise<void> {
	const answer = await gate.manage("PUT", `${account.manageUrl}/${path}`, body);
	if (!answer.ok) throw new Error(await answer.text());
}

let sessions = 0;

interface Room {
	readonly id: string;
	readonly sessionId: string;
}

async function openRoom(more: Json = {}, { e2ee = true, unified = false } = {}): Promise<Room> {
	const id = `room-${(sessions += 1)}`;
	const project = unified ? VONAGE.applicationId : VONAGE.apiKey;
	const sessionId = platform.addSession(e2ee, project);
	const own = unified ? { application_id: project } : { api_key: project };
	const vonage = { ...own, session_id: sessionId, api_url: platform.url };
	await put(`e2ee-sessions/${id}`, { provider: "vonage", vonage, ...more });
	return { id, sessionId };
}

interface JoinAnswer {
	readonly participant_id: string;
	readonly ticket: string;
	readonly expires_at: number;
	readonly join: Json & { readonly token: string; readonly proxy_url: string; readonly session_id: string };
}

async function askToJoin({ id }: Room, claims: Json = {}, body: Json = {}): Promise<Response> {
	const token = await account.sign({ uid: "ann", ...claims });
	return ask(`${gate.url}/join/v1/accounts/${account.id}/sessions/${id}`, {
		method: "POST",
		headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
		body: JSON.stringify(body),
	});
}

async function join(room: Room, claims: Json = {}, body: Json = {}): Promise<JoinAnswer> {
	const answer = await askToJoin(room, claims, body);
	if (answer.status !== 201) throw new Error(await answer.text());
	return (await answer.json()) as JoinAnswer;
}

const SECRET = "correct horse battery";
/** Of the settings: what a token lasts beyond its end. */
const SKEW_SECONDS = 60;

async function watch(
	{ join: material }: JoinAnswer,
	secret: string | null = SECRET,
	sdk?: string,
): Promise<VonagePage> {
	const page = await openVonagePage(browser, gate.origin, sdk);
	pages.push(page);
	await page.connect(material, secret);
	return page;
}

const connected = (page: VonagePage) => page.sees("the connection", ({ connected: isSo }) => isSo);
const failed = async (page: VonagePage): Promise<Json> =>
	(await page.sees("a failure", ({ failed: error }) => error !== null)).failed ?? {};

const participantsOf = ({ id }: Room): string => `${account.manageUrl}/e2ee-sessions/${id}/participants`;

async function statusOf(room: Room, participant: string): Promise<Json | undefined> {
	const listed = await gate.manage("GET", `${participantsOf(room)}?all=true`);
	const { participants } = (await listed.json()) as { participants: readonly Json[] };
	return participants.find(({ id }) => id === participant);
}

/** The connection at the messaging service whose client has this participant's token. */
const connectionOf = ({ participant_id: id }: JoinAnswer): RumorConnection | undefined =>
	rumor.connections.findLast(({ data }) => data.includes(id));

describe("what a join hands out", () => {
	const claimsIn = (token: string): Json =>
		JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString()) as Json;

	it("of a project: its key, and a token of OpenTok until the participant's end", async () => {
		const room = await openRoom({ max_stay_seconds: 600 });
		const joined = await join(room, {}, { name: "Ann" });
		const { token } = joined.join;
		expect(joined.join).toEqual({
			api_key: VONAGE.apiKey,
			session_id: room.sessionId,
			token,
			proxy_url: `${gate.url}/join/v1/vonage/${joined.ticket}`,
		});
		expect(verifyToken(token)).not.toBeNull();
		const claims = claimsIn(token);
		expect(claims).toMatchObject({
			iss: VONAGE.apiKey,
			ist: "project",
			session_id: room.sessionId,
			role: "publisher",
			scope: "session.connect",
			initial_layout_class_list: "",
			exp: joined.expires_at,
			expire_time: joined.expires_at,
		});
		expect(JSON.parse(String(claims["connection_data"]))).toMatchObject({
			participant_id: joined.participant_id,
			name: "Ann",
			decision_id: expect.any(String),
		});
	});

	it("of an application: its id, and a token of the unified platform", async () => {
		const room = await openRoom({}, { unified: true });
		const { join: material, expires_at } = await join(room);
		expect(material).toMatchObject({ application_id: VONAGE.applicationId, session_id: room.sessionId });
		expect(verifyToken(material.token)).not.toBeNull();
		expect(claimsIn(material.token)).toMatchObject({
			application_id: VONAGE.applicationId,
			sub: "video",
			acl: { paths: { "/session/**": {} } },
			scope: "session.connect",
			exp: expires_at,
		});
	});

	it.each(["subscriber", "publisheronly", "publisher", "moderator"])("to a %s: that role", async (role) => {
		const { join: material } = await join(await openRoom(), { join_role: role });
		expect(claimsIn(material.token)["role"]).toBe(role);
	});

	it("nothing, where the account has no credentials of the session's project", async () => {
		const room = await openRoom();
		await put(`e2ee-sessions/${room.id}`, {
			provider: "vonage",
			vonage: { api_key: "1", session_id: room.sessionId, api_url: platform.url },
		});
		const answer = await askToJoin(room);
		expect([answer.status, answer.headers.get("Playgate-Reason")]).toEqual([502, "provider-not-configured"]);
	});

	it("nothing while the session is locked, and nothing once it has ended", async () => {
		const room = await openRoom();
		const reasons = [];
		for (const command of ["lock", "end"]) {
			await gate.manage("POST", `${account.manageUrl}/e2ee-sessions/${room.id}/${command}`);
			reasons.push((await askToJoin(room)).headers.get("Playgate-Reason"));
		}
		expect(reasons).toEqual(["e2ee-session-locked", "e2ee-session-ended"]);
	});

	it("to one who waits in the lobby: nothing yet, and everything when let in", async () => {
		const room = await openRoom({ lobby: true });
		const waiting = (await (await askToJoin(room)).json()) as JoinAnswer & { readonly status: string };
		expect([waiting.status, waiting.join]).toEqual(["waiting", {}]);
		await gate.manage("POST", `${participantsOf(room)}/${waiting.participant_id}/approve`);
		const renewed = await ask(`${gate.url}/join/v1/participants/${waiting.ticket}`, { method: "POST" });
		expect(await renewed.json()).toMatchObject({ status: "admitted", join: { session_id: room.sessionId } });
	});

	it("nothing to one too many", async () => {
		const room = await openRoom({ max_participants: 1 });
		await join(room);
		const answer = await askToJoin(room, { uid: "ben" });
		expect([answer.status, answer.headers.get("Playgate-Reason")]).toEqual([403, "e2ee-session-full"]);
	});
});

describe.each([
	["a project", false],
	["an application", true],
])("the client of %s", (_kind, unified) => {
	it("is admitted, publishes with encryption, and everything goes through the gate", async () => {
		const room = await openRoom({}, { unified });
		const joined = await join(room);
		const page = await watch(joined);
		await connected(page);
		const connection = connectionOf(joined);
		expect(connection?.said).toEqual(["create connection"]);
		expect(await statusOf(room, joined.participant_id)).toMatchObject({ status: "connected" });
		await page.publish();
		await eventually(() => expect(connection?.said).toContain("create stream"));
		const [stream] = (connection?.frames ?? []).filter(
			({ data }) => data.includes('"e2ee":true') && data.includes("channel"),
		);
		expect(stream).toBeDefined();
		const strangers = page.requested.filter(
			(url) => /opentok|tokbox|vonage\.com/.test(url) && !url.startsWith(gate.url.replace("http", "")),
		);
		expect(strangers.filter((url) => !url.includes("/join/v1/vonage/") && !url.startsWith(gate.origin.url))).toEqual(
			[],
		);
	});
});

describe("a client that may not connect", () => {
	it("is too old: 2.26.4 hears which version it needs", async () => {
		const joined = await join(await openRoom());
		const page = await watch(joined, null, "opentok-client-2.26");
		expect(await failed(page)).toMatchObject({
			name: "OT_AUTHENTICATION_ERROR",
			message: expect.stringContaining("2.27.0 or later"),
		});
		expect(connectionOf(joined)).toBeUndefined();
	});

	it("was kicked before: hears that it is out", async () => {
		const room = await openRoom();
		const joined = await join(room);
		await gate.manage("DELETE", `${participantsOf(room)}/${joined.participant_id}`);
		expect(await failed(await watch(joined))).toMatchObject({
			name: "OT_AUTHENTICATION_ERROR",
			message: expect.stringContaining("kicked"),
		});
	});

	it("comes with a ticket that is none", async () => {
		const joined = await join(await openRoom());
		const proxy_url = `${gate.url}/join/v1/vonage/none`;
		expect(await failed(await watch({ ...joined, join: { ...joined.join, proxy_url } }))).toMatchObject({
			name: "OT_AUTHENTICATION_ERROR",
			message: expect.stringContaining("ticket"),
		});
	});

	it("comes with the token of another participant", async () => {
		const room = await openRoom();
		const [ann, ben] = [await join(room), await join(room, { uid: "ben" })];
		const page = await watch({ ...ann, join: { ...ann.join, token: ben.join.token } });
		expect(await failed(page)).toMatchObject({ message: expect.stringContaining("not the one that the join gave") });
	});

	it("comes to a session whose limit was lowered: one too many", async () => {
		const room = await openRoom({ max_participants: 2 });
		const [ann, ben] = [await join(room), await join(room, { uid: "ben" })];
		const vonage = { api_key: VONAGE.apiKey, session_id: room.sessionId, api_url: platform.url };
		await put(`e2ee-sessions/${room.id}`, { provider: "vonage", vonage, max_participants: 1 });
		await connected(await watch(ann));
		expect(await failed(await watch(ben))).toMatchObject({ name: "OT_CONNECTION_LIMIT_EXCEEDED", code: 1027 });
	});

	it("finds a session that the platform does not encrypt", async () => {
		const joined = await join(await openRoom({}, { e2ee: false }));
		expect(await failed(await watch(joined))).toMatchObject({
			message: expect.stringContaining("without end-to-end encryption"),
		});
	});
});

describe("a client that must go", () => {
	it.each<[string, (room: Room, joined: JoinAnswer, jti: string) => Promise<unknown>]>([
		["is kicked", (room, { participant_id: id }) => gate.manage("DELETE", `${participantsOf(room)}/${id}`)],
		[
			"is revoked",
			(_room, _joined, jti) => gate.manage("POST", `${account.manageUrl}/revocations`, { kind: "jti", value: jti }),
		],
		["sees the session ended", ({ id }) => gate.manage("POST", `${account.manageUrl}/e2ee-sessions/${id}/end`)],
	])("%s: forceDisconnected, at the platform too", async (_what, act) => {
		const room = await openRoom();
		const jti = `jti-${room.id}`;
		const joined = await join(room, { jti });
		const page = await watch(joined);
		await connected(page);
		const connection = connectionOf(joined);
		await act(room, joined, jti);
		await page.sees("its end", ({ disconnected }) => disconnected === "forceDisconnected");
		await eventually(() => expect(connection?.closed).toBe(true));
		await eventually(() => expect(rumor.disconnected).toContain(connection?.id));
	});

	it("token expired: forceDisconnected", async () => {
		const page = await inTime(
			async (seconds) => {
				const exp = nowSeconds() - SKEW_SECONDS + seconds;
				const page = await watch(await join(await openRoom(), { iat: exp - 600, exp }));
				await page.sees(
					"the connection or its failure",
					({ connected: isSo, failed: error }) => isSo || error !== null,
				);
				expect(await page.seen()).toMatchObject({ connected: true, disconnected: null });
				return page;
			},
			[8, 40],
		);
		const { disconnected } = await page.sees("its end", ({ disconnected: reason }) => reason !== null);
		expect(disconnected).toBe("forceDisconnected");
	});

	it("connects elsewhere with the same ticket: the connection before ends", async () => {
		const joined = await join(await openRoom());
		const first = await watch(joined);
		await connected(first);
		await connected(await watch(joined));
		const { disconnected } = await first.sees("its end", ({ disconnected: reason }) => reason !== null);
		expect(disconnected).toBe("forceDisconnected");
	});

	it("leaves: its place is free", async () => {
		const room = await openRoom({ max_participants: 1 });
		const joined = await join(room);
		const page = await watch(joined);
		await connected(page);
		await page.disconnect();
		await eventually(async () => {
			expect(await statusOf(room, joined.participant_id)).toMatchObject({ status: "gone", because: "left" });
		});
		await join(room, { uid: "ben" });
	});

	it("leaves, and joins again in the same page, which keeps its first proxy URL: this session, and others", async () => {
		const room = await openRoom();
		const page = await watch(await join(room));
		await connected(page);
		const [again, beside] = [() => page.disconnect(), () => Promise.resolve()];
		for (const [next, before] of [
			[room, again],
			[await openRoom(), again],
			[await openRoom(), beside],
		] as const) {
			await before();
			const joined = await join(next);
			await page.connect(joined.join, SECRET);
			await eventually(async () => {
				expect(await statusOf(next, joined.participant_id)).toMatchObject({ status: "connected" });
			});
			await eventually(() => expect(connectionOf(joined)?.said).toContain("create connection"));
		}
	});

	it("loses its connection: comes back by itself, and stays the same participant", async () => {
		const room = await openRoom();
		const joined = await join(room);
		const page = await watch(joined);
		await connected(page);
		const first = connectionOf(joined);
		const before = rumor.connections.length;
		first?.cut();
		await eventually(() => expect(rumor.connections.length).toBeGreaterThan(before));
		expect(rumor.connections.at(-1)?.url).toContain("reconnect=true");
		await eventually(async () => {
			expect(await statusOf(room, joined.participant_id)).toMatchObject({ status: "connected" });
		});
	});
});

describe("a client that is asked to move to another server", () => {
	it("does, with both connections open as long as it needs them, and stays the same participant", async () => {
		const room = await openRoom();
		const joined = await join(room);
		const page = await watch(joined);
		await connected(page);
		await page.page.evaluate("session.MIGRATION_TIMEOUT = 3000"); // in place of 20 s
		const first = connectionOf(joined);
		platform.moveMessaging(`${rumor.url}?server=2`);
		first?.rotate();
		await eventually(() => expect(connectionOf(joined)).not.toBe(first));
		platform.moveMessaging(rumor.url);
		const second = connectionOf(joined);
		expect(second?.url).toMatch(/^\/rumorwebsocketsv2\?server=2&socketId=[^&]+&attempt=[^&]+$/);
		expect([second?.id, first?.closed]).toEqual([first?.id, false]);
		await eventually(() => expect(first?.closed).toBe(true));
		expect(await page.seen()).toMatchObject({ connected: true, disconnected: null });
		expect(second?.closed).toBe(false);
		expect(await statusOf(room, joined.participant_id)).toMatchObject({ status: "connected" });
		await page.publish();
		await eventually(() => expect(second?.said).toContain("create stream"));
	});
});

describe("what a client may send", () => {
	it("a stream without encryption is refused: 2.35.2 lets an empty secret pass", async () => {
		const joined = await join(await openRoom());
		const page = await watch(joined, "");
		await connected(page);
		await page.publish();
		const { publishFailed } = await page.sees("the refusal", ({ publishFailed: error }) => error !== null);
		expect(publishFailed).toMatchObject({
			name: "OT_STREAM_CREATE_FAILED",
			message: expect.stringContaining("Tried to publish a stream to an encrypted session without enabling encryption"),
		});
		expect(connectionOf(joined)?.said).not.toContain("create stream");
	});

	it("a subscription without encryption is refused, one with it passes", async () => {
		const room = await openRoom();
		const [ann, ben, cleo] = [await join(room), await join(room, { uid: "ben" }), await join(room, { uid: "cleo" })];
		const [annsPage, bensPage, cleosPage] = [await watch(ann), await watch(ben, ""), await watch(cleo)];
		for (const page of [annsPage, bensPage, cleosPage]) await connected(page);
		await annsPage.publish();
		const { subscribeFailed } = await bensPage.sees("the refusal", ({ subscribeFailed: error }) => error !== null);
		expect(subscribeFailed).toMatchObject({ name: "OT_UNABLE_TO_SUBSCRIBE", code: 1501 });
		await eventually(() => expect(connectionOf(cleo)?.said).toContain("create subscriber"));
		expect(connectionOf(ben)?.said).not.toContain("create subscriber");
	});

	it("a subscriber's stream is refused", async () => {
		const joined = await join(await openRoom(), { join_role: "subscriber" });
		const page = await watch(joined);
		await connected(page);
		await page.publish();
		await page.sees("the refusal", ({ publishFailed }) => publishFailed !== null);
		expect(connectionOf(joined)?.said).not.toContain("create stream");
	});
});

const topic = (address: string): Uint8Array =>
	writeRumor({ type: RUMOR.subscribe, addresses: [address], headers: new Map(), data: "" });

describe("the proxy", () => {
	const info = (
		joined: JoinAnswer,
		{ host = "anvil.opentok.com", headers = {}, path = `/session/${joined.join.session_id}` } = {},
	) =>
		ask(`${joined.join.proxy_url}/${host}${path}?extended=true`, {
			headers: { "X-OPENTOK-AUTH": joined.join.token, "X-TB-CLIENT-VERSION": "js-2.35.2", ...headers },
		});

	const CHROME =
		"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36";
	const SAFARI =
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Safari/605.1.15";
	const FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0";

	it.each([
		["2.27.0 in Chrome", "js-2.27.0", CHROME, null],
		["2.26.9 in Chrome", "js-2.26.9", CHROME, "2.27.0"],
		["2.27.0 in Safari", "js-2.27.0", SAFARI, "2.30.0"],
		["2.30.0 in Safari", "js-2.30.0", SAFARI, null],
		["2.35.2 in Firefox", "js-2.35.2", FIREFOX, "Firefox"],
		["no version", "", CHROME, "2.27.0"],
		["Android 2.26.0", "android-2.26.0", "okhttp/4", "2.27.0"],
		["Android 2.30.1", "android-2.30.1", "okhttp/4", null],
	])("%s", async (_what, version, userAgent, told) => {
		const joined = await join(await openRoom());
		const headers = { "X-TB-CLIENT-VERSION": version, "User-Agent": userAgent };
		const answer = await info(joined, { headers });
		expect(answer.status).toBe(200);
		const [first] = (await answer.json()) as [
			{ error?: { code: number; errorMessage: { message: string } }; messaging_url?: string },
		];
		const proxied = joined.join.proxy_url.replace("http", "ws");
		expect([first.messaging_url, first.error?.code, answer.headers.get("Playgate-Reason")?.replace(/-.*/, "")]).toEqual(
			told === null
				? [`${proxied}/${new URL(rumor.url).host}/rumorwebsocketsv2`, undefined, undefined]
				: [undefined, 403, "client"],
		);
		expect(first.error?.errorMessage.message ?? "").toContain(told ?? "");
	});

	it("asks nobody but the session's platform", async () => {
		const joined = await join(await openRoom());
		const before = platform.calls.length;
		const foreign = await info(joined, { host: new URL(gate.origin.url).host });
		expect([foreign.status, foreign.headers.get("Playgate-Reason")]).toEqual([403, "vonage-host-refused"]);
		const other = await info(joined, { path: "/session/1_other" });
		expect(await other.json()).toMatchObject([{ error: { code: 404 } }]);
		const head = await ask(`${joined.join.proxy_url}/anvil.opentok.com/session/${joined.join.session_id}`, {
			method: "HEAD",
		});
		expect([head.status, head.headers.get("Allow")]).toEqual([405, "GET, OPTIONS"]);
		for (const path of ["/v2/project/1/archive", "/", "/session/create"])
			expect((await info(joined, { path })).status).toBe(path === "/session/create" ? 200 : 404);
		expect(platform.calls.slice(before).filter(({ path }) => path.startsWith("/session"))).toEqual([]);
	});

	it("answers preflights, and swallows what the client logs", async () => {
		const joined = await join(await openRoom());
		const url = `${joined.join.proxy_url}/hlg.tokbox.com/prod/logging/ClientEvent`;
		const preflight = await ask(url, {
			method: "OPTIONS",
			headers: { Origin: "https://a.example", "Access-Control-Request-Headers": "x-opentok-auth" },
		});
		expect(preflight.headers.get("Access-Control-Allow-Headers")).toBe("x-opentok-auth");
		const logged = await ask(url, { method: "POST", body: "{}" });
		expect([logged.status, logged.headers.get("Access-Control-Allow-Origin")]).toEqual([200, "*"]);
	});

	it("gives the configuration of the platform, or an empty one", async () => {
		const joined = await join(await openRoom());
		const answer = await ask(`${joined.join.proxy_url}/config.opentok.com/project/${VONAGE.apiKey}/config.json`);
		expect([answer.status, await answer.json()]).toEqual([200, {}]);
		expect(platform.calls.map(({ path }) => path)).toContain(`/project/${VONAGE.apiKey}/config.json`);
		expect((await ask(`${joined.join.proxy_url}/config.opentok.com/project/999/config.json`)).status).toBe(404);
		const unified = await join(await openRoom({}, { unified: true }));
		const own = await ask(`${unified.join.proxy_url}/config.opentok.com/project/${VONAGE.applicationId}/config.json`);
		expect(own.status).toBe(200);
	});

	function upgrade(url: string, headers: Record<string, string> = {}): Promise<readonly unknown[]> {
		return new Promise((resolve) => {
			const ws = new WebSocket(url, { headers });
			ws.on("unexpected-response", (_request, response) => {
				resolve([response.statusCode, response.headers["playgate-reason"]]);
				ws.terminate();
			});
			ws.on("open", () => {
				resolve([101]);
				ws.close();
			});
			ws.on("error", () => {});
		});
	}

	/** The messaging of a participant, as a program opens it: what it is told, and how it ends. */
	async function openMessaging(joined: JoinAnswer, headers: Record<string, string> = {}, query = "") {
		await info(joined, { headers: { "User-Agent": "test", ...headers } });
		const url = `${joined.join.proxy_url.replace("http", "ws")}/${new URL(rumor.url).host}/rumorwebsocketsv2${query}`;
		const ws = new WebSocket(url, { headers: { "User-Agent": "test", ...headers } });
		const told: RumorFrame[] = [];
		const closed = new Promise<number>((resolve) => ws.on("close", resolve));
		ws.on("message", (data: Buffer) => told.push(readRumor(new Uint8Array(data)) as RumorFrame));
		await once(ws, "open");
		ws.on("error", () => {}); // what it comes to is told by its close
		return { ws, told, closed };
	}

	/** What a client says first: its name, and that it comes in. */
	function enter(ws: WebSocket, { join: { token, session_id } }: JoinAnswer, id: string): void {
		const uri = `/v2/partner/${VONAGE.apiKey}/session/${session_id}/connection/${id}`;
		const data = JSON.stringify({ method: "create", uri, content: { capabilities: ["e2ee"] } });
		const headers = new Map(Object.entries({ "TRANSACTION-ID": "t", "X-TB-TOKEN-AUTH": token }));
		ws.send(writeRumor({ type: RUMOR.connect, addresses: [], headers: new Map([["uniqueId", id]]), data: "" }));
		ws.send(writeRumor({ type: RUMOR.message, addresses: [SYMPHONY], headers, data }));
	}

	/** Comes in by this name, and loses its connection. */
	async function goAway(room: Room, joined: JoinAnswer, id: string): Promise<void> {
		const { ws, told } = await openMessaging(joined);
		enter(ws, joined, id);
		await eventually(() => expect(told.length).toBeGreaterThan(1));
		ws.terminate();
		await eventually(async () => expect(await statusOf(room, joined.participant_id)).toMatchObject({ status: "away" }));
	}

	it.each<[string, string | Uint8Array, number]>([
		["text", "hello", 1003],
		["bytes that are no frame", Uint8Array.of(1, 2, 3), 1002],
		["a frame that is too large", new Uint8Array(300_000), 1009],
		["a topic of another session", topic("/v2/partner/1/session/1_other"), 1008],
	])("ends a connection that sends %s", async (_what, data, code) => {
		const { ws, closed } = await openMessaging(await join(await openRoom()));
		ws.send(data);
		expect(await closed).toBe(code);
	});

	it("puts one out of the platform's session that it came to, though the record names another one since", async () => {
		const room = await openRoom();
		const ann = await join(room);
		const { ws, told } = await openMessaging(ann);
		const connection = `renamed-${room.id}`;
		enter(ws, ann, connection);
		await eventually(() => expect(told.length).toBeGreaterThan(1));
		const vonage = { api_key: VONAGE.apiKey, session_id: platform.addSession(true), api_url: platform.url };
		await put(`e2ee-sessions/${room.id}`, { provider: "vonage", vonage });
		await gate.manage("DELETE", `${participantsOf(room)}/${ann.participant_id}`);
		const path = `/v2/project/${VONAGE.apiKey}/session/${room.sessionId}/connection/${connection}`;
		await eventually(() => expect(platform.calls.map((call) => decodeURIComponent(call.path))).toContain(path));
		ws.close();
	});

	it("answers a connection that was put out before it entered", async () => {
		const room = await openRoom();
		const joined = await join(room);
		const { ws, told } = await openMessaging(joined);
		await gate.manage("DELETE", `${participantsOf(room)}/${joined.participant_id}`);
		const headers = new Map([["TRANSACTION-ID", "t-1"]]);
		await eventually(() => {
			ws.send(writeRumor({ type: RUMOR.message, addresses: [SYMPHONY], headers, data: "{}" }));
			expect(told.map(({ data }) => (JSON.parse(data) as Json)["reason"])).toContain("participant-gone");
		});
	});

	it("ends a connection that names itself as another participant's, who stays when that one is put out", async () => {
		const room = await openRoom();
		const [ann, ben] = [await join(room), await join(room, { uid: "ben" })];
		const [anns, bens] = [await openMessaging(ann), await openMessaging(ben)];
		enter(anns.ws, ann, `victim-${room.id}`);
		await eventually(() => expect(anns.told.length).toBeGreaterThan(1));
		enter(bens.ws, ben, `victim-${room.id}`);
		expect(await bens.closed).toBe(1008);
		await gate.manage("DELETE", `${participantsOf(room)}/${ben.participant_id}`);
		await eventually(async () => expect(await statusOf(room, ben.participant_id)).toMatchObject({ status: "gone" }));
		expect(rumor.disconnected).not.toContain(`victim-${room.id}`);
		anns.ws.close();
	});

	it("tells a browser within the connection why it may not go on", async () => {
		const joined = await join(await openRoom());
		const url = `${gate.url.replace("http", "ws")}/join/v1/vonage/no.ticket/${new URL(rumor.url).host}/rumorwebsocketsv2`;
		expect(await upgrade(url)).toEqual([401, "ticket-invalid"]);
		const { ws, told } = await openMessaging(
			{ ...joined, join: { ...joined.join, proxy_url: `${gate.url}/join/v1/vonage/no.ticket` } },
			{ Origin: "https://app.example" },
		);
		const headers = new Map([["TRANSACTION-ID", "t-1"]]);
		ws.send(writeRumor({ type: RUMOR.message, addresses: ["symphony"], headers, data: "{}" }));
		await eventually(() => expect(told).toHaveLength(1));
		expect([told[0]?.headers.get("STATUS"), JSON.parse(told[0]?.data ?? "{}")]).toMatchObject([
			"403",
			{ reason: "ticket-invalid" },
		]);
		ws.close();
	});

	it("lets a page that was opened anew in, though it could not connect at once", async () => {
		const room = await openRoom();
		const joined = await join(room);
		await goAway(room, joined, `before-${room.id}`);
		const named = { "X-TB-CONNECTIONID": `anew-${room.id}` };
		const { ws, told } = await openMessaging(joined, named, "?socketId=s&reconnect=true"); // as of the SDK's second attempt
		enter(ws, joined, `anew-${room.id}`);
		await eventually(() => expect(told.some(({ headers }) => headers.get("STATUS") === "200")).toBe(true));
		ws.close();
	});

	it("tells a browser that comes back that its participant went meanwhile, and that it need not try again", async () => {
		const room = await openRoom();
		const joined = await join(room);
		await goAway(room, joined, `own-${room.id}`);
		await gate.manage("DELETE", `${participantsOf(room)}/${joined.participant_id}`);
		const { told, closed } = await openMessaging(joined, { Origin: "https://app.example" }, "?reconnect=true");
		expect(await closed).toBe(1003);
		const uri = `/v2/partner/${VONAGE.apiKey}/session/${room.sessionId}/connection/own-${room.id}`;
		const deleted = { method: "deleted", uri, reason: "forceDisconnected" };
		expect(told.map(({ data }) => JSON.parse(data) as Json)).toMatchObject([deleted]);
	});

	it("takes nobody for the one who has gone, but the same viewer who has joined again", async () => {
		const room = await openRoom();
		const [ann, ben] = [await join(room), await join(room, { uid: "ben" })];
		await gate.manage("DELETE", `${participantsOf(room)}/${ann.participant_id}`);
		const asked = async (token: string) => (await info({ ...ann, join: { ...ann.join, token } })).json();
		expect(await asked(ben.join.token)).toMatchObject([{ error: { errorMessage: { reason: "participant-gone" } } }]);
		expect(await asked(ann.join.token)).toMatchObject([{ error: { errorMessage: { reason: "participant-gone" } } }]);
		const again = await join(room);
		expect(await asked(again.join.token)).toMatchObject([{ session_id: room.sessionId }]);
	});

	it("judges particulars that say that there is no error", async () => {
		const joined = await join(await openRoom());
		const messaging = { messaging_url: rumor.url, symphony_address: SYMPHONY, partner_id: VONAGE.apiKey };
		const particulars = JSON.stringify([{ ...messaging, error: null, properties: { e2ee: false } }]);
		await eventually(async () => {
			platform.failNext(200, particulars); // unless a call of another test gets it
			expect(await (await info(joined)).json()).toMatchObject([{ error: { code: 403 } }]);
		});
	});

	it("opens the messaging that the session's particulars named, and no other", async () => {
		const joined = await join(await openRoom());
		const ws = joined.join.proxy_url.replace("http", "ws");
		const { host } = new URL(rumor.url);
		expect(await upgrade(`${ws}/${host}/rumorwebsocketsv2`)).toEqual([403, "vonage-host-refused"]); // not asked for them yet
		await info(joined);
		expect(await upgrade(`${ws}/${host}/other`)).toEqual([403, "vonage-host-refused"]);
		expect(await upgrade(`${ws}/${new URL(platform.url).host}/rumorwebsocketsv2`)).toEqual([
			403,
			"vonage-host-refused",
		]);
		expect(await upgrade(`${ws}/${host}/rumorwebsocketsv2?attempt=1`)).toEqual([101]);
	});

	it.each(["ws://127.0.0.1:80/rumor", "ws://127.0.0.1:9/logging/rumor"])("dials messaging at %s", async (url) => {
		const joined = await join(await openRoom());
		const [particulars] = (await (await info(joined)).json()) as [Json];
		platform.failNext(200, JSON.stringify([{ ...particulars, messaging_url: url }]));
		const [{ messaging_url: messaging }] = (await (await info(joined)).json()) as [{ messaging_url: string }];
		expect(await upgrade(messaging)).toEqual([502, "provider-unavailable"]); // nobody is there
	});
});

it("no ticket and no token is ever in the log", () => {
	const log = gate.logLines.join("\n");
	expect(log).toContain("/join/v1/vonage/*");
	const tokens = platform.calls.map(({ headers }) => headers["x-opentok-auth"]);
	expect(tokens.filter((token) => typeof token === "string" && log.includes(token))).toEqual([]);
	expect(log).not.toMatch(/vonage\/[A-Za-z0-9_-]{20,}\./);
});
