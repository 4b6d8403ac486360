import { randomBytes } from "node:crypto";
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import { type MediaStreamTrack, RTCPeerConnection, RtpPacket } from "werift";
import type { Origin } from "../support/origin.ts";
import type { Answerer } from "../support/server.ts";

// Stands in for a media server with WHIP (RFC 9725) and WHEP (draft-ietf-wish-whep-03) endpoints, on werift 0.24: it completes ICE and DTLS,
// counts what it receives, and passes it on to its viewers. ICE restarts it only pretends. Tried with @eyevinn/whip-web-client 1.1.7 and
// @eyevinn/webrtc-player 0.13.0.

/** A request as the server got it. */
export interface SfuRequest {
	readonly method: string;
	readonly url: string;
	readonly headers: IncomingHttpHeaders;
	readonly body: string;
}

export interface Sfu {
	/** Of the endpoints: `${url}/whip`, `${url}/whep`. */
	readonly url: string;
	readonly requests: readonly SfuRequest[];
	/** Sessions that were made and not deleted. */
	readonly open: () => number;
	/** RTP packets received from publishers. */
	readonly received: () => number;
	/** What the next request to this method gets instead. */
	readonly fail: (method: string, answerer: Answerer) => void;
	readonly close: () => Promise<void>;
}

export const SFU_TOKEN = "the-media-servers-own-token";
const SDP = "application/sdp";
const FRAGMENT = "application/trickle-ice-sdpfrag";

interface Published {
	readonly track: MediaStreamTrack;
	readonly askKeyFrame: () => void;
}

interface Session {
	readonly connection: RTCPeerConnection;
	etag: string;
	restarts: number;
}

/** @param prefix path at the origin */
export function startSfu(origin: Origin, prefix: string): Sfu {
	const requests: SfuRequest[] = [];
	const failures = new Map<string, Answerer[]>();
	const sessions = new Map<string, Session>();
	const published: Published[] = [];
	let made = 0;
	let received = 0;

	const publish = (connection: RTCPeerConnection): void => {
		connection.onRemoteTransceiverAdded.subscribe(({ receiver, onTrack }) =>
			onTrack.subscribe((track) => {
				published.push({ track, askKeyFrame: () => void receiver.sendRtcpPLI(track.ssrc ?? 0).catch(() => undefined) });
				track.onReceiveRtp.subscribe(() => (received += 1));
			}),
		);
	};
	/** The last picture and sound that were published go to the viewer, which needs a key frame first. */
	const view = (connection: RTCPeerConnection): void => {
		for (const transceiver of connection.getTransceivers()) {
			const source = published.findLast(({ track }) => track.kind === transceiver.kind);
			if (!source) continue;
			const { sender } = transceiver;
			transceiver.setDirection("sendonly");
			source.track.onReceiveRtp.subscribe((packet) => {
				const copy = RtpPacket.deSerialize(packet.serialize()); // sending changes it
				copy.header.extensions = []; // numbered by the publisher
				void sender.sendRtp(copy).catch(() => undefined);
			});
			sender.onPictureLossIndication.subscribe(source.askKeyFrame);
			if (transceiver.kind === "video")
				connection.connectionStateChange
					.watch((state) => state === "connected")
					.then(source.askKeyFrame, () => undefined);
		}
	};

	async function create(kind: string, offer: string): Promise<[string, Session]> {
		const connection = new RTCPeerConnection({});
		if (kind === "whip") publish(connection);
		await connection.setRemoteDescription({ type: "offer", sdp: offer });
		if (kind === "whep") view(connection);
		await connection.setLocalDescription(await connection.createAnswer());
		made += 1;
		const session = { connection, etag: `"${randomBytes(6).toString("hex")}"`, restarts: 0 };
		sessions.set(String(made), session);
		return [String(made), session];
	}

	async function post(kind: string, { body, headers }: SfuRequest, response: ServerResponse): Promise<void> {
		if (headers["content-type"] !== SDP) return void response.writeHead(415).end();
		if (kind === "whep" && published.length === 0)
			return void response.writeHead(409, { "Retry-After": "3" }).end("nobody publishes");
		const [id, session] = await create(kind, body);
		const answer = {
			"Content-Type": SDP,
			Location: `${prefix}/session/${id}`,
			ETag: session.etag,
			Link: `<${origin.url}${prefix}/events/${id}>; rel="urn:ietf:params:whep:ext:core:server-sent-events"`,
		};
		response.writeHead(201, answer).end(session.connection.localDescription?.sdp);
	}

	async function patch(session: Session, { headers, body }: SfuRequest, response: ServerResponse): Promise<void> {
		if (headers["content-type"] !== FRAGMENT) return void response.writeHead(415).end();
		const match = headers["if-match"];
		if (match === undefined) return void response.writeHead(428).end();
		if (match === "*") {
			session.restarts += 1;
			session.etag = `"restart-${session.restarts}"`;
			const credentials = `a=ice-ufrag:new${session.restarts}\r\na=ice-pwd:${"r".repeat(24)}\r\n`;
			return void response.writeHead(200, { "Content-Type": FRAGMENT, ETag: session.etag }).end(credentials);
		}
		if (match !== session.etag) return void response.writeHead(412).end();
		for (const [, candidate = ""] of body.matchAll(/^a=(candidate:.*?)\r?$/gm)) {
			await session.connection.addIceCandidate({
				candidate: candidate.replace(/^(candidate:\S+) 0 /, "$1 1 "),
				sdpMid: "0",
			});
		}
		response.writeHead(204).end();
	}

	async function answer(request: SfuRequest, raw: IncomingMessage, response: ServerResponse): Promise<void> {
		const failure = failures.get(request.method)?.shift();
		if (failure) return failure(raw, response);
		if (request.headers.authorization !== `Bearer ${SFU_TOKEN}`)
			return void response.writeHead(401).end("who are you?");
		const path = request.url.slice(prefix.length).split("?", 1)[0] ?? "";
		if (request.method === "POST" && (path === "/whip" || path === "/whep"))
			return post(path.slice(1), request, response);
		const id = /^\/session\/(\d+)$/.exec(path)?.[1] ?? "";
		const session = sessions.get(id);
		if (!session) return void response.writeHead(404).end("no such session");
		if (request.method === "PATCH") return patch(session, request, response);
		if (request.method !== "DELETE") return void response.writeHead(405).end();
		sessions.delete(id);
		await session.connection.close();
		response.writeHead(200).end();
	}

	origin.answerBelow(prefix, async (raw, response) => {
		const { method = "", url = "", headers } = raw;
		const request = { method, url, headers, body: await text(raw) };
		requests.push(request);
		await answer(request, raw, response).catch((fault: unknown) => response.writeHead(500).end(String(fault)));
	});
	return {
		url: origin.url + prefix,
		requests,
		open: () => sessions.size,
		received: () => received,
		fail: (method, answerer) => failures.set(method, [...(failures.get(method) ?? []), answerer]),
		close: async () => {
			await Promise.all([...sessions.values()].map(({ connection }) => connection.close()));
		},
	};
}
