import { NORMAL, closeSocket, listenTo, passClose, sendTo } from "./sockets.ts";

/**
 * Joins a client's WebSocket to one that the gate has opened for it, message by message, and hands back the client's end. Handing back
 * the other one itself would be less work, but the runtime holds a connection to a hibernating object open for ten seconds after its close
 * when the client's first frame is the one that closes it (workerd 1.2026).
 */
export function relay(upstream: WebSocket): WebSocket {
	const { 0: client, 1: server } = new WebSocketPair();
	for (const socket of [upstream, server]) {
		listenTo(socket);
	}
	pass(upstream, server);
	pass(server, upstream);
	return client;
}

function pass(from: WebSocket, to: WebSocket): void {
	from.addEventListener("message", ({ data }) => sendTo(to, data as string | ArrayBuffer));
	from.addEventListener("close", ({ code, reason }) => passClose(to, code, reason, NORMAL));
	from.addEventListener("error", () => closeSocket(to, NORMAL));
}
