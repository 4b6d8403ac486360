/**
 * Joins a client's WebSocket to one that the gate has opened for it, message by message, and hands back the client's end. Handing back
 * the other one itself would be less work, but the runtime holds a connection to a hibernating object open for ten seconds after its close
 * when the client's first frame is the one that closes it (workerd 1.2026).
 */
export function relay(upstream: WebSocket): WebSocket {
	const { 0: client, 1: server } = new WebSocketPair();
	for (const socket of [upstream, server]) {
		socket.binaryType = "arraybuffer";
		socket.accept();
	}
	pass(upstream, server);
	pass(server, upstream);
	return client;
}

const NORMAL = 1000;
/** Codes that only a connection itself can have (RFC 6455 section 7.4.1). */
const UNSENDABLE = [1005, 1006, 1015];

function pass(from: WebSocket, to: WebSocket): void {
	from.addEventListener("message", ({ data }) => attempt(() => to.send(data as string | ArrayBuffer)));
	from.addEventListener("close", ({ code, reason }) =>
		attempt(() => to.close(UNSENDABLE.includes(code) ? NORMAL : code, reason)),
	);
	from.addEventListener("error", () => attempt(() => to.close(NORMAL, "")));
}

/** The other end may be closed already. */
function attempt(act: () => void): void {
	try {
		act();
	} catch {
		return;
	}
}
