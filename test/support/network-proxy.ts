import { request as startRequest } from "node:http";
import { startServer, upgradeOnly } from "./server.ts";

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
	const { server, host, close } = await startServer(upgradeOnly);
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
	return {
		url: `ws://${host}`,
		close,
	};
}
