import type { IncomingHttpHeaders } from "node:http";
import { createRequire } from "node:module";
import { type WebSocket, WebSocketServer } from "ws";
import { startServer, upgradeOnly } from "../support/server.ts";

// A stand-in for the signalling service of Amazon Chime, as amazon-chime-sdk-js 3.32.0 speaks with it. Frames are written and read with the
// SDK's own protocol classes; no media flows.

type Frame = Readonly<Record<string, unknown>> & { readonly type: number };
interface FrameClass {
	readonly encode: (frame: object) => { readonly finish: () => Uint8Array };
	readonly decode: (bytes: Uint8Array) => Frame;
	readonly create: (frame: object) => object;
	readonly Type: Readonly<Record<string, number>>;
}
const protocol = createRequire(import.meta.url)("amazon-chime-sdk-js/build/signalingprotocol/SignalingProtocol.js") as {
	readonly SdkSignalFrame: FrameClass;
};
const { SdkSignalFrame } = protocol;
const TYPE = SdkSignalFrame.Type;
const FRAME_TYPE_RTC = 0x05;
const PONG = 2;

/** A connection as the service got it. */
export interface Connection {
	/** Path and query. */
	readonly url: string;
	readonly headers: IncomingHttpHeaders;
	readonly subprotocols: readonly string[];
	readonly joinToken: string;
	/** Names of the frames that came, oldest first. */
	readonly frames: readonly string[];
	/** The frames themselves, as they came. */
	readonly raw: readonly Uint8Array[];
	/** How the client closed; null while it is open. */
	readonly closed: { readonly code: number; readonly reason: string } | null;
	/** Sends a frame. */
	readonly send: (frame: object) => void;
	readonly close: (code: number, reason?: string) => void;
	/** Drops the connection without a close frame. */
	readonly cut: () => void;
}

export interface ChimeSignalling {
	/** `ws://127.0.0.1:PORT/control/meeting` */
	readonly url: string;
	readonly connections: readonly Connection[];
	/** How connections are greeted from now on; undefined: as usual. */
	readonly behave: (behaviour: Behaviour | undefined) => void;
	readonly close: () => Promise<void>;
}

export interface Behaviour {
	/** Status of the upgrade that is refused. */
	readonly refuse?: number;
	/** Code with which the open connection is closed at once. */
	readonly closeWith?: number;
	/** Status in JOIN_ACK or SUBSCRIBE_ACK. */
	readonly joinStatus?: number;
	readonly subscribeStatus?: number;
	/** Answers offers of media; without it they stay unanswered. */
	readonly answer?: (offer: string) => Promise<string>;
}

export async function startChimeSignalling(): Promise<ChimeSignalling> {
	const connections: Connection[] = [];
	let behaviour: Behaviour | undefined;
	const { server, host, close } = await startServer(upgradeOnly);
	const sockets = new WebSocketServer({ noServer: true, handleProtocols: () => "_aws_wt_session" });
	server.on("upgrade", (request, socket, head) => {
		if (behaviour?.refuse !== undefined)
			return void socket.end(`HTTP/1.1 ${behaviour.refuse} Refused\r\nContent-Length: 0\r\n\r\n`);
		return sockets.handleUpgrade(request, socket, head, (ws) => {
			connections.push(converse(ws, { url: request.url ?? "", headers: request.headers }, behaviour ?? {}));
		});
	});
	return {
		url: `ws://${host}/control/meeting`,
		connections,
		behave: (next) => (behaviour = next),
		close,
	};
}

function converse(
	ws: WebSocket,
	{ url, headers }: { readonly url: string; readonly headers: IncomingHttpHeaders },
	behaviour: Behaviour,
): Connection {
	const subprotocols = (headers["sec-websocket-protocol"] ?? "").split(",").map((name) => name.trim());
	const state = { frames: [] as string[], raw: [] as Uint8Array[], closed: null as Connection["closed"] };
	const send = (frame: object): void => {
		const message = SdkSignalFrame.encode(SdkSignalFrame.create({ timestampMs: Date.now(), ...frame })).finish();
		ws.send(Buffer.concat([Buffer.of(FRAME_TYPE_RTC), message]));
	};
	ws.on("message", (data: Buffer) => {
		state.raw.push(new Uint8Array(data));
		const frame = SdkSignalFrame.decode(data.subarray(1));
		const [name = ""] = Object.entries(TYPE).find(([, type]) => type === frame.type) ?? [];
		state.frames.push(name);
		answer(name, frame, behaviour, send);
	});
	ws.on("error", () => ws.terminate());
	ws.on("close", (code, reason) => (state.closed = { code, reason: reason.toString() }));
	if (behaviour.closeWith !== undefined) ws.close(behaviour.closeWith, "as the test says");
	return {
		url,
		headers,
		subprotocols,
		joinToken: subprotocols[1] ?? "",
		send,
		get frames() {
			return state.frames;
		},
		get raw() {
			return state.raw;
		},
		get closed() {
			return state.closed;
		},
		close: (code, reason = "") => ws.close(code, reason),
		cut: () => ws.terminate(),
	};
}

function answer(
	name: string,
	frame: Frame,
	{ joinStatus, subscribeStatus, answer: answerOffer }: Behaviour,
	send: (frame: object) => void,
): void {
	const failed = (status: number) => ({ error: { status, description: "as the test says" } });
	if (name === "PING_PONG") {
		const { pingId } = frame["pingPong"] as { readonly pingId: number };
		send({ type: TYPE["PING_PONG"], pingPong: { type: PONG, pingId } });
	} else if (name === "JOIN" && joinStatus !== undefined) {
		send({ type: TYPE["JOIN_ACK"], ...failed(joinStatus), joinack: {} });
	} else if (name === "JOIN") {
		const turnCredentials = { username: "user", password: "password", ttl: 300, uris: [] };
		send({ type: TYPE["JOIN_ACK"], joinack: { turnCredentials, wantsCompressedSdp: false } });
		send({ type: TYPE["INDEX"], index: { atCapacity: false, sources: [], pausedAtSourceIds: [] } });
	} else if (name === "SUBSCRIBE" && subscribeStatus !== undefined) {
		send({ type: TYPE["SUBSCRIBE_ACK"], ...failed(subscribeStatus) });
	} else if (name === "SUBSCRIBE" && answerOffer) {
		const { sdpOffer } = frame["sub"] as { readonly sdpOffer: string };
		answerOffer(sdpOffer).then(
			(sdpAnswer) => send({ type: TYPE["SUBSCRIBE_ACK"], suback: { sdpAnswer, tracks: [], allocations: [] } }),
			() => send({ type: TYPE["SUBSCRIBE_ACK"], ...failed(500) }), // whoever was to answer has gone
		);
	} else if (name === "LEAVE") {
		send({ type: TYPE["LEAVE_ACK"], leaveAck: {} });
	}
}

/** AUDIO_STATUS, for `Connection.send`. */
export const audioStatus = (status: number): object => ({
	type: TYPE["AUDIO_STATUS"],
	audioStatus: { audioStatus: status },
});
