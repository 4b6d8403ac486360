import { request as httpRequest } from "node:http";
import type { IncomingHttpHeaders } from "node:http";

/** Who asks, and what; a trusted proxy would set the address. */
export interface Client {
	readonly ip?: string;
	readonly agent?: string;
	readonly method?: string;
	readonly headers?: Readonly<Record<string, string>>;
	readonly body?: string | Uint8Array<ArrayBuffer>;
}

/** One request of a player. Redirects are not followed. */
export function ask(url: string, client: Client = {}): Promise<Response> {
	const { ip = "203.0.113.7", agent = "Player/1.0", method = "GET", headers = {}, body } = client;
	return fetch(url, {
		method,
		headers: { "X-Client-IP": ip, "User-Agent": agent, ...headers },
		redirect: "manual",
		...(body === undefined ? {} : { body }),
	});
}

/** A request whose path goes out as it is written: `fetch` would take dot segments away. */
export async function askRaw(
	base: string,
	path: string,
	headers: Readonly<Record<string, string>> = {},
): Promise<{ readonly status: number; readonly headers: IncomingHttpHeaders; readonly body: string }> {
	const { hostname, port } = new URL(base);
	return new Promise((resolve, reject) => {
		const request = httpRequest(
			{ hostname, port, path, headers: { "X-Client-IP": "203.0.113.7", "User-Agent": "Player/1.0", ...headers } },
			(response) => {
				const chunks: Buffer[] = [];
				response.on("data", (chunk: Buffer) => chunks.push(chunk));
				response.on("error", reject);
				response.on("end", () => {
					const body = Buffer.concat(chunks).toString("latin1");
					resolve({ status: response.statusCode ?? 0, headers: response.headers, body });
				});
			},
		);
		request.on("error", reject);
		request.end();
	});
}

export interface Refusal {
	readonly status: number;
	readonly error_code: string;
	readonly error_subcode: string;
	readonly message: string;
	readonly reason: string;
	readonly decision_id: string;
}

/** The one refusal that an answer holds. */
export async function refusalOf(response: Response): Promise<Refusal> {
	const text = await response.text();
	const body: unknown = response.headers.get("Content-Type")?.includes("json") ? JSON.parse(text) : null;
	if (!Array.isArray(body) || body.length !== 1)
		throw new Error(`No refusal but ${response.status}: ${text.slice(0, 200)}`);
	return { status: response.status, ...(body[0] as Omit<Refusal, "status">) };
}

/** Reason of a refusal, or the status of an answer that is none; reads the body to its end. */
export async function outcomeOf(answer: Response | Promise<Response>): Promise<string | number> {
	const response = await answer;
	await response.arrayBuffer();
	return response.headers.get("Playgate-Reason") ?? response.status;
}

/** URIs of a playlist, absolute: `lines` are those that stand alone, `attributes` the quoted ones. */
export function urisOf(playlist: string, base: string): { readonly lines: string[]; readonly attributes: string[] } {
	const lines = playlist.split(/\r?\n/).filter((line) => line !== "" && !line.startsWith("#"));
	const attributes = [...playlist.matchAll(/URI="([^"]*)"/g)].map(([, uri]) => uri ?? "");
	const absolute = (uri: string): string => new URL(uri, base).href;
	return { lines: lines.map(absolute), attributes: attributes.map(absolute) };
}

/** What a player has once it has opened a video: everything it needs to go on without the token. */
export interface Playback {
	/** Multivariant playlist, as text. */
	readonly master: string;
	readonly renditions: readonly string[];
	/** Of the first rendition. */
	readonly rendition: string;
	readonly playlist: string;
	readonly key: string;
	readonly segments: readonly string[];
	readonly segment: string;
	/** `http://.../g/<grant>/` */
	readonly base: string;
}

/** Opens a video as a player does: multivariant playlist, then its first rendition. @throws Error when one is refused */
export async function openPlayback(masterUrl: string, client: Client = {}): Promise<Playback> {
	const master = await textOf(masterUrl, client);
	const renditions = urisOf(master, masterUrl).lines;
	const [rendition = ""] = renditions;
	const playlist = await textOf(rendition, client);
	const { lines: segments, attributes } = urisOf(playlist, rendition);
	const base = /^https?:\/\/[^/]+\/g\/[^/]+\//.exec(rendition)?.[0] ?? "";
	return {
		master,
		renditions,
		rendition,
		playlist,
		key: attributes[0] ?? "",
		segments,
		segment: segments[0] ?? "",
		base,
	};
}

async function textOf(url: string, client: Client): Promise<string> {
	const response = await ask(url, client);
	const text = await response.text();
	if (response.status !== 200) throw new Error(`${response.status}: ${text.slice(0, 300)}`);
	return text;
}
