import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { TURN_KEY, startCloudflareTurn } from "../standins/cloudflare-turn.ts";
import { type TestSession, type TestSocket, openSession, openSocket } from "../support/join.ts";
import { nowSeconds, startTestGate } from "../support/running-gate.ts";
import type { Json, TestAccount, TestGate } from "../support/running-gate.ts";

// Rooms of plain WebRTC over real WebSockets, and the TURN credentials of their participants.
let gate: TestGate;
let account: TestAccount;
let rooms = 0;

const vector = (name: string): string => readFileSync(join(import.meta.dirname, `../vectors/sdp/${name}.sdp`), "utf8");
const offer = vector("chromium-call-offer");
const answer = vector("chromium-call-answer");

beforeAll(async () => {
	gate = await startTestGate();
	account = await gate.openAccount();
});
afterAll(() => gate?.stop());

const open = (record: Json = {}, of = account): Promise<TestSession> =>
	openSession(gate, of, record, `room-${(rooms += 1)}`);

interface Seated extends TestSocket {
	readonly id: string;
	readonly welcome: Json;
}

async function sit(session: TestSession, claims: Json = {}, body: Json = {}): Promise<Seated> {
	const joined = await session.join(claims, body);
	const socket = await openSocket(session.socketUrl(joined.ticket));
	return { ...socket, id: joined.participantId, welcome: await socket.next("welcome") };
}

describe("a room", () => {
	it("passes offer and answer on, with fingerprints, to the one they are for", async () => {
		const session = await open();
		const [ann, ben, cleo] = [
			await sit(session, { uid: "ann" }, { name: "Ann" }),
			await sit(session),
			await sit(session),
		];
		expect(ben.welcome).toMatchObject({
			self: { id: ben.id },
			participants: [{ id: ann.id, name: "Ann" }],
			ice_servers: [],
			e2ee: { required: true },
		});
		ann.send({ type: "offer", to: ben.id, sdp: offer, id: "o1" });
		expect(await ben.next("offer")).toMatchObject({
			from: ann.id,
			sdp: offer,
			fingerprints: [expect.stringMatching(/^sha-256 /)],
			id: "o1",
		});
		ben.send({ type: "answer", to: ann.id, sdp: answer });
		expect(await ann.next("answer")).toMatchObject({ from: ben.id, sdp: answer });
		ann.send({ type: "offer", to: ben.id, sdp: `${offer}a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:x\r\n`, id: "o2" });
		expect(await ann.next("refused")).toMatchObject({ reason: "sdp-refused", rule: "sdes", in_reply_to: "o2" });
		const tampered = offer.replaceAll(/sha-256 \S+/g, `sha-256 ${Array.from({ length: 32 }, () => "AB").join(":")}`);
		ann.send({ type: "offer", to: ben.id, sdp: tampered });
		expect(await ben.next("fingerprint-refused")).toMatchObject({ from: ann.id, of: "offer" });
		expect(cleo.messages.filter(({ type }) => type === "offer" || type === "answer")).toEqual([]);
		expect(gate.logLines.join("\n")).not.toContain("a=fingerprint");
	});

	it("keeps pins when the connection breaks, and when the runtime forgets", async () => {
		const session = await open();
		const [ann, ben] = [await sit(session), await sit(session)];
		ann.send({ type: "offer", to: ben.id, sdp: offer });
		await ben.next("offer");
		ben.socket.close();
		await ann.next("away");
		const back = await openSocket(session.socketUrl(String(ben.welcome["ticket"])));
		const welcome = await back.next("welcome");
		expect(welcome).toMatchObject({
			resumed: true,
			participants: [{ id: ann.id, fingerprints: [expect.stringMatching(/^sha-256 /)] }],
		});
		back.send({ type: "answer", to: ann.id, sdp: answer });
		await ann.next("answer");
	});

	it("a moderator approves, locks and kicks by messages", async () => {
		const session = await open({ lobby: true });
		const chair = await sit(session, { uid: "chair", join_role: "moderator" });
		const ann = await sit(session, { uid: "ann" });
		expect(ann.welcome).toMatchObject({ self: { status: "waiting" }, participants: [] });
		expect(ann.welcome).not.toHaveProperty("ice_servers");
		expect(await chair.next("waiting")).toMatchObject({ participant: { id: ann.id, uid: "ann" } });
		chair.send({ type: "approve", participant: ann.id, id: "c1" });
		expect(await ann.next("admitted")).toMatchObject({ participants: [{ id: chair.id }], ice_servers: [] });
		expect(await chair.next("done")).toMatchObject({ command: "approve", in_reply_to: "c1" });
		chair.send({ type: "lock" });
		expect(await ann.next("session")).toMatchObject({ session: { status: "locked" } });
		chair.send({ type: "kick", participant: ann.id, why: "noise" });
		expect(await ann.closed).toEqual({ code: 4003, reason: "kicked" });
		expect(await chair.next("left")).toMatchObject({ participant: ann.id, because: "kicked" });
	});
});

describe("TURN", () => {
	const servers = (told: Json): readonly Json[] => told["ice_servers"] as readonly Json[];

	it("with a shared secret: credentials of the participant, no longer than the stay, with the room's own servers", async () => {
		const own = await gate.openAccount();
		const credentials = {
			kind: "rest",
			secret: "shared-with-coturn",
			urls: ["stun:turn.example", "turn:turn.example?transport=udp"],
			ttl_seconds: 3600,
		};
		expect((await gate.manage("PUT", `${own.manageUrl}/providers/turn`, credentials)).ok).toBe(true);
		const session = await open({ max_stay_seconds: 600, webrtc: { ice_servers: [{ urls: "stun:own.example" }] } }, own);
		const joined = await session.join();
		const material = servers(joined.body["join"] as Json);
		const socket = await openSocket(session.socketUrl(joined.ticket));
		const welcomed = servers(await socket.next("welcome"));
		for (const told of [material, welcomed]) {
			expect(told.slice(0, 2)).toEqual([{ urls: ["stun:own.example"] }, { urls: ["stun:turn.example"] }]);
			const { username, credential } = told[2] as { username: string; credential: string };
			const [expiry, participant] = username.split(":");
			expect(participant).toBe(joined.participantId);
			expect(Number(expiry) - nowSeconds()).toBeLessThanOrEqual(600);
			expect(Number(expiry) - nowSeconds()).toBeGreaterThan(500);
			expect(credential).toBe(createHmac("sha1", "shared-with-coturn").update(username).digest("base64"));
		}
		expect(JSON.stringify([joined.body, socket.messages, gate.logLines])).not.toContain("shared-with-coturn");
		socket.socket.close();
	});

	it("of Cloudflare: made for each connection, without port 53, and revoked when the participant goes", async () => {
		const turn = startCloudflareTurn(gate.origin, "/turn-up");
		const own = await gate.openAccount();
		await gate.manage("PUT", `${own.manageUrl}/providers/turn`, { ...TURN_KEY, api_url: turn.url, ttl_seconds: 900 });
		const session = await open({}, own);
		const ann = await sit(session, { uid: "ann" });
		expect(JSON.stringify(ann.welcome)).not.toContain(":53");
		expect(JSON.stringify(ann.welcome)).toContain(turn.given[1]?.username);
		expect(turn.given.map(({ ttl }) => ttl)).toEqual([900, 900]);
		expect((await session.order("DELETE", `participants/${ann.id}`)).ok).toBe(true);
		await expect
			.poll(() => turn.revoked.toSorted((one, other) => one.localeCompare(other)))
			.toEqual(turn.given.map(({ username }) => username).toSorted((one, other) => one.localeCompare(other)));
		const listed = JSON.stringify(await session.participants(true));
		expect(listed + gate.logLines.join("\n")).not.toMatch(/the-turn-keys-own-token/);
	});

	it("that fails: the join is refused, and its place and use are given back", async () => {
		const turn = startCloudflareTurn(gate.origin, "/turn-down");
		const own = await gate.openAccount();
		await gate.manage("PUT", `${own.manageUrl}/providers/turn`, { ...TURN_KEY, api_url: turn.url });
		const session = await open({ max_participants: 1 }, own);
		const token = await own.sign({ maxu: 1 });
		turn.fail((_request, response) => void response.writeHead(500).end("internal: the-turn-keys-own-token"));
		const refused = await session.joinWith(token);
		expect([refused.status, refused.reason, refused.body["provider"]]).toEqual([502, "provider-unavailable", "turn"]);
		expect(JSON.stringify(refused.body)).not.toContain("the-turn-keys-own-token");
		expect((await session.joinWith(token)).status).toBe(201);
	});
});
