import { type Decision, allow, refuse } from "../../../decision/decision.ts";
import type { Refusal } from "../../../decision/refusals.ts";
import type { Exchange } from "../../../exchange.ts";
import { dial, passedHeaders } from "../../dial.ts";
import { unavailable } from "../../provider-call.ts";
import { closeSocket } from "../../sockets.ts";

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
export function openFirst(exchange: Exchange, urls: readonly string[], limitMs?: number): Promise<Decision<Opened>> {
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
	limitMs: number | undefined,
): Promise<Decision<Opened>> {
	if (!leadsOn(url, exchange)) return refuse(LEADS_NOWHERE);
	const headers = { ...passedHeaders(exchange.headers, ["User-Agent"]), [CARRIED_HEADER]: "1" };
	const dialled = await dial(exchange.gate, { provider: "sora", url, headers, call, limitMs });
	return dialled.allowed ? allow({ url, socket: dialled.value }) : dialled;
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

export const failed = (detail: string) => unavailable("sora", detail);
