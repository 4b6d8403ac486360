import autocannon from "autocannon";
import type { RunningGate } from "../../kv-seed/local/gate.ts";
import { cpuMicrosecondsOf } from "./cpu.ts";

/** What is asked, of which process, and the only status that counts as an answer. */
export interface Target {
	readonly server: Pick<RunningGate, "url" | "pid">;
	/** Path and query: one, or a function that gives the next one. */
	readonly path: string | (() => string);
	readonly status: number;
	/** How many addresses ask in turn; one when it is not said. */
	readonly addresses?: number;
}

export interface Sample {
	/** User and system time of the runtime's process, microseconds a request. */
	readonly cpu: number;
	/** Requests a second. */
	readonly rate: number;
	/** Answers with another status, and connections that failed. */
	readonly wrong: number;
}

const CONNECTIONS = 32;

/** Headers of a browser's player; the address is what Cloudflare would tell. */
const HEADERS = {
	"User-Agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36",
	Accept: "*/*",
	"Accept-Language": "en-GB,en;q=0.9",
	"CF-Connecting-IP": "203.0.113.7",
};

/** Asks `warmup` times unmeasured, then for `seconds`, over 32 keep-alive connections. */
export async function sample(target: Target, options: { warmup: number; seconds: number }): Promise<Sample> {
	const ask = { ...requestsOf(target), connections: CONNECTIONS, headers: HEADERS };
	await autocannon({ ...ask, amount: options.warmup });
	const pid = target.server.pid();
	const before = cpuMicrosecondsOf(pid);
	const result = await autocannon({ ...ask, duration: options.seconds });
	const cpu = cpuMicrosecondsOf(pid) - before;
	const answers = Object.values(result.statusCodeStats).reduce((sum, { count }) => sum + count, 0);
	const right = result.statusCodeStats[target.status]?.count ?? 0;
	const elapsedSeconds = (result.finish.getTime() - result.start.getTime()) / 1000;
	return {
		cpu: cpu / answers,
		rate: answers / elapsedSeconds,
		wrong: answers - right + result.errors + result.timeouts,
	};
}

/** Each path once before any comes again, over all connections and rounds, so that a cache with less room never holds the next. */
export function inTurn(paths: readonly string[]): () => string {
	let next = 0;
	return () => paths[next++ % paths.length] ?? "";
}

function requestsOf({ server, path, addresses = 1 }: Target) {
	if (typeof path === "string" && addresses === 1) return { url: server.url + path };
	let asked = 0;
	const setupRequest = (request: { path?: string; headers?: Record<string, string> }) => {
		request.path = typeof path === "string" ? path : path();
		const index = asked++ % addresses;
		if (addresses > 1) request.headers = { ...HEADERS, "CF-Connecting-IP": `198.51.${index >> 8}.${index & 255}` };
		return request;
	};
	return { url: server.url, requests: [{ setupRequest }] };
}

/** One request as the load sends it. @throws Error that names the path without its query, when the status is another */
export async function askOnce(server: Target["server"], path: string, status: number): Promise<Response> {
	const response = await fetch(server.url + path, { headers: HEADERS });
	if (response.status === status) return response;
	const said = `${response.headers.get("Playgate-Reason") ?? ""} ${(await response.text()).slice(0, 300)}`;
	throw new Error(`${path.split("?", 1)[0]} answers ${response.status} instead of ${status}: ${said}`);
}
