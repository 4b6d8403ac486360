import type { Farewell } from "./farewell.ts";
import { SIGNAL, readClientFrame } from "./frames.ts";

/** A client that was told why it must go says LEAVE, or closes by itself; longer it is not waited for. */
const PATIENCE_MS = 3000;
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

/** Ends both sides of a connection of which one has closed: that one is answered, or its peer would wait for it. */
export function closeBoth(closed: WebSocket, other: WebSocket, { code, reason }: CloseEvent, otherwise: number): void {
	passClose(other, code, reason, otherwise);
	passClose(closed, code, reason, otherwise);
}

/** Hands a close on as it came. One that no close frame told is told as `otherwise`. */
function passClose(socket: WebSocket, code: number, reason: string, otherwise: number): void {
	if (code === NO_CODE) return closeSocket(socket);
	const isSendable = code >= 1000 && code < 5000 && code !== 1004 && code !== ABNORMAL && code !== 1015;
	const fits = new TextEncoder().encode(reason).byteLength <= MOST_REASON_BYTES;
	return closeSocket(socket, isSendable ? code : otherwise, fits ? reason : "");
}

/** Tells a client why it must go, and closes when it is ready to, or after a while. */
export function sayFarewell(client: WebSocket, { frame, code, why }: Farewell, nowMs: number): void {
	if (!frame) return closeSocket(client, code, why);
	sendTo(client, frame(nowMs));
	const end = (): void => {
		clearTimeout(timer);
		closeSocket(client, code, why);
	};
	const timer = setTimeout(end, PATIENCE_MS);
	client.addEventListener("message", ({ data }) => {
		if (isOfType(data, SIGNAL.leave)) end();
	});
	client.addEventListener("close", end);
}

const isOfType = (data: string | ArrayBuffer, type: number): boolean =>
	typeof data !== "string" && readClientFrame(new Uint8Array(data))?.type === type;

/** The same for a client that was never let in: it listens for the answer to its JOIN. */
export function sayFarewellToJoin(client: WebSocket, farewell: Farewell, now: () => number): void {
	if (!farewell.frame) return closeSocket(client, farewell.code, farewell.why);
	let isSaid = false;
	const say = (): void => {
		if (isSaid) return;
		isSaid = true;
		clearTimeout(timer);
		sayFarewell(client, farewell, now());
	};
	const timer = setTimeout(say, PATIENCE_MS);
	client.addEventListener("message", ({ data }) => {
		if (isOfType(data, SIGNAL.join)) say();
	});
	client.addEventListener("close", () => {
		isSaid = true;
		clearTimeout(timer);
	});
}
