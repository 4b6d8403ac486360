import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Sora, type SoraConnection, startSora } from "../standins/sora.ts";
import { type TestSocket, openSocket } from "../support/join.ts";
import { ask } from "../support/player.ts";
import { nowSeconds, startTestGate } from "../support/running-gate.ts";
import type { Json, TestGate } from "../support/running-gate.ts";
import { type SoraAccount, connectMessage, openSora } from "../support/sora.ts";
import { eventually, inTime } from "../support/patience.ts";

// The signalling gate in front of a stand-in for Sora, spoken to by plain WebSockets.
let gate: TestGate;
let real: Sora;
/** Without credentials: the gate hears of its connections at its door only. */
let plain: SoraAccount;
/** With webhooks and API. */
let hooked: SoraAccount;
let sessions = 0;

beforeAll(async () => {
	[gate, real] = await Promise.all([startTestGate({ decisionLog: "all" }), startSora()]);
	[plain, hooked] = await Promise.all([openSora(gate), openSora(gate)]);
	await hooked.setUp({ api_url: real.apiUrl });
});
afterAll(async () => {
	await gate?.stop();
	await real?.close();
});

async function newSession(of: SoraAccount, part: Json = {}, record: Json = {}): Promise<string> {
	const id = `channel-${(sessions += 1)}`;
	await of.openSession(id, real, record, part);
	real.hook(of === hooked ? { auth: of.authUrl, event: of.eventUrl } : {});
	return id;
}

const withToken = async (of: SoraAccount, claims: Json = {}) => ({ access_token: await of.account.sign(claims) });

async function join(of: SoraAccount, session: string, claims: Json = {}, device: string = randomUUID()) {
	const url = `${gate.url}/join/v1/accounts/${of.account.id}/sessions/${session}`;
	const token = await of.account.sign(claims);
	const body = JSON.stringify({ device_id: device });
	const headers = { Authorization: `Bearer ${token}`, "Content-Type": "application/json" };
	const answer = await ask(url, { method: "POST", headers, body });
	return (await answer.json()) as {
		participant_id: string;
		ticket: string;
		join: { signaling_urls: string[]; metadata: Json };
	};
}

const refusal = (reason: string) => ({ code: 4490, reason });

/** The connection that Sora got last for a channel. */
const arrived = (channel: string, count = 1): Promise<SoraConnection> =>
	eventually(() => {
		const own = real.connections.filter(({ connect }) => connect["channel_id"] === channel);
		const last = own.at(-1);
		if (!last || own.length < count) throw new Error(`${own.length} connections`);
		return last;
	});

/** As a client that has answered the offer. */
async function established(client: TestSocket): Promise<string> {
	const offer = await client.next("offer");
	client.send({ type: "answer", sdp: "none" });
	await client.next("notify");
	return String(offer["connection_id"]);
}

describe("at the door", () => {
	it("answers 400 to what is no WebSocket, and 405 to other methods", async () => {
		const url = plain.signalingUrl.replace("ws", "http");
		expect((await ask(url)).status).toBe(400);
		expect((await ask(url, { method: "POST" })).status).toBe(405);
	});

	it.each<[string, string, string]>([
		["no JSON", "hello", "bad-request"],
		["no object", "[]", "bad-request"],
		["another type", '{"type":"ping"}', "bad-request"],
		["no type", "{}", "bad-request"],
		["a member twice", '{"type":"connect","type":"connect"}', "bad-request"],
		["no channel", '{"type":"connect","role":"sendrecv"}', "bad-request"],
		["too much", JSON.stringify({ type: "connect", sdp: "x".repeat(300_000) }), "record-too-large"],
		["far too much", JSON.stringify({ type: "connect", sdp: "x".repeat(5_000_000) }), "record-too-large"],
	])("refuses %s", async (_, message, reason) => {
		const client = await plain.connect(message);
		expect(await client.closed).toEqual(refusal(reason));
	});

	it("answers whatever it is told with 4490 and a reason", async () => {
		const member = fc.constantFrom("type", "channel_id", "role", "metadata", "e2ee", "sora_client", "environment");
		const value = fc.oneof(fc.constantFrom("connect", "sendrecv", "channel", true), fc.jsonValue());
		const messages = fc.sample(fc.dictionary(member, value), { numRuns: 60, seed: 7 });
		for (const message of messages) {
			const client = await plain.connect(JSON.stringify({ type: "connect", ...message }));
			expect(await client.closed).toEqual({ code: 4490, reason: expect.stringMatching(/^[a-z-]+$/) });
		}
	});

	it("refuses a first message that is binary", async () => {
		const client = await plain.connect(new Uint8Array(100));
		expect(await client.closed).toEqual(refusal("bad-request"));
	});

	it("waits ten seconds for the first message", async () => {
		const client = await plain.connect("");
		expect(await client.closed).toEqual(refusal("bad-request")); // an empty text is one
		const silent = new WebSocket(plain.signalingUrl);
		const closed = await new Promise((resolve) => silent.addEventListener("close", resolve));
		expect(closed).toMatchObject(refusal("connect-timeout"));
	});

	it.each<[string, Json, Json, string]>([
		["without encryption", { e2ee: undefined }, {}, "sora-e2ee-required"],
		[
			"with an SDK that has none",
			{ e2ee: undefined, sora_client: "Sora JavaScript SDK 2026.1.0" },
			{},
			"client-unsupported",
		],
		["of another channel", { channel_id: "elsewhere" }, {}, "e2ee-session-not-found"],
		["without metadata", { metadata: undefined }, {}, "token-required"],
		["with a secret", { metadata: { passphrase: "correct horse" } }, {}, "encryption-secret-sent"],
		["with a role above its own", {}, { join_role: "subscriber" }, "role-not-allowed"],
		["for another session", {}, { conid: "another" }, "video-not-in-token"],
	])("refuses a client %s", async (_, more, claims, reason) => {
		const session = await newSession(plain);
		const client = await plain.connect(connectMessage(session, await withToken(plain, claims), more));
		expect(await client.closed).toEqual(refusal(reason));
		expect(await plain.participants(session)).toEqual([]);
	});

	it("tells nobody without a token which channels there are", async () => {
		const session = await newSession(plain);
		const closes = await Promise.all(
			[session, "nowhere"].map(async (channel) => (await plain.connect(connectMessage(channel, {}))).closed),
		);
		expect(closes).toEqual([refusal("token-required"), refusal("token-required")]);
	});
});

describe("in redirect mode", () => {
	it("sends a client with a token to Sora, with a ticket, and counts it", async () => {
		const session = await newSession(plain, {}, { max_participants: 1 });
		const client = await plain.connect(connectMessage(session, await withToken(plain)));
		const { location } = (await client.next("redirect")) as { location: string };
		expect(location).toMatch(new RegExp(`^${real.url}\\?ticket=[\\w.-]+$`));
		client.socket.close();
		expect(await plain.participants(session)).toMatchObject([{ status: "connected" }]);
		const second = await plain.connect(connectMessage(session, await withToken(plain)));
		expect(await second.closed).toEqual(refusal("e2ee-session-full"));
	});

	it("spends one use for the door, the redirect and the webhook", async () => {
		const session = await newSession(hooked);
		const metadata = await withToken(hooked, { maxu: 1 });
		const client = await hooked.connect(connectMessage(session, metadata));
		const { location } = (await client.next("redirect")) as { location: string };
		const [before] = await hooked.participants(session);
		expect(before).toMatchObject({ status: "admitted" });
		const next = new WebSocket(location);
		await new Promise((resolve) => next.addEventListener("open", resolve));
		next.send(JSON.stringify(connectMessage(session, metadata, { redirect: true })));
		await arrived(session);
		await eventually(async () => expect(await hooked.participants(session)).toMatchObject([{ status: "connected" }]));
		const [participant] = await hooked.participants(session);
		expect(participant?.["id"]).toBe(before?.["id"]);
		next.close();
		await eventually(async () => expect(await hooked.participants(session)).toEqual([]));
		const again = await hooked.connect(connectMessage(session, metadata));
		expect(await again.closed).toEqual(refusal("use-limit"));
	});

	it.each<[string, (session: string, id: string) => Promise<unknown>, Json, string]>([
		["kicked", (session, id) => hooked.order("DELETE", session, `participants/${id}`), {}, "kicked"],
		["at the end of the session", (session) => hooked.order("POST", session, "end"), {}, "session-ended"],
		["at the end of its token", async () => undefined, { exp: 0 }, "token-expired"],
	])("has Sora cut a client that is %s", async (_, act, claims, reason) => {
		const { session, next, id, participant } = await inTime(
			async (seconds) => {
				const session = await newSession(hooked);
				const soon = "exp" in claims ? { exp: nowSeconds() + seconds } : {};
				const metadata = await withToken(hooked, soon);
				const client = await hooked.connect(connectMessage(session, metadata));
				const { location } = (await client.next("redirect")) as { location: string };
				const next = await openSocket(location);
				next.send(connectMessage(session, metadata, { redirect: true }));
				const id = await established(next);
				const [participant] = await hooked.participants(session);
				return { session, next, id, participant };
			},
			[2, 10, 40],
		);
		await act(session, String(participant?.["id"]));
		expect(await next.closed).toEqual({ code: 1000, reason: "DISCONNECTED-API" });
		const call = real.apiCalls.find(({ body }) => body["connection_id"] === id);
		expect(call?.body).toEqual({ channel_id: session, connection_id: id, reason });
		await eventually(async () =>
			expect(await hooked.participants(session, true)).toMatchObject([{ status: "gone", because: reason }]),
		);
	});

	it("sends a client to the first of Sora's addresses that is there, and to the first of all when none is", async () => {
		const away = ["ws://127.0.0.1:9/signaling", "ws://127.0.0.1:9/second"];
		const session = await newSession(plain, { signaling_urls: [...away, real.url] });
		const client = await plain.connect(connectMessage(session, await withToken(plain)));
		expect((await client.next("redirect"))["location"]).toContain(`${real.url}?ticket=`);
		const other = await newSession(plain, { signaling_urls: away });
		const next = await plain.connect(connectMessage(other, await withToken(plain)));
		expect((await next.next("redirect"))["location"]).toContain(`${away[0]}?ticket=`);
	});

	it.each(["redirect", "proxy"])("sends nobody in a circle by %s", async (mode) => {
		const session = await newSession(plain);
		await plain.openSession(session, plain.signalingUrl, {}, { mode });
		const client = await plain.connect(connectMessage(session, await withToken(plain)));
		expect(await client.closed).toEqual(refusal("provider-not-configured"));
		expect(await plain.participants(session)).toEqual([]);
	});

	it("keeps no place for a client that has a ticket and could not be sent on", async () => {
		const session = await newSession(plain);
		await plain.openSession(session, plain.signalingUrl, {});
		const { join: own } = await join(plain, session);
		const client = await plain.connect(connectMessage(session, own.metadata));
		expect(await client.closed).toEqual(refusal("provider-not-configured"));
		await eventually(async () =>
			expect(await plain.participants(session, true)).toMatchObject([{ status: "gone", because: "never-came" }]),
		);
	});

	it.each(["in the address", "in the metadata"])("takes the ticket of a join %s", async (place) => {
		const session = await newSession(plain);
		const joined = await join(plain, session, { maxu: 1 });
		expect(joined.join.signaling_urls).toEqual([`${plain.signalingUrl}?ticket=${joined.ticket}`]);
		const inAddress = place === "in the address";
		const message = connectMessage(session, inAddress ? undefined : joined.join.metadata);
		const client = await plain.connect(message, inAddress ? `?ticket=${joined.ticket}` : "");
		const { location } = (await client.next("redirect")) as { location: string };
		expect(new URL(location).searchParams.get("ticket")).toBe(joined.ticket);
		const again = await plain.connect(message, inAddress ? `?ticket=${joined.ticket}` : "");
		expect(await again.closed).toEqual(refusal("ticket-used"));
		expect(await plain.participants(session)).toHaveLength(1);
	});

	it.each<[string, string]>([
		["of another channel", "ticket-invalid"],
		["that is none", "ticket-invalid"],
	])("refuses a ticket %s", async (what, reason) => {
		const [session, other] = [await newSession(plain), await newSession(plain)];
		const { ticket } = await join(plain, session);
		const client = await plain.connect(
			connectMessage(other, undefined),
			`?ticket=${what === "that is none" ? "nonsense" : ticket}`,
		);
		expect(await client.closed).toEqual(refusal(reason));
	});

	it("refuses a ticket of another account", async () => {
		const session = await newSession(plain);
		await hooked.openSession(session, real);
		const { ticket } = await join(plain, session);
		const client = await hooked.connect(connectMessage(session, undefined), `?ticket=${ticket}`);
		expect(await client.closed).toEqual(refusal("ticket-invalid"));
	});
});

describe("in proxy mode", () => {
	const proxied = (of: SoraAccount, record: Json = {}, part: Json = {}) =>
		newSession(of, { mode: "proxy", ...part }, record);

	it("carries a client to Sora, and knows that it is there until it leaves", async () => {
		const session = await proxied(hooked);
		const client = await hooked.connect(connectMessage(session, await withToken(hooked, { uid: "ann", maxu: 1 })));
		const id = await established(client);
		const connection = await arrived(session);
		expect(connection.id).toBe(id);
		expect(connection.connect).toMatchObject({ metadata: { ticket: expect.any(String) }, e2ee: true });
		expect(await hooked.participants(session)).toMatchObject([{ status: "connected", uid: "ann" }]);
		client.send({ type: "disconnect", reason: "NO-ERROR" });
		expect(await client.closed).toMatchObject({ code: 1000 });
		await eventually(async () =>
			expect(await hooked.participants(session, true)).toMatchObject([{ status: "gone", because: "left" }]),
		);
	});

	it.each([
		["alone", () => plain],
		["beside webhooks", () => hooked],
	])("%s, keeps the place of a client whose connection broke, and lets it come again", async (_, account) => {
		const of = account();
		const session = await proxied(of, { max_participants: 1 });
		const joined = await join(of, session, { maxu: 1 });
		const query = `?ticket=${joined.ticket}`;
		const first = await of.connect(connectMessage(session, undefined), query);
		await established(first);
		first.socket.close(3001);
		await eventually(async () => expect(await of.participants(session)).toMatchObject([{ status: "away" }]));
		const second = await of.connect(connectMessage(session, undefined), query);
		await established(second);
		expect(await of.participants(session)).toMatchObject([{ id: joined.participant_id, status: "connected" }]);
		const third = await of.connect(connectMessage(session, undefined), query);
		await established(third);
		expect(await second.closed).toEqual({ code: 4005, reason: "replaced" });
		expect(await of.participants(session)).toMatchObject([{ id: joined.participant_id, status: "connected" }]);
	});

	it.each([
		["alone", () => plain],
		["beside webhooks", () => hooked],
	])("%s, carries one connection of a ticket that comes several times at once", async (_, account) => {
		const of = account();
		const session = await proxied(of);
		const joined = await join(of, session);
		const message = connectMessage(session, joined.join.metadata);
		const clients = await Promise.all(Array.from({ length: 5 }, () => of.connect(message)));
		const isOpen = ({ socket }: TestSocket) => socket.readyState === WebSocket.OPEN;
		await eventually(() => expect(clients.filter(isOpen).length).toBeLessThan(2));
		await sleep(300); // for one that would go, too
		expect(clients.filter(isOpen)).toHaveLength(1);
		expect(await of.participants(session)).toMatchObject([{ id: joined.participant_id, status: "connected" }]);
	});

	it("takes no client past itself: neither by data channel, nor by a node that sends it on", async () => {
		const session = await proxied(plain);
		real.sendOn(`${real.url}?node=2`);
		const client = await plain.connect(
			connectMessage(session, await withToken(plain), {
				data_channel_signaling: true,
				ignore_disconnect_websocket: true,
			}),
		);
		await established(client);
		const connection = await arrived(session);
		expect(connection.url).toBe("/signaling?node=2");
		expect(connection.connect).toMatchObject({
			redirect: true,
			data_channel_signaling: false,
			ignore_disconnect_websocket: false,
		});
		expect(client.messages.map(({ type }) => type)).not.toContain("redirect");
	});

	it("goes on to an address that answers, and passes on no later redirect", async () => {
		const session = await proxied(plain, {}, { signaling_urls: ["ws://127.0.0.1:9/signaling", real.url] });
		const client = await plain.connect(connectMessage(session, await withToken(plain)));
		await established(client);
		const connection = await arrived(session);
		expect(connection.connect).toMatchObject({ data_channel_signaling: false, ignore_disconnect_websocket: false });
		connection.send({ type: "redirect", location: real.url });
		expect(await client.closed).toEqual(refusal("provider-unavailable"));
		expect(client.messages.map(({ type }) => type)).not.toContain("redirect");
	});

	it("passes on what Sora refuses, and gives the use back", async () => {
		const session = await proxied(plain);
		const metadata = await withToken(plain, { maxu: 1 });
		real.hook({ auth: `${gate.origin.url}/refuses` });
		gate.origin.answer("/refuses", (_, response) => void response.end('{"allowed":false,"reason":"NOT-TODAY"}'));
		const refused = await plain.connect(connectMessage(session, metadata));
		expect(await refused.closed).toEqual({ code: 4490, reason: "NOT-TODAY" });
		real.hook({});
		const client = await plain.connect(connectMessage(session, metadata));
		await established(client);
	});

	it("waits for no answer of Sora when the client must go, or goes", async () => {
		const session = await proxied(plain);
		let answer = (): void => undefined;
		gate.origin.answer("/thinks", (_, response) => {
			answer = () => void response.end('{"allowed":true}');
		});
		real.hook({ auth: `${gate.origin.url}/thinks` });
		const kicked = await plain.connect(connectMessage(session, await withToken(plain)));
		await arrived(session);
		const [participant] = await plain.participants(session);
		await plain.order("DELETE", session, `participants/${String(participant?.["id"])}`);
		expect(await kicked.closed).toEqual({ code: 4003, reason: "kicked" });
		answer();
		const metadata = await withToken(plain, { maxu: 1 });
		const leaving = await plain.connect(connectMessage(session, metadata));
		await arrived(session, 2);
		leaving.socket.close(1000);
		await eventually(async () => expect(await plain.participants(session)).toEqual([]));
		answer();
		for (const one of real.connections.filter(({ connect }) => connect["channel_id"] === session))
			await eventually(() => expect(one.closed).not.toBeNull());
		real.hook({});
		await eventually(async () => established(await plain.connect(connectMessage(session, metadata)))); // the use is back
	});

	it("refuses where Sora cannot be reached, and spends nothing", async () => {
		const session = `${await proxied(plain)}-away`;
		await plain.openSession(session, "ws://127.0.0.1:9/signaling", {}, { mode: "proxy" });
		const client = await plain.connect(connectMessage(session, await withToken(plain)));
		expect(await client.closed).toEqual(refusal("provider-unavailable"));
		expect(await plain.participants(session)).toEqual([]);
	});

	it.each<[string, (session: string, id: string) => Promise<unknown>, Json, object]>([
		[
			"kicked",
			(session, id) => hooked.order("DELETE", session, `participants/${id}`),
			{},
			{ code: 4003, reason: "kicked" },
		],
		[
			"at the end of the session",
			(session) => hooked.order("POST", session, "end"),
			{},
			{ code: 4006, reason: "session-ended" },
		],
		["at the end of its token", async () => undefined, { exp: 0 }, { code: 4001, reason: "token-expired" }],
	])("cuts a client that is %s", async (_, act, claims, close) => {
		const { session, client, participant } = await inTime(
			async (seconds) => {
				const session = await proxied(hooked);
				const soon = "exp" in claims ? { exp: nowSeconds() + seconds } : {};
				const client = await hooked.connect(connectMessage(session, await withToken(hooked, soon)));
				await established(client);
				const [participant] = await hooked.participants(session);
				return { session, client, participant };
			},
			[2, 10, 40],
		);
		await act(session, String(participant?.["id"]));
		expect(await client.closed).toEqual(close);
		const connection = await arrived(session);
		await eventually(() => expect(connection.closed).not.toBeNull());
	});

	it("passes messages of end-to-end encryption between members of the channel only", async () => {
		const [session, elsewhere] = [await proxied(plain), await proxied(plain)];
		const enter = async (channel: string) => plain.connect(connectMessage(channel, await withToken(plain)));
		const ann = await enter(session);
		const annId = await established(ann);
		const ben = await enter(session);
		const benId = await established(ben);
		const far = await enter(elsewhere);
		const farId = await established(far);
		const past = await openSocket(real.url); // of the channel, and not through the gate
		past.send(connectMessage(session, {}));
		const pastId = await established(past);
		const [benGot, farGot, pastGot] = [gotBy(ben), gotBy(far), gotBy(past)];
		await eventually(() => expect(ann.messages.filter(({ type }) => type === "notify")).toHaveLength(3));
		for (const to of [farId, "0".repeat(26), benId, pastId]) ann.socket.send(frame(annId, to, `to ${to}`));
		await eventually(() => expect([benGot, pastGot]).toEqual([[`to ${benId}`], [`to ${pastId}`]]));
		past.socket.send(frame(pastId, benId, "back"));
		await eventually(() => expect(benGot).toEqual([`to ${benId}`, "back"]));
		expect(farGot).toEqual([]);
		const atSora = real.connections.find(({ id }) => id === annId)?.heard.filter((type) => type === "binary");
		expect(atSora).toHaveLength(1); // the one that the gate has no way to deliver
		ann.socket.send(frame(benId, annId, "in another's name"));
		expect(await ann.closed).toEqual(refusal("bad-request"));
		expect(farGot).toEqual([]);
	});

	it.each<[string, string | Uint8Array<ArrayBuffer>, object]>([
		["a second connect", '{"type":"connect","channel_id":"elsewhere"}', refusal("bad-request")],
		["two types at once", '{"type":"candidate","type":"connect"}', refusal("bad-request")],
		["no JSON", "hello", refusal("bad-request")],
		["a binary message that is none of encryption", new Uint8Array(10), refusal("bad-request")],
		["more than a message may hold", "x".repeat((1 << 20) + 1), { code: 1009, reason: "message-too-large" }],
	])("cuts a client that sends %s", async (_, message, close) => {
		const session = await proxied(plain);
		const client = await plain.connect(connectMessage(session, await withToken(plain)));
		await established(client);
		client.socket.send(message);
		expect(await client.closed).toEqual(close);
	});

	it("passes on no encryption secret", async () => {
		const session = await proxied(plain);
		const client = await plain.connect(connectMessage(session, await withToken(plain)));
		await established(client);
		client.send({ type: "update", sdp: "v=0", options: { encryption_secret: "eight or more" } });
		expect(await client.closed).toEqual(refusal("encryption-secret-sent"));
		expect((await arrived(session)).heard).not.toContain("update");
	});

	it("cuts a client that says too much", async () => {
		const session = await proxied(plain);
		const client = await plain.connect(connectMessage(session, await withToken(plain)));
		await established(client);
		for (let count = 0; count < 1500; count += 1) client.send({ type: "pong" });
		expect(await client.closed).toEqual({ code: 4429, reason: "too-many-messages" });
	});
});

it("nothing of this failed within the gate, and its log has no token and no ticket", () => {
	const log = gate.logLines.join("\n");
	expect(gate.logLines.filter((line) => line.includes('"event":"fault"') && !line.includes("room-eject"))).toEqual([]);
	expect(gate.tokens.filter((token) => log.includes(token))).toEqual([]);
	expect(log).not.toMatch(/ticket=/);
});

/** Messages of end-to-end encryption, without their header. */
function gotBy({ socket }: TestSocket): readonly string[] {
	const got: string[] = [];
	socket.binaryType = "arraybuffer";
	socket.addEventListener("message", ({ data }) => {
		if (data instanceof ArrayBuffer) got.push(Buffer.from(data).subarray(56).toString());
	});
	return got;
}

function frame(from: string, to: string, text: string): Uint8Array<ArrayBuffer> {
	const body = Buffer.from(text);
	return new Uint8Array(Buffer.concat([Buffer.from([1, 0, 0, body.length]), Buffer.from(from + to, "latin1"), body]));
}
