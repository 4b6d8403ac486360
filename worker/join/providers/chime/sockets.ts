import { closeSocket, sendTo } from "../../sockets.ts";
import type { Farewell } from "./farewell.ts";
import { SIGNAL, readClientFrame } from "./frames.ts";

/** A client that was told why it must go says LEAVE, or closes by itself; longer it is not waited for. */
const PATIENCE_MS = 3000;

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
