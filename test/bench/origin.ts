import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Worker, isMainThread, parentPort } from "node:worker_threads";
import { mediaPlaylist, multivariantPlaylist, segment } from "./media.ts";

/** An HTTP server that stands for a publisher's origin; in a thread of its own, so that it does not slow the load generator. */
export interface Origin {
	/** `http://127.0.0.1:PORT` */
	readonly url: string;
	readonly stop: () => Promise<unknown>;
}

/** Serves the bodies of media.ts by the extension of the path, with validators, on any free port of 127.0.0.1. */
export async function startOrigin(): Promise<Origin> {
	const thread = new Worker(import.meta.filename);
	const port = await new Promise<number>((resolve, reject) => {
		thread.once("message", resolve);
		thread.once("error", reject);
	});
	return { url: `http://127.0.0.1:${port}`, stop: () => thread.terminate() };
}

interface File {
	readonly type: string;
	readonly body: Buffer;
}

function serve(): void {
	const playlistType = "application/vnd.apple.mpegurl";
	const multivariant: File = { type: playlistType, body: Buffer.from(multivariantPlaylist()) };
	const media: File = { type: playlistType, body: Buffer.from(mediaPlaylist(null)) };
	const file: File = { type: "video/mp2t", body: Buffer.from(segment()) };
	const fileOf = (path: string): File =>
		path.endsWith(".ts") ? file : path.endsWith("master.m3u8") ? multivariant : media;
	const server = createServer((request, response) => {
		const { type, body } = fileOf((request.url ?? "").split("?", 1)[0] ?? "");
		response.writeHead(200, {
			"Content-Type": type,
			"Content-Length": body.byteLength,
			"Cache-Control": "public, max-age=3600",
			ETag: `"${body.byteLength}"`,
		});
		response.end(body);
	});
	server.keepAliveTimeout = 600_000;
	server.listen(0, "127.0.0.1", () => parentPort?.postMessage((server.address() as AddressInfo).port));
}

if (!isMainThread) serve();
