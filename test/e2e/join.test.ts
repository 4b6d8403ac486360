import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type TestSession, answered, openSession, openSocket } from "../support/join.ts";
import { ask } from "../support/player.ts";
import type { Client } from "../support/player.ts";
import { nowSeconds, startTestGate } from "../support/running-gate.ts";
import type { Json, TestAccount, TestGate } from "../support/running-gate.ts";
import { eventually, inTime } from "../support/patience.ts";

let gate: TestGate;
beforeAll(async () => {
	gate = await startTestGate();
});
afterAll(() => gate?.stop());

const open = async (record: Json = {}, settings: Json = {}) =>
	openSession(gate, await gate.openAccount(settings), record);
const outcomes = async (answers: Promise<{ status: number; reason: string }>[]) =>
	(await Promise.all(answers)).map(({ status, reason }) => (reason === "" ? status : reason));
const inSession = async (session: TestSession) => (await session.participants()).length;

describe("a join", () => {
	it("answers a place, a ticket and what to join with", async () => {
		const session = await open({ least_versions: { chrome: "120" } });
		const ann = await session.join({ uid: "ann" }, { name: "Ann", client: { sdk: "app", version: "1.2" } });
		expect([ann.status, ann.body]).toEqual([
			201,
			{
				participant_id: expect.stringMatching(/^p_[\w-]{22}$/) as string,
				session_id: "room-1",
				provider: "webrtc",
				role: "publisher",
				status: "admitted",
				expires_at: expect.any(Number) as number,
				ticket: expect.stringMatching(/^[\w-]+\.[\w-]{32}$/) as string,
				join: { url: session.socketUrl(ann.ticket), ice_servers: [] },
				e2ee: {
					required: true,
					secret: { min_length: 8, max_length: 256 },
					least_versions: expect.objectContaining({ chrome: "120" }) as Json,
				},
			},
		]);
		expect(ann.headers.get("Cache-Control")).toBe("no-store");
		expect(ann.headers.get("Playgate-Decision")).toMatch(/^[\w-]{36}$/);
		expect(await session.participants()).toMatchObject([
			{
				id: ann.participantId,
				name: "Ann",
				uid: "ann",
				role: "publisher",
				status: "admitted",
				sdk: "app",
				version: "1.2",
			},
		]);
	});

	it("takes an empty body, and a GET that wants JSON", async () => {
		const session = await open();
		const token = await (await gate.openAccount()).sign();
		expect(token).not.toBe("");
		const account = await gate.openAccount();
		const other = await openSession(gate, account);
		const Authorization = `Bearer ${await account.sign()}`;
		expect((await answered(await ask(other.url, { method: "POST", headers: { Authorization } }))).status).toBe(201);
		const asJson = await ask(`${other.url}?role=subscriber&name=Bo`, {
			headers: { Authorization, Accept: "application/json" },
		});
		expect([asJson.status, await asJson.json()]).toMatchObject([201, { role: "subscriber" }]);
		expect(await inSession(session)).toBe(0);
	});

	it.each(["علی\u200cرضا", "👩\u200d💻 Ann"])("takes the name %s", async (name) => {
		const session = await open();
		expect((await session.join({}, { name })).status).toBe(201);
		expect(await session.participants()).toMatchObject([{ name }]);
	});

	it("sends a browser on to the session's page, with the ticket in the fragment", async () => {
		const account = await gate.openAccount();
		const session = await openSession(gate, account, { join_url: "https://app.example/r?room=1#/lobby" });
		const answer = await ask(`${session.url}?bcov_auth=${await account.sign()}`, {
			headers: { Accept: "text/html,*/*" },
		});
		const location = new URL(answer.headers.get("Location") ?? "");
		expect([answer.status, answer.headers.get("Referrer-Policy")]).toEqual([303, "no-referrer"]);
		expect([location.origin + location.pathname + location.search, location.hash]).toEqual([
			"https://app.example/r?room=1",
			expect.stringMatching(/^#\/lobby&ticket=[\w.-]+&participant=p_[\w-]{22}$/) as string,
		]);
		const ticket = /ticket=([\w.-]+)/.exec(location.hash)?.[1] ?? "";
		const renewed = await answered(await ask(`${gate.url}/join/v1/participants/${ticket}`, { method: "POST" }));
		expect([renewed.status, renewed.body["status"]]).toEqual([200, "admitted"]);
		const socket = await openSocket(session.socketUrl(renewed.ticket));
		await socket.next("welcome");
		socket.socket.close();
	});

	it("spends nothing for a link to a session without a page, nor for HEAD", async () => {
		const account = await gate.openAccount();
		const session = await openSession(gate, account);
		const url = `${session.url}?bcov_auth=${await account.sign({ maxu: 1, uid: "ann", climit: 1, cbeh: "BLOCK_NEW" })}`;
		expect((await answered(await ask(url))).reason).toBe("join-url-missing");
		const head = (client: Client = {}) => ask(url, { ...client, method: "HEAD" });
		expect((await head()).headers.get("Playgate-Reason")).toBe("join-url-missing");
		const json = { headers: { Accept: "application/json" } };
		for (const _ of [1, 2]) expect((await head(json)).status).toBe(200);
		expect(await inSession(session)).toBe(0);
		expect((await answered(await ask(url, { method: "POST" }))).status).toBe(201);
		expect((await head(json)).headers.get("Playgate-Reason")).toBe("use-limit");
	});

	it("answers preflights, and refusals that page script may read", async () => {
		const session = await open();
		const headers = { Origin: "https://app.example", "Access-Control-Request-Method": "POST" };
		expect((await ask(session.url, { method: "OPTIONS", headers })).status).toBe(204);
		const refused = await ask(session.url, { method: "POST", headers: { Origin: "https://app.example" } });
		expect(refused.headers.get("Access-Control-Allow-Origin")).toBe("*");
		expect(refused.headers.get("WWW-Authenticate")).toContain("Bearer");
		expect(await refused.json()).toMatchObject({ status: 401, reason: "token-required" });
		expect(refused.headers.get("Content-Type")).toBe("application/problem+json");
	});
});

interface Refused {
	readonly record?: Json;
	readonly settings?: Json;
	readonly claims?: Json;
	readonly body?: Json;
	readonly client?: Client;
	/** Joins that come before. */
	readonly after?: readonly Json[];
}

const soon = nowSeconds() + 3600;
const cases: [string, number, Refused][] = [
	["token-expired", 401, { claims: { exp: nowSeconds() - 3600, iat: nowSeconds() - 7200 } }],
	["audience-mismatch", 401, { claims: { aud: ["static.api.brightcove.com"] } }],
	["account-mismatch", 403, { claims: { accid: "someone" } }],
	["claim-invalid", 401, { claims: { join_role: "king" } }],
	["claim-not-enabled", 403, { settings: { tier: 1 }, claims: { uid: "ann" } }],
	["video-not-in-token", 403, { claims: { conid: "room-2" } }],
	["video-not-in-token", 403, { claims: { vids: ["room-2"] } }],
	["tags-mismatch", 403, { claims: { tags: ["x"] }, record: { tags: ["y"] } }],
	["user-agent-mismatch", 403, { claims: { ua: "Another/1" } }],
	["e2ee-session-not-started", 403, { record: { starts_at: soon } }],
	["e2ee-session-ended", 403, { record: { ends_at: nowSeconds() - 5 } }],
	["e2ee-session-ended", 403, { record: { status: "ended" } }],
	["e2ee-session-locked", 403, { record: { status: "locked" } }],
	["rights-missing", 502, { record: { playback_rights_id: "none" } }],
	["role-not-allowed", 403, { body: { role: "moderator" } }],
	["role-not-allowed", 403, { claims: { join_role: "subscriber" }, body: { role: "publisher" } }],
	["e2ee-session-full", 403, { record: { max_participants: 1 }, after: [{}] }],
	["participant-present", 403, { record: { identity: "refuse" }, claims: { uid: "ann" }, after: [{ uid: "ann" }] }],
	["bad-request", 400, { body: { role: "king" } }],
	["bad-request", 400, { body: { name: "x".repeat(129) } }],
	["bad-request", 400, { body: { name: 7 } }],
	["bad-request", 400, { body: { client: [] } }],
	["bad-request", 400, { body: { device_id: "no blanks" } }],
	["bad-request", 400, { client: { body: "[]" } }],
	["bad-request", 400, { client: { body: "{" } }],
	["media-type-unsupported", 415, { client: { headers: { "Content-Type": "text/plain" } } }],
	["record-too-large", 413, { client: { body: JSON.stringify({ x: "x".repeat(70_000) }) } }],
	["ip-limit", 403, { claims: { maxip: 1, uid: "ann", jti: "same" }, client: { ip: "203.0.113.8" }, after: [] }],
];

describe("is refused with a reason", () => {
	it.each(cases.filter(([reason]) => reason !== "ip-limit"))("%s, %i", async (reason, status, given) => {
		const session = await open(given.record, given.settings);
		for (const claims of given.after ?? []) expect((await session.join(claims)).status).toBe(201);
		const refused = await session.join(given.claims, given.body, given.client);
		expect([refused.reason, refused.status]).toEqual([reason, status]);
		expect(refused.body).toMatchObject({
			type: expect.stringContaining(reason) as string,
			status,
			decision_id: refused.headers.get("Playgate-Decision"),
		});
		expect(refused.headers.get("Playgate-Reason")).toBe(reason);
		expect(await inSession(session)).toBe((given.after ?? []).length);
	});

	it("where nothing is, and where nothing else is answered", async () => {
		const account = await gate.openAccount();
		const session = await openSession(gate, account);
		const headers = { Authorization: `Bearer ${await account.sign()}` };
		const at = async (url: string, method = "POST") => (await answered(await ask(url, { method, headers }))).reason;
		expect(await at(session.url.replace("room-1", "room-9"))).toBe("e2ee-session-not-found");
		expect(await at(session.url.replace("room-1", "%2e%2e"))).not.toBe("");
		expect(await at(session.url, "PUT")).toBe("method-not-allowed");
		expect(await at(`${session.url}?x=1&x=2`)).toBe("token-repeated");
		expect(await at(`${gate.url}/join/v1/participants/nothing`, "DELETE")).toBe("ticket-invalid");
		expect(await at(`${gate.url}/join/v1/rooms/nothing`, "GET")).toBe("bad-request");
		const other = await openSession(gate, await gate.openAccount());
		expect((await other.joinWith(await account.sign({ accid: undefined }))).status).toBe(201); // same keys in these tests
	});

	it("the token's claims vids and conid may name the session", async () => {
		const session = await open();
		expect(await outcomes([session.join({ conid: "room-1" }), session.join({ vids: ["a", "room-1"] })])).toEqual([
			201, 201,
		]);
	});
});

describe("limits of the token", () => {
	it("50 at once with seven places let seven in", async () => {
		const session = await open({ max_participants: 7 });
		const answers = await outcomes(Array.from({ length: 50 }, () => session.join()));
		expect(answers.filter((answer) => answer === 201)).toHaveLength(7);
		expect(answers.filter((answer) => answer === "e2ee-session-full")).toHaveLength(43);
		expect(await inSession(session)).toBe(7);
	});

	it("maxu counts joins, and one that finds no place is given back", async () => {
		const session = await open({ max_participants: 2 });
		const token = await session.join({}).then(async () => "");
		expect(token).toBe("");
		const account = await gate.openAccount();
		const small = await openSession(gate, account, { max_participants: 3 });
		const shared = await account.sign({ maxu: 3 });
		const answers = await outcomes(Array.from({ length: 10 }, () => small.joinWith(shared)));
		expect(answers.filter((answer) => answer === 201)).toHaveLength(3);
		const [first] = await small.participants();
		expect((await small.order("DELETE", `participants/${String(first?.["id"])}`)).status).toBe(204);
		expect((await small.joinWith(shared)).reason).toBe("use-limit");
	});

	it("climit: BLOCK_NEW refuses the second session until the first leaves; without it the older one goes", async () => {
		const account = await gate.openAccount({ touch_seconds: 1 });
		const [one, two] = [await openSession(gate, account, {}, "one"), await openSession(gate, account, {}, "two")];
		const block = { uid: "ann", climit: 1, cbeh: "BLOCK_NEW" };
		const ann = await one.join(block);
		expect((await two.join(block)).reason).toBe("stream-limit-create");
		expect((await ask(`${gate.url}/join/v1/participants/${ann.ticket}`, { method: "DELETE" })).status).toBe(204);
		const again = await two.join(block);
		expect(again.status).toBe(201);
		const socket = await openSocket(two.socketUrl(again.ticket));
		await socket.next("welcome");
		expect((await one.join({ uid: "ann", climit: 1 })).status).toBe(201);
		expect(await socket.closed).toEqual({ code: 4008, reason: "viewer-session-ended" });
		const live = await gate.manage("GET", `${account.manageUrl}/sessions?uid=ann`);
		expect(await live.json()).toMatchObject([{ video: "one" }]);
	});

	it("climit: one who leaves through the room, or never comes, frees the session within a second or two", async () => {
		const account = await gate.openAccount();
		const session = await openSession(gate, account, { ticket_seconds: 1 });
		const joinAs = (sid: string) => session.join({ uid: "ann", climit: 1, cbeh: "BLOCK_NEW", sid });
		const inTime = async (sid: string) => {
			await expect.poll(async () => (await joinAs(sid)).status).toBe(201);
		};
		const socket = await openSocket(session.socketUrl((await joinAs("a")).ticket));
		socket.send({ type: "leave" });
		await socket.closed;
		await inTime("b"); // and never comes
		await inTime("c");
	});

	it("an operator who ends the viewer's session puts the participant out", async () => {
		const account = await gate.openAccount({ touch_seconds: 1 });
		const session = await openSession(gate, account);
		const ann = await session.join({ uid: "ann", climit: 2, sid: "call" });
		const socket = await openSocket(session.socketUrl(ann.ticket));
		expect((await gate.manage("DELETE", `${account.manageUrl}/sessions/call?uid=ann`)).status).toBe(204);
		expect((await socket.closed).reason).toBe("viewer-session-ended");
	});

	it("dlimit takes the device of the body, and maxip the address", async () => {
		const session = await open({ identity: "many" });
		const claims = { uid: "ann", dlimit: 1 };
		expect((await session.join(claims, { device_id: "phone" })).status).toBe(201);
		expect((await session.join(claims, { device_id: "phone" })).status).toBe(201);
		expect((await session.join(claims, { device_id: "tablet" })).reason).toBe("device-limit");
		const account = await gate.openAccount();
		const other = await openSession(gate, account);
		const token = await account.sign({ maxip: 1 });
		expect((await other.joinWith(token)).status).toBe(201);
		expect((await other.joinWith(token, {}, { ip: "198.51.100.4" })).reason).toBe("ip-limit");
	});

	it("gives a browser a device cookie where devices count", async () => {
		const session = await open();
		const ann = await session.join({ uid: "ann", dlimit: 1 });
		expect(ann.headers.get("Set-Cookie")).toContain("playgate_device=");
	});
});

describe("a room", () => {
	it("takes a ticket once, and a later one instead", async () => {
		const session = await open();
		const ann = await session.join({ uid: "ann" });
		const socket = await openSocket(session.socketUrl(ann.ticket));
		const { ticket } = await socket.next("welcome");
		const refused = await openSocket(`${session.socketUrl(ann.ticket)}?refusals=close`);
		expect(await refused.closed).toEqual({ code: 4401, reason: "ticket-used" });
		const upgrade = { Upgrade: "websocket", Connection: "Upgrade" };
		expect(upgrade.Upgrade).toBe("websocket");
		const again = await openSocket(session.socketUrl(String(ticket)));
		expect(await again.next("welcome")).toMatchObject({ self: { id: ann.participantId } });
		expect(await socket.closed).toEqual({ code: 4005, reason: "replaced" });
		expect(await session.participants()).toMatchObject([{ id: ann.participantId, status: "connected" }]);
		again.send({ type: "leave" });
		expect(await again.closed).toEqual({ code: 4010, reason: "left" });
		expect(await session.participants(true)).toMatchObject([{ status: "gone", because: "left" }]);
		expect(
			(await answered(await ask(`${gate.url}/join/v1/participants/${ann.ticket}`, { method: "POST" }))).status,
		).toBe(410);
	});

	it.concurrent("a ticket that nobody used in time opens nothing, and the place is free again", async () => {
		const { session, late } = await inTime(
			async (seconds) => {
				const session = await open({ ticket_seconds: seconds, max_participants: 1 });
				const late = await session.join();
				expect((await session.join()).reason).toBe("e2ee-session-full");
				return { session, late };
			},
			[2, 10, 40],
		);
		await eventually(async () => expect(await inSession(session)).toBe(0));
		const refused = await openSocket(`${session.socketUrl(late.ticket)}?refusals=close`);
		expect(await refused.closed).toMatchObject({ reason: "participant-gone" });
		expect(await session.participants(true)).toMatchObject([{ because: "never-came" }]);
		expect((await session.join()).status).toBe(201);
	});

	it.concurrent("keeps the place of one who lost the connection, for a while", async () => {
		const { session, back } = await inTime(async (seconds) => {
			const session = await open({ reconnect_seconds: seconds });
			const ann = await session.join();
			const socket = await openSocket(session.socketUrl(ann.ticket));
			const { ticket } = await socket.next("welcome");
			socket.socket.close();
			await eventually(async () => {
				const [{ status, because } = {}] = await session.participants(true);
				expect(because ?? status).toMatch(/away|connection-lost/);
			});
			expect(await session.participants()).toMatchObject([{ status: "away" }]);
			const back = await openSocket(session.socketUrl(String(ticket)));
			await back.next("welcome");
			expect(await session.participants()).toMatchObject([{ status: "connected" }]);
			return { session, back };
		});
		back.socket.close();
		await eventually(async () => expect(await inSession(session)).toBe(0));
		expect(await session.participants(true)).toMatchObject([{ because: "connection-lost" }]);
	});

	it("waits in the lobby until a moderator says so", async () => {
		const session = await open({ lobby: true });
		const chair = await session.join({ uid: "chair", join_role: "moderator" });
		expect([chair.status, chair.body["role"]]).toEqual([201, "moderator"]);
		const [ann, ben, eve] = [
			await session.join({ uid: "ann" }),
			await session.join({ uid: "ben" }),
			await session.join({ uid: "eve" }),
		];
		expect([ann.status, ann.body["status"]]).toEqual([202, "waiting"]);
		const listed = await (await gate.manage("GET", session.manageUrl.replace(/\/[^/]+$/, ""))).json();
		expect(listed).toMatchObject({
			e2ee_sessions: [{ provider: "webrtc", status: "open", participants: 1, waiting: 3 }],
		});
		const [moderator, waiting] = [
			await openSocket(session.socketUrl(chair.ticket)),
			await openSocket(session.socketUrl(ann.ticket)),
		];
		expect(await waiting.next("welcome")).toMatchObject({ self: { status: "waiting" } });
		moderator.send({ type: "approve", participant: ann.participantId });
		await waiting.next("admitted");
		moderator.send({ type: "deny", participant: eve.participantId });
		await expect
			.poll(
				async () =>
					(await answered(await ask(`${gate.url}/join/v1/participants/${eve.ticket}`, { method: "POST" }))).reason,
			)
			.toBe("lobby-denied");
		expect((await session.order("POST", `participants/${ben.participantId}/approve`)).status).toBe(200);
		const after = await answered(await ask(`${gate.url}/join/v1/participants/${ben.ticket}`, { method: "POST" }));
		expect([after.status, after.body["status"]]).toEqual([200, "admitted"]);
		waiting.send({ type: "kick", participant: chair.participantId });
		expect(await waiting.next("refused")).toMatchObject({ reason: "moderator-required" });
		moderator.socket.close();
		waiting.socket.close();
	});

	it("puts out whom ops kick, and keeps out whom they ban", async () => {
		const session = await open();
		const [ann, ben] = [await session.join({ uid: "ann" }), await session.join({ uid: "ben" })];
		const [a, b] = [await openSocket(session.socketUrl(ann.ticket)), await openSocket(session.socketUrl(ben.ticket))];
		await b.next("welcome");
		expect((await session.order("DELETE", `participants/${ann.participantId}`)).status).toBe(204);
		expect(await a.closed).toEqual({ code: 4003, reason: "kicked" });
		expect(await b.next("left")).toMatchObject({ participant: ann.participantId, because: "kicked" });
		expect((await session.join({ uid: "ann" })).status).toBe(201);
		expect(
			(await session.order("DELETE", `participants/${ben.participantId}?ban_seconds=600&reason=rude`)).status,
		).toBe(204);
		expect(await b.closed).toEqual({ code: 4004, reason: "banned" });
		expect((await session.join({ uid: "ben" })).reason).toBe("participant-banned");
		expect((await session.order("DELETE", "participants/p_nobody")).status).toBe(404);
		expect((await session.order("DELETE", `participants/${ann.participantId}?ban_seconds=x`)).status).toBe(400);
	});

	it("is locked, unlocked and ended by ops, and opened again by its record", async () => {
		const session = await open();
		const socket = await openSocket(session.socketUrl((await session.join()).ticket));
		expect((await session.order("POST", "lock")).status).toBe(200);
		expect((await session.join()).reason).toBe("e2ee-session-locked");
		expect((await session.order("POST", "unlock")).status).toBe(200);
		expect((await session.join()).status).toBe(201);
		expect((await session.order("POST", "end")).status).toBe(200);
		expect(await socket.closed).toEqual({ code: 4006, reason: "session-ended" });
		expect((await session.join()).reason).toBe("e2ee-session-ended");
		expect((await session.order("POST", "unlock")).status).toBe(403);
		const record = await gate.manage("GET", session.manageUrl);
		expect(await record.json()).toMatchObject({ status: "ended" });
		await session.put({ status: "open" });
		expect((await session.join()).status).toBe(201);
		expect((await gate.manage("DELETE", session.manageUrl)).status).toBe(204);
		expect((await session.join()).reason).toBe("e2ee-session-not-found");
	});

	it("tells those who are in when its record is locked", async () => {
		const session = await open();
		const socket = await openSocket(session.socketUrl((await session.join()).ticket));
		await socket.next("welcome");
		await session.put({ status: "locked" });
		expect(await socket.next("session")).toEqual({ type: "session", session: { id: "room-1", status: "locked" } });
		socket.socket.close();
	});

	it("takes no encryption secret in its record", async () => {
		const session = await open();
		const record = { provider: "webrtc", custom_fields: { "encryption-secret": "correct horse" } };
		const answer = await gate.manage("PUT", session.manageUrl, record);
		const text = await answer.text();
		expect([answer.status, answer.headers.get("Playgate-Reason")]).toEqual([400, "encryption-secret-sent"]);
		expect(text).not.toContain("correct horse");
		expect(gate.logLines.join("\n")).not.toContain("correct horse");
	});

	it("that a moderator locked or ended in the room shows so, and is opened again by its record", async () => {
		const session = await open();
		const status = async () => ((await (await gate.manage("GET", session.manageUrl)).json()) as Json)["status"];
		const joined = await session.join({ join_role: "moderator" });
		const socket = await openSocket(session.socketUrl(joined.ticket));
		socket.send({ type: "lock" });
		await socket.next("done");
		expect(await status()).toBe("locked");
		await session.put({ name: "Monday", status: "locked" });
		expect((await session.join()).reason).toBe("e2ee-session-locked");
		socket.send({ type: "end" });
		await socket.closed;
		expect(await status()).toBe("ended");
		await session.put({ status: "open" });
		expect((await session.join()).status).toBe(201);
	});

	it("the newest of one identity stays", async () => {
		const session = await open();
		const first = await openSocket(session.socketUrl((await session.join({ uid: "ann" })).ticket));
		await first.next("welcome");
		expect((await session.join({ uid: "ann" })).status).toBe(201);
		expect(await first.closed).toEqual({ code: 4005, reason: "replaced" });
		expect(await inSession(session)).toBe(1);
	});

	it("single_use takes each token once, also 20 at the same time", async () => {
		const account = await gate.openAccount();
		const session = await openSession(gate, account, { single_use: true });
		const token = await account.sign();
		const answers = await outcomes(Array.from({ length: 20 }, () => session.joinWith(token)));
		expect(answers.filter((answer) => answer === 201)).toHaveLength(1);
		expect(answers.filter((answer) => answer === "token-already-joined")).toHaveLength(19);
		const [{ id } = {}] = await session.participants();
		await session.order("DELETE", `participants/${String(id)}`);
		expect((await session.joinWith(token)).reason).toBe("token-already-joined");
	});

	it.concurrent.each([
		["token-expired", 4001, () => ({}), (seconds: number) => ({ exp: nowSeconds() + seconds })],
		["stayed-too-long", 4007, (seconds: number) => ({ max_stay_seconds: seconds }), () => ({})],
		["session-ended", 4006, (seconds: number) => ({ ends_at: nowSeconds() + seconds }), () => ({})],
	] as const)("%s closes the socket with %i", async (reason, code, record, claims) => {
		const { ann, socket } = await inTime(async (seconds) => {
			const session = await open(record(seconds));
			const ann = await session.join(claims(seconds));
			const socket = await openSocket(session.socketUrl(ann.ticket));
			await socket.next("welcome");
			return { ann, socket };
		});
		expect(await socket.closed).toEqual({ code, reason });
		expect(nowSeconds()).toBeGreaterThanOrEqual(Number(ann.body["expires_at"]) - 1); // and not before its time
	});

	it("a new token of the same viewer moves the end, and nobody else's", async () => {
		const account = await gate.openAccount();
		const session = await openSession(gate, account);
		const ann = await session.join({ uid: "ann", exp: nowSeconds() + 60 });
		const renew = async (claims: Json) => {
			const headers = { Authorization: `Bearer ${await account.sign(claims)}` };
			return answered(await ask(`${gate.url}/join/v1/participants/${ann.ticket}`, { method: "POST", headers }));
		};
		const exp = nowSeconds() + 1800;
		expect((await renew({ uid: "ben" })).reason).toBe("bad-request");
		expect((await renew({ uid: "ann", conid: "other" })).reason).toBe("video-not-in-token");
		expect((await renew({ uid: "ann", exp })).body["expires_at"]).toBe(exp);
	});

	it("a new token that does not allow the participant's role moves nothing", async () => {
		const account = await gate.openAccount();
		const session = await openSession(gate, account);
		const ann = await session.join({ uid: "ann", join_role: "moderator" });
		const renewWith = async (claims: Json) => {
			const headers = { Authorization: `Bearer ${await account.sign({ uid: "ann", ...claims })}` };
			return answered(await ask(`${gate.url}/join/v1/participants/${ann.ticket}`, { method: "POST", headers }));
		};
		expect((await renewWith({ join_role: "subscriber" })).reason).toBe("role-not-allowed");
		expect((await renewWith({})).reason).toBe("role-not-allowed");
		expect((await renewWith({ join_role: "moderator" })).status).toBe(200);
	});

	it("closes who says too much or nothing that it understands", async () => {
		const session = await open();
		const sockets = await Promise.all(
			[1, 2, 3].map(async () => openSocket(session.socketUrl((await session.join()).ticket))),
		);
		const [large, binary, many] = sockets as [(typeof sockets)[0], (typeof sockets)[0], (typeof sockets)[0]];
		large.send("x".repeat(70_000));
		binary.socket.send(new Uint8Array([1]));
		for (let sent = 0; sent < 1000; sent += 1) many.send("{}");
		expect((await large.closed).code).toBe(4413);
		expect((await binary.closed).code).toBe(4400);
		expect((await many.closed).code).toBe(4429);
	});

	it("answers ping", async () => {
		const session = await open();
		const socket = await openSocket(session.socketUrl((await session.join()).ticket));
		socket.send("ping");
		expect(await socket.next("pong")).toEqual({ type: "pong" });
		socket.socket.close();
	});
});

it("survives a restart of the runtime", async () => {
	const account: TestAccount = await gate.openAccount();
	const session = await openSession(gate, account, { max_participants: 2, reconnect_seconds: 60 });
	const ann = await session.join({ uid: "ann" });
	await session.join({ uid: "ben" });
	const socket = await openSocket(session.socketUrl(ann.ticket));
	const { ticket } = await socket.next("welcome");
	process.kill(gate.running.pid(), "SIGKILL");
	await socket.closed;
	await expect.poll(async () => (await ask(`${gate.url}/healthz`).catch(() => null))?.status).toBe(200);
	expect(await session.participants()).toMatchObject([{ uid: "ann", status: "away" }, { uid: "ben" }]);
	expect((await session.join({ uid: "eve" })).reason).toBe("e2ee-session-full");
	const back = await openSocket(session.socketUrl(String(ticket)));
	await back.next("welcome");
	expect(await session.participants()).toMatchObject([{ uid: "ann", status: "connected" }, { uid: "ben" }]);
	back.socket.close();
});
