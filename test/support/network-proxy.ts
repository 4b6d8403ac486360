import { once } from "node:events";
import { createServer, request as startRequest } from "node:http";
import type { AddressInfo } from "node:net";

/** The proxy of a company's network: it adds headers to the WebSockets that pass. */
export interface NetworkProxy {
	/** `ws://127.0.0.1:PORT` */
	readonly url: string;
	readonly close: () => Promise<void>;
}

export async function startNetworkProxy(
	target: string,
	added: Readonly<Record<string, string>>,
): Promise<NetworkProxy> {
	const server = createServer((_request, response) => void response.writeHead(426).end());
	server.on("upgrade", (request, client, head) => {
		const { host: _host, ...headers } = request.headers;
		const through = startRequest(new URL(request.url ?? "/", target).href, { headers: { ...headers, ...added } });
		through.on("upgrade", (answer, upstream, rest) => {
			const lines = Object.entries(answer.headers).map(([name, value]) => `${name}: ${String(value)}`);
			client.write(`HTTP/1.1 101 Switching Protocols\r\n${lines.join("\r\n")}\r\n\r\n`);
			client.write(rest);
			upstream.write(head);
			client.pipe(upstream).pipe(client);
			for (const socket of [client, upstream])
				socket.on("error", () => [client, upstream].forEach((one) => one.destroy()));
		});
		through.on("response", ({ statusCode }) => client.end(`HTTP/1.1 ${statusCode} Refused\r\n\r\n`));
		through.on("error", () => client.destroy());
		through.end();
	});
	server.listen(0, "127.0.0.1");
	await once(server, "listening");
	return {
		url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`,
		close: async () => {
			server.closeAllConnections();
			server.close();
			await once(server, "close");
		},
	};
}
