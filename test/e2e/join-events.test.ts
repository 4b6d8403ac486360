import { createHmac } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type TestSession, answered, openSession, openSocket } from "../support/join.ts";
import { ask } from "../support/player.ts";
import { startServer } from "../support/server.ts";
import { nowSeconds, startTestGate } from "../support/running-gate.ts";
import type { Json, TestAccount, TestGate } from "../support/running-gate.ts";
import { eventually, inTime, soon } from "../support/patience.ts";

// Two isolates on one state: what is revoked through the one, a room hears of whose participants came through the other.
let gate: TestGate;
beforeAll(async () => {
	gate = await startTestGate({ elsewhere: true });
});
afterAll(() => gate?.stop());

describe("a revocation closes a live socket", () => {
	it.concurrent.each([
		["token", (token: string) => ({ value: token })],
		["jti", () => ({ value: "one" })],
		["uid", () => ({ value: "ann" })],
		["sid", () => ({ value: "call" })],
		["key", () => ({ value: "rsa" })],
		["video", () => ({ value: "room-1" })],
		["issued-before", () => ({ before: nowSeconds() + 60 })],
	] as const)("by %s", async (kind, named) => {
		const account = await gate.openAccount();
		const session = await openSession(gate, account);
		const token = await account.sign({ uid: "ann", sid: "call", jti: "one" });
		const ann = await session.joinWith(token);
		const socket = await openSocket(session.socketUrl(ann.ticket));
		await socket.next("welcome");
		const through = (url: string) => url.replace(gate.url, gate.running.elsewhereUrl ?? "");
		const body = { kind, ...named(token) };
		expect((await gate.manage("POST", through(`${account.manageUrl}/revocations`), body)).status).toBe(201);
		expect(await soon(socket.closed)).toEqual({ code: 4002, reason: "token-revoked" });
		const refused = async () => expect((await session.joinWith(token)).reason).toBe("token-revoked");
		await eventually(refused, 200);
	});

	it("also of one who joined while an isolate had not heard of it yet", async () => {
		const account = await gate.openAccount();
		const session = await openSession(gate, account);
		const other: TestSession = { ...session, url: session.url.replace(gate.url, gate.running.elsewhereUrl ?? "") };
		await session.join(); // this isolate has a copy of the list now
		const token = await account.sign({ jti: "one" });
		const elsewhere = other.manageUrl
			.replace(gate.url, gate.running.elsewhereUrl ?? "")
			.replace("/e2ee-sessions/room-1", "");
		await gate.manage("POST", `${elsewhere}/revocations`, { kind: "jti", value: "one" });
		const ann = await session.joinWith(token);
		expect([201, "token-revoked"]).toContain(ann.reason === "" ? ann.status : ann.reason);
		await expect.poll(async () => (await session.participants()).length).toBe(1);
	});
});

it("an isolate that still has the record of before lets nobody in through a provider that the session has left", async () => {
	const account = await gate.openAccount();
	const session = await openSession(gate, account);
	const there = session.url.replace(gate.url, gate.running.elsewhereUrl ?? "");
	const joinThere = async () => {
		const headers = { Authorization: `Bearer ${await account.sign({ maxu: 1 })}` };
		return answered(await ask(there, { method: "POST", headers }));
	};
	const before = await joinThere();
	expect([before.status, before.body["provider"]]).toEqual([201, "webrtc"]);
	const sora = { channel_id: "c", signaling_urls: ["wss://sora.example/signaling"] };
	await session.put({ provider: "sora", sora });
	expect((await joinThere()).reason).toBe("room-unavailable");
	expect(await session.participants()).toEqual([]);
	const after = await session.join();
	expect([after.status, after.body["provider"]]).toEqual([201, "sora"]);
});

interface Heard {
	readonly headers: IncomingMessage["headers"];
	readonly body: string;
	readonly event: { readonly type: string; readonly timestamp: string; readonly data: Json };
}

/** A publisher's endpoint. `answers` are its first statuses; 200 after them. */
async function openEndpoint(answers: number[] = []) {
	const heard: Heard[] = [];
	const { host, close } = await startServer(async (request, response) => {
		const body = await text(request);
		heard.push({ headers: request.headers, body, event: JSON.parse(body) as Heard["event"] });
		response.writeHead(answers.shift() ?? 200, { Location: "/elsewhere" }).end();
	});
	return { url: `http://${host}/hook`, heard, close };
}

async function hear(account: TestAccount, url: string): Promise<string> {
	const answer = await gate.manage("PUT", `${account.manageUrl}/join-webhook`, { url });
	expect(answer.status).toBe(201);
	return ((await answer.json()) as { secret: string }).secret;
}

const typesOf = (heard: readonly Heard[]): string[] => heard.map(({ event }) => event.type);

describe("the publisher's webhook", () => {
	it.concurrent("an end that was told is not told again when the session's time is over", async () => {
		const { endpoint, endsAt } = await inTime(async (seconds) => {
			const endsAt = nowSeconds() + seconds;
			const endpoint = await openEndpoint();
			const account = await gate.openAccount();
			const session = await openSession(gate, account, { ends_at: endsAt });
			await hear(account, endpoint.url);
			expect((await session.order("POST", "end")).status).toBe(200);
			return { endpoint, endsAt };
		});
		const ends = () => typesOf(endpoint.heard).filter((type) => type === "join.session_ended");
		await eventually(() => expect(ends()).toHaveLength(1));
		await sleep(endsAt * 1000 + 1500 - Date.now());
		expect(ends()).toHaveLength(1);
		await endpoint.close();
	});

	it.concurrent.each([
		["PUT", { provider: "webrtc", status: "ended" }],
		["DELETE", undefined],
	])("the session's end by %s of its record is told", async (method, record) => {
		const endpoint = await openEndpoint();
		const account = await gate.openAccount();
		const session = await openSession(gate, account);
		await hear(account, endpoint.url);
		await session.join();
		expect((await gate.manage(method, session.manageUrl, record)).ok).toBe(true);
		await eventually(() => expect(typesOf(endpoint.heard)).toContain("join.session_ended"));
	});

	it.concurrent("hears, signed, of who joins, leaves and is refused, and of the end", async () => {
		const endpoint = await openEndpoint();
		const account = await gate.openAccount();
		const session = await openSession(gate, account, { max_participants: 1 });
		const secret = await hear(account, endpoint.url);
		const ann = await session.join({ uid: "ann" }, { name: "Ann" });
		const refused = await session.join({ uid: "ben" });
		const both = ["join.participant_joined", "join.refused"];
		await eventually(() => expect(typesOf(endpoint.heard).toSorted()).toEqual(both));
		expect((await ask(`${gate.url}/join/v1/participants/${ann.ticket}`, { method: "DELETE" })).status).toBe(204);
		await eventually(() => expect(typesOf(endpoint.heard)).toContain("join.participant_left"));
		expect((await session.order("POST", "end")).status).toBe(200);
		await eventually(() => expect(typesOf(endpoint.heard)).toContain("join.session_ended"));
		const of = (type: string) => endpoint.heard.find(({ event }) => event.type === type)?.event.data;
		const where = { account: account.id, session: "room-1", provider: "webrtc" };
		expect(of("join.participant_joined")).toMatchObject({
			...where,
			participant: { id: ann.participantId, uid: "ann", name: "Ann", role: "publisher" },
			decision_id: ann.headers.get("Playgate-Decision"),
		});
		expect(of("join.participant_left")).toMatchObject({
			...where,
			participant: { id: ann.participantId },
			because: "left",
		});
		expect(of("join.refused")).toMatchObject({
			...where,
			participant: { uid: "ben" },
			reason: "e2ee-session-full",
			decision_id: refused.headers.get("Playgate-Decision"),
		});
		for (const { headers, body } of endpoint.heard) {
			const signed = `${String(headers["webhook-id"])}.${String(headers["webhook-timestamp"])}.${body}`;
			const key = Buffer.from(secret.slice("whsec_".length), "base64");
			expect(headers["webhook-signature"]).toBe(`v1,${createHmac("sha256", key).update(signed).digest("base64")}`);
			expect(Math.abs(Number(headers["webhook-timestamp"]) - nowSeconds())).toBeLessThan(60);
			expect(gate.tokens.some((token) => body.includes(token))).toBe(false);
		}
		expect(new Set(endpoint.heard.map(({ headers }) => headers["webhook-id"])).size).toBe(endpoint.heard.length);
		await endpoint.close();
	});

	it.concurrent("hears again of what it did not take, and follows no redirect", async () => {
		const endpoint = await openEndpoint([500, 307]);
		const account = await gate.openAccount();
		const session = await openSession(gate, account);
		await hear(account, endpoint.url);
		await session.join();
		await eventually(() => expect(endpoint.heard.length).toBeGreaterThan(1));
		const [first, second] = endpoint.heard;
		expect([second?.headers["webhook-id"], second?.body]).toEqual([first?.headers["webhook-id"], first?.body]);
		await endpoint.close();
	});

	it.concurrent("does not hold up anything when it never answers", async () => {
		const socket = await inTime(async (seconds) => {
			const account = await gate.openAccount();
			const session = await openSession(gate, account, { max_stay_seconds: seconds });
			await hear(account, "http://127.0.0.1:9/closed");
			const socket = await openSocket(session.socketUrl((await session.join()).ticket));
			await socket.next("welcome");
			return socket;
		});
		expect(await socket.closed).toEqual({ code: 4007, reason: "stayed-too-long" });
	});
});

it("neither log nor management tells tickets or tokens", async () => {
	const loud = await startTestGate({ decisionLog: "all" });
	const account = await loud.openAccount();
	const session = await openSession(loud, account);
	const ann = await session.join({ uid: "ann" });
	const socket = await openSocket(session.socketUrl(ann.ticket));
	await socket.next("welcome");
	await ask(`${loud.url}/join/v1/participants/${ann.ticket}`);
	socket.socket.close();
	const logged = () => loud.logLines.join("\n");
	await eventually(() => expect(logged()).toContain('"/join/v1/accounts/'));
	await loud.stop();
	const log = logged();
	expect([ann.ticket, ...loud.tokens].filter((secret) => log.includes(secret))).toEqual([]);
});
