import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ask } from "../support/player.ts";
import { nowSeconds, startTestGate } from "../support/running-gate.ts";
import type { Json, TestGate } from "../support/running-gate.ts";
import { type SoraAccount, WEBHOOK_SECRET, authBody, openSora } from "../support/sora.ts";
import { eventually } from "../support/patience.ts";

// Sora's webhooks, called as Sora calls them.
let gate: TestGate;
let sora: SoraAccount;
let sessions = 0;
const REAL = "wss://sora.example/signaling";

beforeAll(async () => {
	gate = await startTestGate({ decisionLog: "all", elsewhere: true });
	sora = await openSora(gate);
	await sora.setUp({});
});
afterAll(() => gate?.stop());

async function newSession(record: Json = {}, part: Json = {}): Promise<string> {
	const id = `room-${(sessions += 1)}`;
	await sora.openSession(id, REAL, record, part);
	return id;
}

const token = (claims: Json = {}): Promise<string> => sora.account.sign(claims);
const refusedFor = (reason: string) => ({ allowed: false, reason });

describe("the authentication webhook", () => {
	it("lets a token in, names decision and participant, and says nothing of notifications and codecs", async () => {
		const session = await newSession();
		const body = authBody(session, await token({ uid: "ann" }));
		const answer = await sora.auth(body);
		expect(answer).toEqual({
			allowed: true,
			event_metadata: {
				decision_id: expect.any(String),
				session_id: session,
				participant_id: expect.stringMatching(/^p_/),
			},
		});
		const [participant] = await sora.participants(session);
		expect(participant).toMatchObject({
			status: "connected",
			uid: "ann",
			role: "publisher",
			sdk: "Sora JavaScript SDK",
		});
		expect(gate.logLines.join()).not.toContain(WEBHOOK_SECRET);
	});

	it("reads metadata as large as a client may send through the gate, told twice", async () => {
		const session = await newSession();
		const metadata = { access_token: await token(), note: "x".repeat(250_000) };
		const body = { ...authBody(session, undefined), metadata, auth_metadata: metadata };
		expect(await sora.auth(body)).toMatchObject({ allowed: true });
		const note = "x".repeat(600_000);
		expect(await sora.auth({ ...body, metadata: { ...metadata, note } })).toMatchObject({ allowed: false });
	});

	it("names the decision in its header and in its log, too", async () => {
		const session = await newSession();
		const body = JSON.stringify(authBody(session, await token()));
		const answer = await ask(sora.authUrl, { method: "POST", body });
		const { event_metadata: named } = (await answer.json()) as { event_metadata: Json };
		expect(answer.headers.get("Playgate-Decision")).toBe(named["decision_id"]);
		await eventually(() => expect(gate.logLines.join()).toContain(String(named["decision_id"])));
	});

	it("takes the same connection again, without another participant", async () => {
		const session = await newSession();
		const body = authBody(session, await token({ maxu: 1 }));
		const answers = [await sora.auth(body), await sora.auth(body)];
		expect(answers.map(({ allowed }) => allowed)).toEqual([true, true]);
		expect(await sora.participants(session)).toHaveLength(1);
	});

	it("takes the same question many times at once as one, which spends one use", async () => {
		const session = await newSession();
		const body = authBody(session, await token({ maxu: 1 }));
		const answers = await Promise.all(Array.from({ length: 8 }, () => sora.auth(body)));
		expect(answers.map(({ allowed }) => allowed)).toEqual(answers.map(() => true));
		expect(await sora.participants(session)).toHaveLength(1);
	});

	it("takes the same question in two isolates at once as one, in a session that takes no second one of its token, too", async () => {
		const urls = [sora.authUrl, sora.authUrl.replace(gate.url, gate.running.elsewhereUrl ?? "")];
		const askAt = async (url: string, body: Json): Promise<unknown> => {
			const answer = await ask(url, { method: "POST", body: JSON.stringify(body) });
			return ((await answer.json()) as Json)["allowed"];
		};
		for (let round = 0; round < 12; round += 1) {
			const session = await newSession(round % 2 === 0 ? { single_use: true, max_participants: 1 } : {});
			const given = await token({ maxu: 2 });
			const body = authBody(session, given);
			expect(await Promise.all([...urls, ...urls].map((url) => askAt(url, body)))).toEqual([true, true, true, true]);
			expect(await sora.participants(session)).toHaveLength(1);
			if (round % 2 === 0) continue;
			const [second, third] = [await sora.auth(authBody(session, given)), await sora.auth(authBody(session, given))];
			expect([second["allowed"], third]).toEqual([true, refusedFor("use-limit")]);
		}
	});

	it.each<[string, Json, string]>([
		["without encryption", { e2ee: false }, "sora-e2ee-required"],
		["that does not say whether it encrypts", { e2ee: undefined }, "sora-e2ee-required"],
		["of a later SDK", { sora_client: { type: "Sora JavaScript SDK", version: "2024.2.0" } }, "client-unsupported"],
		["of the newest SDK", { e2ee: false, sora_client: { raw: "Sora JavaScript SDK 2026.1.0" } }, "client-unsupported"],
		["of another SDK", { sora_client: { type: "Sora Unity SDK", version: "2023.1.0" } }, "client-unsupported"],
		[
			"in Firefox",
			{ sora_client: { environment: "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0" } },
			"client-unsupported",
		],
		["to another channel", { channel_id: "elsewhere" }, "e2ee-session-not-found"],
		["without metadata", { metadata: undefined }, "token-required"],
		["with metadata that is text", { metadata: "token" }, "token-required"],
		["with a token that is none", { metadata: { access_token: "a.b.c" } }, "token-malformed"],
		["with a ticket that is none", { metadata: { ticket: "a.b" } }, "ticket-invalid"],
		["with a role that is none", { role: "upstream" }, "bad-request"],
		["without a connection", { connection_id: undefined }, "bad-request"],
		[
			"with a secret",
			{ metadata: { access_token: "x", encryption_secret: "correct horse" } },
			"encryption-secret-sent",
		],
		["with a key as e2ee", { e2ee: "correct horse" }, "encryption-secret-sent"],
	])("refuses a client %s", async (_, more, reason) => {
		const session = await newSession();
		const answer = await sora.auth(authBody(session, await token(), more));
		expect(answer).toEqual(refusedFor(reason));
		expect(await sora.participants(session)).toEqual([]);
	});

	it.each<[string, string, string]>([
		["nothing", "", "bad-request"],
		["no JSON", "channel_id=room", "bad-request"],
		["a list", "[]", "bad-request"],
		["null", "null", "bad-request"],
		["a member twice", '{"role":"sendrecv","role":"recvonly"}', "bad-request"],
		["nesting without end", `{"metadata":${"[".repeat(5000)}${"]".repeat(5000)}}`, "bad-request"],
		["too much", `{"metadata":"${"x".repeat(600_000)}"}`, "record-too-large"],
		["numbers for names", '{"channel_id":1,"role":2,"connection_id":3,"metadata":{"access_token":4}}', "bad-request"],
	])("answers %s with 200 and no", async (_, body, reason) => {
		expect(await sora.auth(body)).toEqual(refusedFor(reason));
	});

	it.each<[string, string, Json, boolean]>([
		["a publisher may send and receive", "sendrecv", { join_role: "publisher" }, true],
		["a publisher may only receive", "recvonly", { join_role: "publisher" }, true],
		["a subscriber may receive", "recvonly", { join_role: "subscriber" }, true],
		["a subscriber may not send", "sendonly", { join_role: "subscriber" }, false],
		["a subscriber may not send and receive", "sendrecv", { join_role: "subscriber" }, false],
		["one who only publishes may send", "sendonly", { join_role: "publisheronly" }, true],
		["one who only publishes may not receive as well", "sendrecv", { join_role: "publisheronly" }, false],
		["a moderator may do all", "sendrecv", { join_role: "moderator" }, true],
	])("%s", async (_, role, claims, allowed) => {
		const session = await newSession();
		const answer = await sora.auth(authBody(session, await token(claims), { role }));
		expect([answer["allowed"], answer["reason"]]).toEqual(allowed ? [true, undefined] : [false, "role-not-allowed"]);
	});

	it("judges the token as every join does", async () => {
		const session = await newSession();
		const reasons = await Promise.all(
			[
				{ iat: nowSeconds() - 500, exp: nowSeconds() - 100 },
				{ conid: "other" },
				{ accid: "other" },
				{ aud: "somewhere" },
			].map(async (claims) => {
				const { reason } = await sora.auth(authBody(session, await token(claims)));
				return reason;
			}),
		);
		expect(reasons).toEqual(["token-expired", "video-not-in-token", "account-mismatch", "audience-mismatch"]);
	});

	it("counts uses and places", async () => {
		const session = await newSession({ max_participants: 1 });
		const once = await token({ maxu: 1 });
		const first = authBody(session, once);
		expect(await sora.auth(first)).toMatchObject({ allowed: true });
		expect(await sora.auth(authBody(session, await token()))).toEqual(refusedFor("e2ee-session-full"));
		await sora.event(destroyed(first));
		expect(await sora.auth(authBody(session, once))).toMatchObject({ allowed: false });
		expect(await sora.auth(authBody(session, await token()))).toMatchObject({ allowed: true });
	});

	it("lets in exactly as many as there is room for, however many ask at once", async () => {
		const session = await newSession({ max_participants: 5 });
		const shared = await token({ maxu: 3 });
		const tokens = await Promise.all(
			Array.from({ length: 20 }, (_, index) => Promise.resolve(index % 2 === 0 ? shared : token())),
		);
		const answers = await Promise.all(tokens.map((each) => sora.auth(authBody(session, each))));
		const isIn = answers.map(({ allowed }) => allowed === true);
		expect(isIn.filter(Boolean)).toHaveLength(5);
		expect(isIn.filter((one, index) => one && tokens[index] === shared).length).toBeLessThanOrEqual(3);
		expect(await sora.participants(session)).toHaveLength(5);
	});

	it("goes by the least version of the record, too", async () => {
		const session = await newSession({ least_versions: { "sora-js-sdk": "2023.2.0" } });
		expect(await sora.auth(authBody(session, await token()))).toEqual(refusedFor("client-too-old"));
	});

	it("counts the connections of a viewer, each for itself", async () => {
		const session = await newSession({ identity: "many" });
		const limited = { uid: "ann-of-two", climit: 2, cbeh: "BLOCK_NEW" };
		const answers = [];
		for (let count = 0; count < 3; count += 1) answers.push(await sora.auth(authBody(session, await token(limited))));
		expect(answers.map(({ allowed }) => allowed)).toEqual([true, true, false]);
	});

	it("binds a join that was decided before, once", async () => {
		const session = await newSession();
		const signed = await token({ uid: "ann", maxu: 1 });
		const url = `${gate.url}/join/v1/accounts/${sora.account.id}/sessions/${session}`;
		const joined = await ask(url, { method: "POST", headers: { Authorization: `Bearer ${signed}` } });
		const { participant_id: id, join } = (await joined.json()) as { participant_id: string; join: Json };
		expect(join).toMatchObject({ channel_id: session, metadata: { ticket: expect.any(String) } });
		const body = authBody(session, undefined, { metadata: join["metadata"] });
		expect(await sora.auth(body)).toMatchObject({ allowed: true, event_metadata: { participant_id: id } });
		expect(await sora.auth({ ...body, connection_id: "ANOTHER" })).toEqual(refusedFor("ticket-used"));
		expect(await sora.auth({ ...body, channel_id: await newSession() })).toEqual(refusedFor("ticket-invalid"));
	});

	it("sends a client to the lobby, and lets it in once it was approved", async () => {
		const session = await newSession({ lobby: true });
		const signed = await token({ uid: "ann" });
		expect(await sora.auth(authBody(session, signed))).toEqual(refusedFor("lobby-waiting"));
		expect(await sora.auth(authBody(session, signed))).toEqual(refusedFor("lobby-waiting"));
		const [waiting, ...others] = await sora.participants(session);
		expect(others).toEqual([]);
		await sora.order("POST", session, `participants/${String(waiting?.["id"])}/approve`);
		expect(await sora.auth(authBody(session, signed))).toMatchObject({
			allowed: true,
			event_metadata: { participant_id: waiting?.["id"] },
		});
	});

	it("keeps proxied clients on the connection that the gate carries", async () => {
		const session = await newSession({}, { mode: "proxy" });
		expect(await sora.auth(authBody(session, await token()))).toMatchObject({
			allowed: true,
			data_channel_signaling: false,
			ignore_disconnect_websocket: false,
		});
	});

	it("refuses a locked and an ended session", async () => {
		const session = await newSession();
		await sora.order("POST", session, "lock");
		expect(await sora.auth(authBody(session, await token()))).toEqual(refusedFor("e2ee-session-locked"));
		await sora.order("POST", session, "end");
		expect(await sora.auth(authBody(session, await token()))).toEqual(refusedFor("e2ee-session-ended"));
	});
});

const destroyed = (body: Json, data: Json = {}): Json => ({
	type: "connection.destroyed",
	channel_id: body["channel_id"],
	connection_id: body["connection_id"],
	session_id: "SESSION",
	timestamp: new Date().toISOString(),
	data,
});
const createdFor = (body: Json, answer: Json, session = "SESSION"): Json => ({
	...destroyed(body),
	type: "connection.created",
	session_id: session,
	event_metadata: answer["event_metadata"],
});

describe("the event webhook", () => {
	it("keeps who is there true, whatever the order in which it hears", async () => {
		const session = await newSession();
		const [first, second] = [
			authBody(session, await token({ uid: "ann" })),
			authBody(session, await token({ uid: "ben" })),
		];
		const [ann, ben] = [await sora.auth(first), await sora.auth(second)];
		await sora.event(createdFor(first, ann));
		await sora.event(createdFor(first, ann));
		expect(await sora.participants(session)).toHaveLength(2);
		await sora.event(destroyed(second, { type_disconnect_reason: "NO-ERROR" }));
		await sora.event(destroyed(second));
		await sora.event(createdFor(second, ben));
		const all = await sora.participants(session, true);
		expect(all.map(({ uid, status, because }) => [uid, status, because])).toEqual([
			["ann", "connected", null],
			["ben", "gone", "left"],
		]);
	});

	it("minds only the connection that the participant has", async () => {
		const session = await newSession();
		const body = authBody(session, await token({ uid: "ann" }));
		await sora.auth(body);
		await sora.event({ ...destroyed(body), connection_id: "ANOTHER" });
		expect(await sora.participants(session)).toHaveLength(1);
	});

	it("frees the place of one who came past a gate that carries the others", async () => {
		const session = await newSession({}, { mode: "proxy" });
		const body = authBody(session, await token());
		await sora.auth(body);
		await sora.event(destroyed(body));
		expect(await sora.participants(session)).toEqual([]);
	});

	it("counts a connection that failed as one that is over", async () => {
		const session = await newSession();
		const body = authBody(session, await token());
		await sora.auth(body);
		await sora.event({ ...destroyed(body), type: "connection.failed" });
		expect(await sora.participants(session)).toEqual([]);
	});

	it("lets nobody in on a connection that is over already, and spends nothing", async () => {
		const session = await newSession();
		const given = await token({ maxu: 1 });
		const body = authBody(session, given);
		await sora.event({ ...destroyed(body), type: "connection.failed" });
		expect(await sora.auth(body)).toEqual(refusedFor("participant-gone"));
		expect(await sora.participants(session, true)).toEqual([]);
		expect(await sora.auth(authBody(session, given))).toMatchObject({ allowed: true });
	});

	it("lets nobody in again on a connection that was put out", async () => {
		const session = await newSession();
		const body = authBody(session, await token());
		const { event_metadata } = await sora.auth(body);
		const { participant_id } = event_metadata as Json;
		expect((await sora.order("DELETE", session, `participants/${String(participant_id)}`)).status).toBe(204);
		expect(await sora.auth(body)).toEqual(refusedFor("participant-gone"));
		expect(await sora.participants(session)).toEqual([]);
	});

	const HOUR = 3_600_000;
	it.each([
		["right", 0],
		["behind", -HOUR],
		["ahead", HOUR],
	])("loses whoever was on a node of Sora that went down, in every channel, with its clock %s", async (_, skew) => {
		const sessions = [await newSession(), await newSession(), await newSession({}, { mode: "proxy" })];
		const at = (ms: number) => ({ timestamp: new Date(ms + skew).toISOString() });
		const vanished = (ms: number) => ({
			type: "session.vanished",
			id: "EVENT",
			version: "2023.2.0",
			label: "sora",
			node_name: `gone@10.0.0.${skew}`,
			...at(ms),
		});
		const before = Date.now();
		for (const session of sessions) {
			await sora.auth(authBody(session, await token(), { node_name: `gone@10.0.0.${skew}`, ...at(Date.now()) }));
			await sora.auth(authBody(session, await token(), { node_name: "here@10.0.0.2", ...at(Date.now()) }));
		}
		expect(await sora.event(vanished(before - 1000))).toBe(200); // of a moment after which they came
		for (const session of sessions) expect(await sora.participants(session)).toHaveLength(2);
		await eventually(async () => {
			expect(await sora.event(vanished(Date.now() + 1000))).toBe(200);
			for (const session of sessions) expect(await sora.participants(session)).toHaveLength(1);
		});
	});

	it("knows a connection by its name, where the event says no more", async () => {
		const session = await newSession();
		const body = authBody(session, await token());
		await sora.auth(body);
		await sora.event({ ...createdFor(body, {}), event_metadata: undefined });
		await sora.event({ type: "session.destroyed", channel_id: session, session_id: "SESSION" });
		expect(await sora.participants(session)).toEqual([]);
	});

	it.each(["session.destroyed", "session.vanished"])(
		"empties the session of a channel on %s, and no later one",
		async (type) => {
			const session = await newSession();
			const [old, late] = [authBody(session, await token()), authBody(session, await token())];
			await sora.event(createdFor(old, await sora.auth(old), "OLD"));
			await sora.event(createdFor(late, await sora.auth(late), "NEW"));
			await sora.event({ type, channel_id: session, session_id: "OLD", timestamp: new Date().toISOString() });
			expect(await sora.participants(session)).toHaveLength(1);
		},
	);

	it("loses whom the end of a session names, of whom nothing else was told", async () => {
		const session = await newSession();
		const [ann, ben] = [authBody(session, await token()), authBody(session, await token())];
		await Promise.all([sora.auth(ann), sora.auth(ben)]);
		const { connection_id } = ann;
		await sora.event({
			type: "session.destroyed",
			channel_id: session,
			session_id: "SHORT",
			timestamp: new Date().toISOString(),
			connections: [{ connection_id }, { connection_id: 1 }, null],
		});
		expect(await sora.participants(session)).toHaveLength(1);
		expect(await sora.auth(ann)).toEqual(refusedFor("participant-gone"));
		expect(await sora.auth(ben)).toMatchObject({ allowed: true });
	});

	it("hears of the end of a session that a thousand connections were in", async () => {
		const session = await newSession();
		const body = authBody(session, await token());
		await sora.event(createdFor(body, await sora.auth(body), "LONG"));
		const one = {
			role: "sendrecv",
			client_id: "C".repeat(255),
			connection_id: "C".repeat(26),
			audio: true,
			video: true,
		};
		const connections = Array.from({ length: 1000 }, () => one);
		const end = { type: "session.destroyed", channel_id: session, session_id: "LONG", connections };
		expect(await sora.event(end)).toBe(200);
		expect(await sora.participants(session)).toEqual([]);
	});

	it.each<[string, Json | string, number]>([
		["of a kind that it does not know", { type: "recording.started", channel_id: "x" }, 200],
		["of a name that objects have", { type: "constructor", channel_id: "x" }, 200],
		[
			"of a channel that it does not know",
			{ type: "connection.created", channel_id: "nowhere", connection_id: "C" },
			200,
		],
		["without a channel", { type: "connection.failed", connection_id: "C" }, 200],
		["without a type", { channel_id: "x" }, 400],
		["with types that are wrong", { type: 1, channel_id: [] }, 400],
	])("takes an event %s", async (_, body, status) => {
		expect(await sora.event(body as Json)).toBe(status);
	});
});

describe("who may call", () => {
	const call = (url: string, headers: Record<string, string> = {}, method = "POST") =>
		ask(url, { method, headers, ...(method === "POST" ? { body: "{}" } : {}) });

	it("nobody without the secret, who cannot tell a wrong one from an account without any", async () => {
		const other = await openSora(gate);
		const bodies = await Promise.all(
			[
				sora.authUrl.replace(WEBHOOK_SECRET, "another-secret-of-this-length"),
				other.authUrl,
				sora.authUrl.replace(sora.account.id, "nobody"),
			]
				.flatMap((url) => [url, url.replace("auth-", "event-")])
				.flatMap((url) => ["POST", "GET", "DELETE"].map((method) => [url, method] as const))
				.map(async ([url, method]) => {
					const answer = await call(url, {}, method);
					const { decision_id: _, instance: __, ...body } = (await answer.json()) as Json;
					return JSON.stringify([answer.status, body]);
				}),
		);
		expect(new Set(bodies).size).toBe(1);
		expect(bodies[0]).toMatch(/^\[404,/);
	});

	it("by POST only", async () => {
		const answer = await call(sora.authUrl, {}, "GET");
		expect([answer.status, answer.headers.get("Allow")]).toEqual([405, "POST, OPTIONS"]);
	});

	it("with Basic credentials and a client certificate, where the account wants them", async () => {
		const guarded = await openSora(gate);
		const print = "ab".repeat(32);
		await guarded.setUp({
			basic_auth: { user: "sora", password: "pass:wörd" },
			client_certificate_fingerprints: [print.toUpperCase()],
		});
		const basic = (password: string) => `Basic ${Buffer.from(`sora:${password}`).toString("base64")}`;
		const certificate = { "X-Client-Certificate-SHA256": print };
		const tried = await Promise.all(
			[
				{},
				{ Authorization: basic("pass:wörd") },
				certificate,
				{ Authorization: basic("wrong"), ...certificate },
				{ Authorization: basic("pass:wörd"), "X-Client-Certificate-SHA256": "cd".repeat(32) },
				{ Authorization: basic("pass:wörd"), ...certificate },
			].map((headers) => call(guarded.authUrl, headers as Record<string, string>)),
		);
		expect(tried.map(({ status }) => status)).toEqual([401, 401, 401, 401, 401, 200]);
		expect(tried[0]?.headers.get("WWW-Authenticate")).toMatch(/^Basic /);
	});
});

it("a participant that is kicked is cut off through Sora's API", async () => {
	const kicking = await openSora(gate);
	const calls: Json[] = [];
	gate.origin.answer("/api", (request, response) => {
		calls.push(request.headers as Json);
		response.writeHead(calls.length === 1 ? 503 : 200).end("{}");
	});
	await kicking.setUp({ api_url: `${gate.origin.url}/api` });
	await kicking.openSession("kicks", REAL);
	const body = authBody("kicks", await kicking.account.sign());
	const { event_metadata: named } = (await kicking.auth(body)) as { event_metadata: Json };
	await kicking.order("DELETE", "kicks", `participants/${String(named["participant_id"])}`);
	await eventually(() => expect(calls).toHaveLength(2));
	expect(calls[1]).toMatchObject({ "x-sora-target": "Sora_20151104.DisconnectConnection" });
	expect(await kicking.participants("kicks")).toEqual([]);
});

it.each(["redirect", "proxy"])(
	"who was put out while the connection was being made is cut off once it stands (%s)",
	async (mode) => {
		const racing = await openSora(gate);
		const calls: Json[] = [];
		let isKnown = false;
		gate.origin.answer(`/api-of-${mode}`, async (request, response) => {
			calls.push(JSON.parse(await text(request)) as Json);
			response
				.writeHead(isKnown ? 200 : 400)
				.end(JSON.stringify(isKnown ? {} : { error_type: "CONNECTION-NOT-FOUND" }));
		});
		await racing.setUp({ api_url: `${gate.origin.url}/api-of-${mode}` });
		await racing.openSession("race", REAL, {}, { mode });
		const body = authBody("race", await racing.account.sign());
		const answer = await racing.auth(body);
		const { participant_id } = answer["event_metadata"] as Json;
		await racing.order("DELETE", "race", `participants/${String(participant_id)}`);
		await eventually(() => expect(calls).toHaveLength(1));
		isKnown = true;
		expect(await racing.event(createdFor(body, answer))).toBe(200);
		await eventually(() => expect(calls).toHaveLength(2));
		expect(calls[1]).toEqual({ channel_id: "race", connection_id: body["connection_id"], reason: "kicked" });
		expect(await racing.participants("race")).toEqual([]);
	},
);

it("a connection that stands in a session whose record is deleted is cut off, and none that the gate did not let in", async () => {
	const deleting = await openSora(gate);
	const calls: Json[] = [];
	gate.origin.answer("/api-of-deleted", async (request, response) => {
		calls.push(JSON.parse(await text(request)) as Json);
		response.writeHead(400).end(JSON.stringify({ error_type: "CONNECTION-NOT-FOUND" }));
	});
	await deleting.setUp({ api_url: `${gate.origin.url}/api-of-deleted` });
	await deleting.openSession("deleted", REAL);
	const body = authBody("deleted", await deleting.account.sign());
	const answer = await deleting.auth(body);
	await gate.manage("DELETE", `${deleting.account.manageUrl}/e2ee-sessions/deleted`);
	await eventually(() => expect(calls).toHaveLength(1));
	expect(await deleting.event(createdFor(authBody("deleted", ""), {}))).toBe(200);
	expect(calls).toHaveLength(1);
	expect(await deleting.event(createdFor(body, answer))).toBe(200);
	const { connection_id } = body;
	await eventually(() =>
		expect(calls.slice(1)).toEqual([{ channel_id: "deleted", connection_id, reason: "session-ended" }]),
	);
});

it("a participant is cut off in the channel that it came to, though the session has another one since", async () => {
	const renaming = await openSora(gate);
	const calls: string[] = [];
	gate.origin.answer("/api-of-two-channels", async (request, response) => {
		calls.push(await text(request));
		response.writeHead(200).end("{}");
	});
	await renaming.setUp({ api_url: `${gate.origin.url}/api-of-two-channels` });
	await renaming.openSession("renamed", REAL, {}, { channel_id: "before" });
	const body = authBody("before", await renaming.account.sign());
	const { event_metadata: named } = (await renaming.auth(body)) as { event_metadata: Json };
	await renaming.openSession("renamed", REAL, {}, { channel_id: "after" });
	await renaming.order("DELETE", "renamed", `participants/${String(named["participant_id"])}`);
	await eventually(() => expect(calls).toHaveLength(1));
	expect(JSON.parse(calls[0] ?? "")).toMatchObject({ channel_id: "before", connection_id: body["connection_id"] });
});

it("a participant is cut off at Sora, be it at the second try, though the session is another provider's since", async () => {
	const moving = await openSora(gate, { catalog_cache_seconds: 1 });
	const calls: string[] = [];
	gate.origin.answer("/api-of-one-that-moves", async (request, response) => {
		calls.push(await text(request));
		response.writeHead(calls.length === 1 ? 503 : 200).end("{}");
	});
	await moving.setUp({ api_url: `${gate.origin.url}/api-of-one-that-moves` });
	await moving.openSession("moves", REAL);
	const body = authBody("moves", await moving.account.sign());
	await moving.auth(body);
	const url = `${moving.account.manageUrl}/e2ee-sessions/moves`;
	expect((await gate.manage("PUT", url, { provider: "webrtc" })).status).toBe(200);
	await eventually(() => expect(calls).toHaveLength(2));
	const { connection_id } = body;
	expect(JSON.parse(calls[1] ?? "")).toEqual({ channel_id: "moves", connection_id, reason: "session-ended" });
	expect(await moving.participants("moves")).toEqual([]);
});

it("a participant that leaves the channel that its session had before is out", async () => {
	const session = await newSession({}, { channel_id: "first" });
	const body = authBody("first", await token());
	const { event_metadata } = await sora.auth(body);
	await sora.openSession(session, REAL, {}, { channel_id: "second" });
	expect(await sora.participants(session)).toHaveLength(1);
	const { connection_id } = body;
	await sora.event({ type: "connection.destroyed", channel_id: "first", connection_id, event_metadata });
	expect(await sora.participants(session)).toEqual([]);
});
