import { once } from "node:events";
import { type IncomingMessage, type Server, type ServerResponse, createServer } from "node:http";
import type { AddressInfo, Socket } from "node:net";

/** What a stand-in answers with. */
export type Answerer = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>;

export interface LoopbackServer {
	readonly server: Server;
	/** `127.0.0.1:PORT` */
	readonly host: string;
	readonly close: () => Promise<void>;
}

/** For servers that speak WebSocket only. */
export const upgradeOnly: Answerer = (_request, response) => void response.writeHead(426).end();

/**
 * An HTTP server at a port of its own. Whoever asks may go away in the midst of it (a page that closes, a gate that
 * stops): an answer that fails breaks that connection and nothing else, so that the test sees it where it looks.
 */
export async function startServer(answerer: Answerer): Promise<LoopbackServer> {
	// Idle connections stay: one that is closed in the moment in which a client takes it up again is a request that fails.
	const server = createServer({ keepAliveTimeout: 0 }, (request, response) => {
		(async () => answerer(request, response))().catch(() => response.destroy());
	});
	// A socket that changes its protocol has no listener of its own; a reset would end the process.
	server.prependListener("upgrade", (_request, socket) => socket.on("error", () => socket.destroy()));
	const sockets = new Set<Socket>();
	server.on("connection", (socket) => {
		sockets.add(socket);
		socket.on("close", () => sockets.delete(socket));
	});
	server.listen(0, "127.0.0.1");
	await once(server, "listening");
	return {
		server,
		host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
		close: async () => {
			server.close();
			for (const socket of sockets) socket.destroy(); // also those that speak WebSocket by now, which would keep it open
			await once(server, "close");
		},
	};
}
