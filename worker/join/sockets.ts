import type { Refusal } from "../decision/refusals.ts";

/** Status of an answer that opens a WebSocket. */
export const SWITCHED = 101;

/** Close codes (RFC 6455 section 7.4.1). */
export const NORMAL = 1000;
export const GOING_AWAY = 1001;
export const TOO_LARGE = 1009;

/** Nothing that a peer may send has these: they stand for a close without a code, and for none at all. */
const NO_CODE = 1005;
const ABNORMAL = 1006;
/** A close frame has room for so much (RFC 6455 section 5.5). */
const MOST_REASON_BYTES = 123;

/** A socket whose other end is gone throws; its close event tells what matters. */
function attempt(act: () => void): void {
	try {
		act();
	} catch {
		return;
	}
}

/** Whether a request asks for a WebSocket (RFC 6455 section 4.1). */
export const isUpgrade = (headers: Headers): boolean => headers.get("Upgrade")?.toLowerCase() === "websocket";

export const NO_UPGRADE: Refusal = {
	reason: "bad-request",
	detail: "This address is for WebSockets: send Upgrade: websocket.",
};

/** Begins to hear a socket. Frames come as buffers: as blobs, which is the platform's way, they could not be read at once. */
export function listenTo(socket: WebSocket): void {
	socket.binaryType = "arraybuffer";
	socket.accept();
}

export function sendTo(socket: WebSocket, data: string | ArrayBuffer | Uint8Array): void {
	attempt(() => socket.send(data));
}

export function closeSocket(socket: WebSocket, code?: number, why = ""): void {
	attempt(() => (code === undefined ? socket.close() : socket.close(code, why)));
}

type Closed = Pick<CloseEvent, "code" | "reason">;

/** Ends both sides of a connection of which one has closed: that one is answered, or its peer would wait for it. */
export function closeBoth(closed: WebSocket, other: WebSocket, { code, reason }: Closed, otherwise: number): void {
	passClose(other, code, reason, otherwise);
	passClose(closed, code, reason, otherwise);
}

/** Hands a close on as it came. One that no close frame told is told as `otherwise`. */
export function passClose(socket: WebSocket, code: number, reason: string, otherwise: number): void {
	if (code === NO_CODE) return closeSocket(socket);
	const isSendable = code >= 1000 && code < 5000 && code !== 1004 && code !== ABNORMAL && code !== 1015;
	const fits = new TextEncoder().encode(reason).byteLength <= MOST_REASON_BYTES;
	return closeSocket(socket, isSendable ? code : otherwise, fits ? reason : "");
}
