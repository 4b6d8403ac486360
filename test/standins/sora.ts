import { randomBytes } from "node:crypto";
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import { type RTCPeerConnection as Peer, RTCPeerConnection } from "werift";
import { type WebSocket, WebSocketServer } from "ws";
import type { Json } from "../support/running-gate.ts";
import { startServer } from "../support/server.ts";
import { readSoraFrame } from "./sora-frames.ts";

// A stand-in for Sora as sora-js-sdk 2023.1.0 and 2026.1.0 speak with it: signalling over WebSocket, notifications, messages of end-to-end
// encryption by connection id, both webhooks, and the API call that cuts a connection. Media arrives by werift 0.24 and goes nowhere.

/** A connection as Sora got it. */
export interface SoraConnection {
	readonly id: string;
	/** Path and query. */
	readonly url: string;
	readonly headers: IncomingHttpHeaders;
	readonly connect: Json;
	/** Types of the client's messages, oldest first; "binary" for those of end-to-end encryption. */
	readonly heard: readonly string[];
	/** Frames of media, by whether they are of SFrame with this connection's id. */
	readonly frames: { readonly encrypted: number; readonly plain: number };
	/** How its socket was closed; null while it is open. */
	readonly closed: { readonly code: number; readonly reason: string } | null;
	readonly send: (message: Json | Uint8Array) => void;
	readonly close: (code: number, reason?: string) => void;
	/** Drops it without a close frame. */
	readonly cut: () => void;
}

export interface SoraHooks {
	readonly auth?: string;
	readonly event?: string;
	readonly headers?: Readonly<Record<string, string>>;
}

export interface Sora {
	/** `ws://127.0.0.1:PORT/signaling` */
	readonly url: string;
	readonly apiUrl: string;
	readonly connections: readonly SoraConnection[];
	/** Calls of the API and what they were answered. */
	readonly apiCalls: readonly { readonly target: string; readonly body: Json; readonly status: number }[];
	/** What the webhooks were told and what they answered. */
	readonly hookCalls: readonly {
		readonly url: string;
		readonly body: Json;
		readonly status: number;
		readonly answer: Json;
	}[];
	/** `auth_webhook_url` and `event_webhook_url` of sora.conf. */
	readonly hook: (hooks: SoraHooks) => void;
	/** Where clients are sent on to, once each. */
	readonly sendOn: (location: string) => void;
	readonly close: () => Promise<void>;
}

interface Connected extends SoraConnection {
	readonly channel: string;
	readonly socket: WebSocket;
	readonly metadata: unknown;
	eventMetadata: unknown;
	peer: Peer | null;
	isCreated: boolean;
	kick: string | null;
	readonly counted: { encrypted: number; plain: number };
}

const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
export const newConnectionId = (): string => [...randomBytes(26)].map((byte) => ALPHABET[byte % 32]).join("");

export async function startSora(): Promise<Sora> {
	const { server, host, close } = await startServer(api);
	const sockets = new WebSocketServer({ server });
	const connections: Connected[] = [];
	const apiCalls: { target: string; body: Json; status: number }[] = [];
	const hookCalls: { url: string; body: Json; status: number; answer: Json }[] = [];
	const sessions = new Map<string, string>();
	const sendOns: string[] = [];
	let hooks: SoraHooks = {};

	const inChannel = (channel: string): Connected[] =>
		connections.filter((one) => one.channel === channel && one.isCreated && one.closed === null);

	async function callHook(url: string | undefined, body: Json): Promise<Json | null> {
		if (url === undefined) return null;
		const headers = { "Content-Type": "application/json", ...hooks.headers };
		const answer = await fetch(url, { method: "POST", headers, body: JSON.stringify(body) });
		const told = (await answer.json()) as Json;
		hookCalls.push({ url, body, status: answer.status, answer: told });
		return answer.ok ? told : { allowed: false, reason: "INTERNAL-ERROR" };
	}

	const event = (one: Connected, type: string, data: Json = {}): Promise<unknown> =>
		callHook(hooks.event, {
			type,
			id: randomBytes(8).toString("hex"),
			timestamp: new Date().toISOString(),
			role: one.connect["role"],
			channel_id: one.channel,
			session_id: sessions.get(one.channel),
			connection_id: one.id,
			event_metadata: one.eventMetadata,
			data,
		}).catch(() => null);

	async function admit(one: Connected): Promise<void> {
		const { connect } = one;
		const told = await callHook(hooks.auth, {
			timestamp: new Date().toISOString(),
			version: "2025.1.0",
			label: "WebRTC SFU Sora",
			node_name: "sora@127.0.0.1",
			role: connect["role"],
			channel_id: one.channel,
			connection_id: one.id,
			multistream: true,
			simulcast: false,
			spotlight: false,
			audio: true,
			video: true,
			metadata: connect["metadata"],
			sora_client: { ...namedClient(String(connect["sora_client"])), environment: connect["environment"] },
			channel_connections: inChannel(one.channel).length,
			e2ee: connect["e2ee"] === true,
		});
		if (told && told["allowed"] !== true) return one.socket.close(4490, String(told["reason"]));
		one.eventMetadata = told?.["event_metadata"];
		return offer(one);
	}

	async function offer(one: Connected): Promise<void> {
		const peer = new RTCPeerConnection({});
		one.peer = peer;
		for (const kind of ["audio", "video"] as const) {
			const transceiver = peer.addTransceiver(kind, { direction: "recvonly" });
			transceiver.onTrack.subscribe((track) =>
				track.onReceiveRtp.subscribe(({ payload }) => {
					const isEncrypted = readSoraFrame(kind, payload, one.id);
					if (isEncrypted !== null) one.counted[isEncrypted ? "encrypted" : "plain"] += 1;
				}),
			);
		}
		await peer.setLocalDescription(await peer.createOffer());
		sessions.set(one.channel, sessions.get(one.channel) ?? newConnectionId());
		const mids = Object.fromEntries(peer.getTransceivers().map(({ kind, mid }) => [kind, mid]));
		one.send({
			type: "offer",
			sdp: peer.localDescription?.sdp,
			channel_id: one.channel,
			session_id: sessions.get(one.channel),
			connection_id: one.id,
			client_id: one.id,
			bundle_id: one.id,
			mid: mids,
			config: { iceServers: [], iceTransportPolicy: "all" },
		});
	}

	async function created(one: Connected): Promise<void> {
		const others = inChannel(one.channel);
		one.isCreated = true;
		const named = { connection_id: one.id, client_id: one.id, authn_metadata: one.metadata };
		const data = others.map(({ id, metadata }) => ({ connection_id: id, client_id: id, authn_metadata: metadata }));
		for (const other of [...others, one])
			other.send({ type: "notify", event_type: "connection.created", ...named, data: other === one ? data : [] });
		await event(one, "connection.created");
	}

	async function gone(one: Connected, told: Json): Promise<void> {
		await one.peer?.close();
		for (const other of inChannel(one.channel))
			other.send({
				type: "notify",
				event_type: "connection.destroyed",
				connection_id: one.id,
				authn_metadata: one.metadata,
			});
		if (one.isCreated) await event(one, "connection.destroyed", told);
		else if (one.peer) await event(one, "connection.failed", { message: "NEVER-CONNECTED" });
	}

	sockets.on("connection", (socket, request) => {
		let one: Connected | null = null;
		let left: string | null = null;
		const heard: string[] = [];
		const giveUp = (fault: unknown): void => socket.close(1011, String(fault).slice(0, 100));
		socket.on("error", () => socket.terminate());
		socket.on("message", (data: Buffer, isBinary) => {
			if (isBinary) {
				heard.push("binary");
				const to = data.subarray(30, 56).toString("latin1");
				inChannel(one?.channel ?? "")
					.find(({ id }) => id === to)
					?.socket.send(data, { binary: true });
				return;
			}
			const message = JSON.parse(data.toString()) as Json;
			const type = String(message["type"]);
			heard.push(type);
			const location = sendOns.shift();
			if (type === "connect" && location !== undefined) {
				socket.send(JSON.stringify({ type: "redirect", location }));
			} else if (type === "connect") {
				one = newConnection(socket, request, message, heard);
				connections.push(one);
				admit(one).catch(giveUp);
			} else if (type === "answer" && one) {
				accept(one, String(message["sdp"])).catch(giveUp);
			} else if (type === "candidate") {
				one?.peer?.addIceCandidate({ candidate: String(message["candidate"]), sdpMid: "0" }).catch(() => undefined);
			} else if (type === "disconnect") {
				left = String(message["reason"]);
				socket.close(1000, "");
			}
		});
		socket.on("close", () => {
			if (!one) return;
			const kick = one.kick === null ? {} : { disconnect_api_reason: one.kick };
			gone(one, { ...kick, ...(left === null ? {} : { type_disconnect_reason: left }) }).catch(giveUp);
		});
	});

	async function accept(one: Connected, sdp: string): Promise<void> {
		const { peer } = one;
		if (!peer) return;
		// A client of a test may answer with anything: it only wants to be there.
		if (sdp === "none") return created(one);
		await peer.setRemoteDescription({ type: "answer", sdp });
		await peer.connectionStateChange.watch((state) => state === "connected");
		return created(one);
	}

	async function api(request: IncomingMessage, response: ServerResponse): Promise<void> {
		const target = String(request.headers["x-sora-target"]);
		const body = JSON.parse(await text(request)) as Json;
		const found = connections.find(
			({ id, channel, closed }) => id === body["connection_id"] && channel === body["channel_id"] && closed === null,
		);
		const status = target === "Sora_20151104.DisconnectConnection" && found ? 200 : 400;
		apiCalls.push({ target, body, status });
		if (found) {
			found.kick = String(body["reason"]);
			found.socket.close(1000, "DISCONNECTED-API");
		}
		response.writeHead(status).end(JSON.stringify(found ? {} : { error_type: "CONNECTION-NOT-FOUND" }));
	}

	return {
		url: `ws://${host}/signaling`,
		apiUrl: `http://${host}/api`,
		connections,
		apiCalls,
		hookCalls,
		hook: (next) => (hooks = next),
		sendOn: (location) => void sendOns.push(location),
		close: async () => {
			hooks = {};
			await Promise.all(connections.flatMap(({ peer }) => (peer ? [peer.close()] : [])));
			await close();
		},
	};
}

function newConnection(socket: WebSocket, request: IncomingMessage, connect: Json, heard: string[]): Connected {
	let closed: { code: number; reason: string } | null = null;
	socket.on("close", (code, reason) => (closed = { code, reason: reason.toString() }));
	const counted = { encrypted: 0, plain: 0 };
	return {
		id: newConnectionId(),
		url: request.url ?? "",
		headers: request.headers,
		connect,
		channel: String(connect["channel_id"]),
		metadata: connect["signaling_notify_metadata"],
		eventMetadata: undefined,
		peer: null,
		isCreated: false,
		kick: null,
		socket,
		heard,
		counted,
		frames: counted,
		get closed() {
			return closed;
		},
		send: (message) => socket.send(message instanceof Uint8Array ? message : JSON.stringify(message)),
		close: (code, reason = "") => socket.close(code, reason),
		cut: () => socket.terminate(),
	};
}

/** Sora takes the text of a client apart. */
function namedClient(raw: string): Json {
	const [, type = raw, version = ""] = /^(.*?)\s+(\d\S*)/.exec(raw) ?? [];
	return { raw, type, version };
}
