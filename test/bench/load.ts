import autocannon from "autocannon";
import type { RunningGate } from "../../kv-seed/local/gate.ts";
import { cpuMicrosecondsOf } from "./cpu.ts";

/** What is asked, of which process, and the only status that counts as an answer. */
export interface Target {
	readonly server: Pick<RunningGate, "url" | "pid">;
	/** Path and query; several are asked in turn, round and round. */
	readonly paths: readonly [string, ...string[]];
	readonly status: number;
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

function requestsOf({ server, paths }: Target) {
	const [first, ...others] = paths;
	if (others.length === 0) return { url: server.url + first };
	let next = 0; // one cursor for all connections: each path comes once before any comes again
	const setupRequest = (request: { path?: string }) => {
		request.path = paths[next++ % paths.length] ?? first;
		return request;
	};
	return { url: server.url, requests: [{ setupRequest }] };
}

/** One request as the load sends it. @throws Error that names the path without its query, when the status is another */
export async function askOnce({ server, paths: [path], status }: Target): Promise<Response> {
	const response = await fetch(server.url + path, { headers: HEADERS });
	if (response.status === status) return response;
	const said = `${response.headers.get("Playgate-Reason") ?? ""} ${(await response.text()).slice(0, 300)}`;
	throw new Error(`${path.split("?", 1)[0]} answers ${response.status} instead of ${status}: ${said}`);
}
