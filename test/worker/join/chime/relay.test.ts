import { describe, expect, it } from "vitest";
import { allow, refuse } from "../../../../worker/decision/decision.ts";
import type { Refusal } from "../../../../worker/decision/refusals.ts";
import { audioStatusFrame, joinRefusedFrame } from "../../../../worker/join/providers/chime/frames.ts";
import { relay } from "../../../../worker/join/providers/chime/relay.ts";
import { GONE_CODES, type GoneBecause } from "../../../../worker/join/room/contract.ts";
import { whenDismissed } from "../../../../worker/join/seat.ts";
import { eventually } from "../../../support/patience.ts";

// The three sockets of a connection, each with its other end in the test's hand.
const NOW = 1_795_000_000_000;
const JOIN = Buffer.from(
	"050880bcd9f29e341001223e0802180222342a066368726f6d6532053135362e303a13616d617a6f6e2d6368696d652d73646b2d6a734206332e33322e304a062b30303a303030053801",
	"hex",
);
const LEAVE = Buffer.from("05080110095a00", "hex");

interface End {
	readonly socket: WebSocket;
	readonly got: (string | Uint8Array)[];
	readonly closed: { code: number; reason: string }[];
}

function pair(): { readonly far: End; readonly near: WebSocket } {
	const { 0: socket, 1: near } = new WebSocketPair();
	const far: End = { socket, got: [], closed: [] };
	socket.addEventListener("message", ({ data }) =>
		far.got.push(typeof data === "string" ? data : new Uint8Array(data)),
	);
	socket.addEventListener("close", ({ code, reason }) => far.closed.push({ code, reason }));
	socket.binaryType = "arraybuffer";
	socket.accept();
	return { far, near };
}

function connect(refusal: Refusal | null = null) {
	const [client, upstream, control] = [pair(), pair(), pair()];
	control.near.accept();
	const asked: unknown[] = [];
	const logged: Refusal[] = [];
	relay(
		{ client: client.near, upstream: upstream.near, control: control.near, dismissed: whenDismissed(control.near) },
		{
			judgeSdk: (sdk) => {
				asked.push(sdk);
				return refusal ? refuse(refusal) : allow();
			},
			refused: (told) => logged.push(told),
			now: () => NOW,
		},
	);
	return { client: client.far, service: upstream.far, room: control.far, asked, logged };
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe("a connection", () => {
	it("carries frames both ways, byte for byte, binary as binary and text as text", async () => {
		const { client, service } = connect();
		client.socket.send(JOIN);
		client.socket.send(bytes("\u0005anything"));
		client.socket.send("text");
		service.socket.send(bytes("answer"));
		await eventually(() => expect(service.got).toEqual([new Uint8Array(JOIN), bytes("\u0005anything"), "text"]));
		await eventually(() => expect(client.got).toEqual([bytes("answer")]));
	});

	it.each([
		[4410, "meeting ended"],
		[4403, "no"],
		[1000, ""],
		[3001, "x".repeat(123)],
	])("passes the service's close %s on", async (code, reason) => {
		const { client, service, room } = connect();
		service.socket.close(code, reason);
		await eventually(() => expect(client.closed).toEqual([{ code, reason }]));
		await eventually(() => expect(room.closed).toEqual([{ code: 1001, reason: "" }]));
	});

	it("passes the client's close on, and the room knows it as lost", async () => {
		const { client, service, room } = connect();
		client.socket.close(4001, "bye");
		await eventually(() => expect(service.closed).toEqual([{ code: 4001, reason: "bye" }]));
		await eventually(() => expect(room.closed).toEqual([{ code: 1001, reason: "" }]));
	});

	it("tells the room that a client which sent LEAVE has left", async () => {
		const { client, service, room } = connect();
		client.socket.send(LEAVE);
		await eventually(() => expect(service.got).toHaveLength(1));
		client.socket.close(1000, "");
		await eventually(() => expect(room.closed).toEqual([{ code: 4010, reason: "left" }]));
	});

	it("ends on a frame that no SDK sends", async () => {
		const { client, service } = connect();
		client.socket.send(new Uint8Array(262_145));
		await eventually(() => expect(client.closed).toEqual([{ code: 1009, reason: "frame-too-large" }]));
		expect(service.got).toEqual([]);
	});
});

describe("a participant who must go", () => {
	it.each<[GoneBecause, number]>([
		["kicked", 411],
		["banned", 411],
		["stayed-too-long", 411],
		["replaced", 301],
		["session-ended", 410],
		["token-expired", 403],
		["token-revoked", 403],
		["viewer-session-ended", 403],
	])("%s: hears AUDIO_STATUS %s, and may close by itself", async (because, status) => {
		const { client, service, room } = connect();
		room.socket.close(GONE_CODES[because], because);
		await eventually(() => expect(client.got).toEqual([audioStatusFrame(status, NOW)]));
		await eventually(() => expect(service.closed).toEqual([{ code: 1001, reason: because }]));
		client.socket.close();
		await eventually(() => expect(client.closed).toHaveLength(1));
	});

	it("is closed after a while when it does not go by itself", async () => {
		const [kicked, ended] = [connect(), connect()];
		kicked.room.socket.close(GONE_CODES.kicked, "kicked");
		ended.room.socket.close(GONE_CODES["session-ended"], "session-ended");
		await eventually(() => expect(kicked.client.closed).toEqual([{ code: 4403, reason: "kicked" }]));
		await eventually(() => expect(ended.client.closed).toEqual([{ code: 4410, reason: "session-ended" }]));
	});

	it("is closed when it says LEAVE, as SDKs do", async () => {
		const { client, room } = connect();
		room.socket.close(GONE_CODES["session-ended"], "session-ended");
		await eventually(() => expect(client.got).toHaveLength(1));
		client.socket.send(LEAVE);
		await eventually(() => expect(client.closed).toEqual([{ code: 4410, reason: "session-ended" }]));
	});

	it("sends and hears nothing more", async () => {
		const { client, service, room } = connect();
		room.socket.close(GONE_CODES.kicked, "kicked");
		await eventually(() => expect(client.got).toHaveLength(1));
		client.socket.send(bytes("more"));
		client.socket.close();
		await eventually(() => expect(client.closed).toHaveLength(1));
		expect([service.got, client.got.length]).toEqual([[], 1]);
	});

	it("may come again when only its room was lost", async () => {
		const { client, room } = connect();
		room.socket.close(1011, "");
		await eventually(() => expect(client.closed).toEqual([{ code: 4500, reason: "room-unavailable" }]));
		expect(client.got).toEqual([]);
	});
});

describe("the SDK that a JOIN names", () => {
	it("is judged before the JOIN passes", async () => {
		const tooOld: Refusal = {
			reason: "client-too-old",
			product: "amazon-chime-sdk-js",
			version: "3.32.0",
			leastVersion: "4.0.0",
		};
		const { client, service, asked, logged } = connect(tooOld);
		client.socket.send(JOIN);
		const said = "amazon-chime-sdk-js 3.32.0 is too old to join an encrypted session: it must be 4.0.0 or later.";
		await eventually(() => expect(client.got).toEqual([joinRefusedFrame(403, said, NOW)]));
		expect([service.got, asked, logged]).toEqual([[], [{ name: "amazon-chime-sdk-js", version: "3.32.0" }], [tooOld]]);
	});
});
