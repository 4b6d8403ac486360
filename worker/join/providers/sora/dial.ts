import { type Decision, allow, refuse } from "../../../decision/decision.ts";
import type { Exchange } from "../../../exchange.ts";
import { parseJsonObject } from "../../../token/json-object.ts";
import { closeSocket, sendTo } from "../../sockets.ts";
import { type Data, Inbox } from "./inbox.ts";

const TIME_LIMIT_MS = 10_000;
/** No further address is tried after this time. */
const PATIENCE_MS = 15_000;
/** Nodes of a cluster send a client on to the one that has its channel. */
const MOST_REDIRECTS = 3;
const GOING_AWAY = 1001;

type Message = Readonly<Record<string, unknown>>;

/** Sora's side of a connection, which has heard the connect message. */
export interface Answered {
	readonly inbox: Inbox;
	/** What it said first; null when it closed instead. */
	readonly first: Data | null;
}

/**
 * Connects to Sora in the client's place: the addresses in their order until one answers, and on to where it sends the client. Such a redirect
 * stays within the gate, for the client would go there without it.
 */
export async function callSora(
	exchange: Exchange,
	urls: readonly string[],
	connect: Message,
): Promise<Decision<Answered>> {
	let answered = await callFirst(exchange, urls, connect);
	for (let count = 0; count < MOST_REDIRECTS; count++) {
		const location = answered.allowed ? locationIn(answered.value.first) : null;
		if (!answered.allowed || location === null) return answered;
		closeSocket(answered.value.inbox.socket, GOING_AWAY);
		if (!mayDial(location, exchange)) return failed("it sends clients on to an address that is no wss URL");
		answered = await call(exchange, location, { ...connect, redirect: true });
	}
	return answered.allowed && locationIn(answered.value.first) !== null
		? failed("its nodes send the client on and on")
		: answered;
}

async function callFirst(exchange: Exchange, urls: readonly string[], connect: Message): Promise<Decision<Answered>> {
	let last: Decision<Answered> = failed("its record names no address");
	const { now } = exchange.gate.ports;
	const until = now() + PATIENCE_MS;
	for (const url of urls) {
		last = await call(exchange, url, connect);
		if (last.allowed || now() >= until) return last;
	}
	return last;
}

async function call(exchange: Exchange, url: string, connect: Message): Promise<Decision<Answered>> {
	const dialled = await dial(exchange, url);
	if (!dialled.allowed) return dialled;
	const inbox = new Inbox(dialled.value);
	sendTo(inbox.socket, JSON.stringify(connect));
	const first = await inbox.next(TIME_LIMIT_MS);
	if (first !== null || inbox.ended) return allow({ inbox, first });
	closeSocket(inbox.socket, GOING_AWAY);
	return refuse({ reason: "provider-timeout", provider: "sora" });
}

async function dial({ headers, gate }: Exchange, url: string): Promise<Decision<WebSocket>> {
	const limit = new AbortController();
	const timer = setTimeout(() => limit.abort(), TIME_LIMIT_MS);
	const asked = new Headers({ Upgrade: "websocket" });
	const userAgent = headers.get("User-Agent");
	if (userAgent !== null) asked.set("User-Agent", userAgent);
	try {
		// A Worker opens WebSockets with fetch, which knows http URLs only.
		const request = new Request(url.replace(/^ws/, "http"), {
			headers: asked,
			signal: limit.signal,
			redirect: "manual",
		});
		const { webSocket, status, body } = await gate.ports.fetch(request);
		if (webSocket) return allow(webSocket);
		await body?.cancel();
		return failed(`it answered ${status}`);
	} catch {
		return limit.signal.aborted
			? refuse({ reason: "provider-timeout", provider: "sora" })
			: failed("its signalling could not be reached");
	} finally {
		clearTimeout(timer);
	}
}

function locationIn(data: Data | null): string | null {
	if (typeof data !== "string" || !data.includes("redirect")) return null;
	const message = parseJsonObject(data);
	if (typeof message === "string" || message["type"] !== "redirect") return null;
	return typeof message["location"] === "string" ? message["location"] : "";
}

function mayDial(url: string, { gate }: Exchange): boolean {
	const { protocol } = URL.parse(url) ?? {};
	return protocol === "wss:" || (gate.settings.local && protocol === "ws:");
}

const failed = (detail: string) => refuse({ reason: "provider-unavailable", provider: "sora", detail });
