import { type Decision, allow, refuse } from "../../../decision/decision.ts";
import type { Refusal } from "../../../decision/refusals.ts";
import type { Exchange } from "../../../exchange.ts";
import { closeSocket } from "../../sockets.ts";

export const OPEN_LIMIT_MS = 10_000;
/** So long an address is alone, before the next one is tried beside it. */
const HEAD_START_MS = 300;
/** Tells the gate its own connections, by whatever name of its own it was reached. */
const CARRIED_HEADER = "Playgate-Carried";

/** A connection to one of Sora's addresses, not accepted yet. */
export interface Opened {
	readonly url: string;
	readonly socket: WebSocket;
}

/**
 * Opens a connection to the first of the addresses that takes one. They are tried in their order, each when the one before it has failed or
 * says nothing for a moment: a node that is away costs no more than that.
 */
export function openFirst(
	exchange: Exchange,
	urls: readonly string[],
	limitMs: number = OPEN_LIMIT_MS,
): Promise<Decision<Opened>> {
	return new Promise((resolve) => {
		const calls = new Set<AbortController>();
		let [next, isOver] = [0, false];
		const settle = (outcome: Decision<Opened>): void => {
			isOver = true;
			for (const call of calls) call.abort();
			resolve(outcome);
		};
		const tryNext = (last: Decision<Opened>): void => {
			const url = urls[next];
			if (url === undefined) {
				if (calls.size === 0) settle(last);
				return;
			}
			next += 1;
			const call = new AbortController();
			calls.add(call);
			const timer = setTimeout(() => tryNext(last), HEAD_START_MS);
			void open(exchange, url, call, limitMs).then((opened) => {
				clearTimeout(timer);
				calls.delete(call);
				if (!isOver) return opened.allowed ? settle(opened) : tryNext(opened);
				return opened.allowed ? discard(opened.value.socket) : undefined;
			});
		};
		tryNext(failed("its record names no address"));
	});
}

async function open(
	exchange: Exchange,
	url: string,
	call: AbortController,
	limitMs: number,
): Promise<Decision<Opened>> {
	if (!leadsOn(url, exchange)) return refuse(LEADS_NOWHERE);
	const { headers, gate } = exchange;
	const timer = setTimeout(() => call.abort(), limitMs);
	const asked = new Headers({ Upgrade: "websocket", [CARRIED_HEADER]: "1" });
	const userAgent = headers.get("User-Agent");
	if (userAgent !== null) asked.set("User-Agent", userAgent);
	try {
		// A Worker opens WebSockets with fetch, which knows http URLs only.
		const request = new Request(url.replace(/^ws/, "http"), {
			headers: asked,
			signal: call.signal,
			redirect: "manual",
		});
		const { webSocket: socket, status, body } = await gate.ports.fetch(request);
		if (socket) return allow({ url, socket });
		await body?.cancel();
		return failed(`it answered ${status}`);
	} catch {
		return call.signal.aborted
			? refuse({ reason: "provider-timeout", provider: "sora" })
			: failed("its signalling could not be reached");
	} finally {
		clearTimeout(timer);
	}
}

export function discard(socket: WebSocket): void {
	socket.accept();
	closeSocket(socket);
}

/** Whether an address is none of the gate's own: there a client, or the gate itself, would go in circles. */
export function leadsOn(url: string, exchange: Exchange): boolean {
	const target = URL.parse(url);
	return target !== null && target.host !== new URL(exchange.url).host;
}

/** The gate has called itself. */
export const isCarried = ({ headers }: Exchange): boolean => headers.has(CARRIED_HEADER);

export const LEADS_NOWHERE: Refusal = {
	reason: "provider-not-configured",
	provider: "sora",
	detail: "the signalling address in the session's record is none, or the gate's own",
};

export const failed = (detail: string) => refuse({ reason: "provider-unavailable", provider: "sora", detail });
