import { randomUUID } from "node:crypto";
import { type WebSocket, WebSocketServer } from "ws";
import { RUMOR, type RumorFrame, readRumor, writeRumor } from "../../worker/join/providers/vonage/web/rumor.ts";
import { startServer, upgradeOnly } from "../support/server.ts";
import { SYMPHONY, verifyToken } from "./vonage-platform.ts";

// A stand-in for the messaging service of Vonage Video, as @opentok/client 2.35.2 and 2.26.4 speak with it: connections and streams come and
// go, and everybody hears of them. No media flows.

interface Raptor {
	readonly method: string;
	readonly uri: string;
	readonly content?: Readonly<Record<string, unknown>>;
}

export interface RumorConnection {
	readonly id: string;
	readonly url: string;
	readonly frames: readonly RumorFrame[];
	/** Of the messages that came: `create connection`, `create stream`, ... */
	readonly said: readonly string[];
	readonly data: string;
	readonly closed: boolean;
	readonly cut: () => void;
	/** Asks the client to move to another server, as before a restart of this one: it asks for the particulars again. */
	readonly rotate: () => void;
}

export interface VonageRumor {
	/** `ws://127.0.0.1:PORT/rumorwebsocketsv2` */
	readonly url: string;
	readonly connections: readonly RumorConnection[];
	/** As `forceDisconnect` of the REST API does. */
	readonly disconnect: (connectionId: string) => void;
	readonly disconnected: readonly string[];
	readonly close: () => Promise<void>;
}

const PERMISSIONS: Readonly<Record<string, readonly string[]>> = {
	subscriber: ["subscribe", "signal"],
	publisheronly: ["publish", "signal"],
	publisher: ["publish", "subscribe", "signal"],
	moderator: ["publish", "subscribe", "signal", "forceunpublish", "forcedisconnect", "forcemute"],
};

class Talk implements RumorConnection {
	id = "";
	data = "";
	closed = false;
	/** `/v2/partner/{key}/session/{id}` */
	session = "";
	/** What the others see of it. */
	shown: object = {};
	readonly frames: RumorFrame[] = [];
	readonly said: string[] = [];
	readonly url: string;
	readonly #ws: WebSocket;
	/** Everybody who is connected to the service. */
	readonly #all: readonly Talk[];

	constructor(ws: WebSocket, url: string, all: readonly Talk[]) {
		this.#ws = ws;
		this.#all = all;
		this.url = url;
		ws.on("message", (data: Buffer) => this.#hear(new Uint8Array(data)));
		ws.on("error", () => ws.terminate());
		ws.on("close", () => (this.closed = true));
	}

	readonly cut = (): void => this.#ws.terminate();

	readonly rotate = (): void => {
		const uri = `${this.session}/notification/${randomUUID()}`;
		this.tell({ method: "notification", uri, content: { reason: "serverRotation" } });
	};

	tell(message: Raptor & { readonly reason?: string }): void {
		this.#send(RUMOR.message, { "Content-Type": "application/x-raptor+v2" }, JSON.stringify(message));
	}

	#send(type: number, headers: Record<string, string>, data: string): void {
		const all = new Map(Object.entries({ ...headers, "X-TB-FROM-ADDRESS": SYMPHONY }));
		this.#ws.send(writeRumor({ type, addresses: [this.id], headers: all, data }));
	}

	#hear(bytes: Uint8Array): void {
		const frame = readRumor(bytes);
		if (!frame) return this.cut();
		this.frames.push(frame);
		if (frame.type === RUMOR.ping) return this.#send(RUMOR.pong, {}, "");
		if (frame.type === RUMOR.connect) this.id = frame.headers.get("uniqueId") ?? "";
		return frame.type === RUMOR.message ? this.#act(frame) : undefined;
	}

	#act({ headers, data }: RumorFrame): void {
		const { method, uri, content = {} } = JSON.parse(data) as Raptor;
		const [kind = ""] = /[a-z]+(?=\/[^/]+$)/.exec(uri) ?? [];
		const what = `${method} ${kind}`;
		this.said.push(what);
		const transaction = headers.get("TRANSACTION-ID") ?? "";
		const status = (code: string, body: object | null): void =>
			this.#send(RUMOR.status, { "TRANSACTION-ID": transaction, STATUS: code }, body ? JSON.stringify(body) : "");
		if (what !== "create connection") {
			status("200", { id: content["id"] });
			if (what === "create stream") this.#publish(uri, content);
			return;
		}
		const claims = verifyToken(headers.get("X-TB-TOKEN-AUTH") ?? "");
		if (!claims) return status("403", { reason: "forbidden" });
		this.data = String(claims["connection_data"]);
		this.session = uri.split("/connection/")[0] ?? "";
		const own = {
			id: this.id,
			data: this.data,
			creationTime: Date.now(),
			permissions: PERMISSIONS[String(claims["role"])],
			capabilities: content["capabilities"],
		};
		this.shown = own;
		for (const talk of this.#inSession()) talk.tell({ method: "created", uri, content: own });
		status("200", { connection: this.#inSession().map(({ shown }) => shown), stream: [], archive: [] });
	}

	/** Everybody in the session hears of the stream. */
	#publish(uri: string, content: Readonly<Record<string, unknown>>): void {
		const stream = { ...content, connection: { id: this.id }, creationTime: Date.now() };
		for (const talk of this.#inSession()) talk.tell({ method: "created", uri, content: stream });
	}

	#inSession(): readonly Talk[] {
		return this.#all.filter(({ closed, session }) => !closed && session === this.session);
	}
}

export async function startVonageRumor(): Promise<VonageRumor> {
	const talks: Talk[] = [];
	const disconnected: string[] = [];
	const { server, host, close } = await startServer(upgradeOnly);
	const sockets = new WebSocketServer({ server });
	sockets.on("connection", (ws, request) => talks.push(new Talk(ws, request.url ?? "", talks)));
	return {
		url: `ws://${host}/rumorwebsocketsv2`,
		connections: talks,
		disconnect: (connectionId) => void disconnected.push(connectionId),
		disconnected,
		close,
	};
}
