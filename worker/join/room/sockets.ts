import { Bucket } from "../bucket.ts";
import { closeSocket, sendTo } from "../sockets.ts";
import { CLOSE_CODES, GONE_CODES, type GoneBecause, type RedeemAsk, closeReason } from "./contract.ts";
import { MOST_MESSAGE_BYTES } from "./protocol.ts";

/** What a socket is, kept with it through hibernation. */
interface Attachment {
	readonly participant: string;
	readonly socket: "client" | "control";
	/** When a message of it was last heard of, give or take `HEARD_EVERY_MS`. */
	readonly heardAt: number;
}

type Opened = Pick<RedeemAsk, "participant" | "socket" | "alone">;

/** How much one socket has said and was told lately. */
interface Meter {
	readonly messages: Bucket;
	readonly bytes: Bucket;
	/** Characters. */
	readonly told: Bucket;
}

/** How often a client sends "ping"; one that is silent for three times as long is lost. */
export const HEARTBEAT_SECONDS = 30;
const SILENT_MS = 3 * HEARTBEAT_SECONDS * 1000;
const HEARD_EVERY_MS = 5000;
const MESSAGES = { burst: 600, aSecond: 40 };
const BYTES = { burst: 4 << 20, aSecond: 128 << 10 };
/** What may be on its way to one participant: the platform does not tell what of it has arrived. */
const TOLD = { burst: 8 << 20, aSecond: 128 << 10 };
/** Connections of one participant through a provider's door. */
const MOST_CONTROLS = 8;

/** The WebSockets of a room: who they belong to, how much they say, and that they are alive. */
export class RoomSockets {
	readonly #ctx: DurableObjectState;
	readonly #meters = new WeakMap<WebSocket, Meter>();

	constructor(ctx: DurableObjectState) {
		this.#ctx = ctx;
		ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair("ping", "pong"));
	}

	/** Takes a socket in; the ones that it replaces are closed. */
	accept(ws: WebSocket, { participant, socket, alone }: Opened, now: number): void {
		const before = this.#open(participant).filter((other) => attachmentOf(other).socket === socket);
		this.#ctx.acceptWebSocket(ws, [participant]);
		ws.serializeAttachment({ participant, socket, heardAt: now } satisfies Attachment);
		const most = socket === "client" || alone === true ? 1 : MOST_CONTROLS;
		for (const other of before.slice(0, Math.max(0, before.length + 1 - most))) {
			closeSocket(other, GONE_CODES.replaced, "replaced");
		}
	}

	/** Whether the participant has a socket, of those that tell it of others where `clients` is given. */
	has(participant: string, clients = false): boolean {
		return this.#open(participant).some((ws) => !clients || attachmentOf(ws).socket === "client");
	}

	anyClient(): boolean {
		return this.#ctx.getWebSockets().some((ws) => isOpen(ws) && attachmentOf(ws).socket === "client");
	}

	send(participant: string, message: Readonly<Record<string, unknown>>, now: number): void {
		const text = JSON.stringify(message);
		for (const ws of this.#open(participant)) {
			if (attachmentOf(ws).socket !== "client") continue;
			if (this.#meter(ws, now).told.takes(text.length, now)) sendTo(ws, text);
			else closeSocket(ws, CLOSE_CODES.tooSlow, "too-slow");
		}
	}

	close(participant: string, code: number, why: string): void {
		for (const ws of this.#open(participant)) closeSocket(ws, code, why);
	}

	/** Closes what belongs to somebody who is out. */
	dismiss(participant: string, because: GoneBecause): void {
		this.close(participant, GONE_CODES[because], closeReason(because));
	}

	/** The participant who says `message`, or null where nobody is to hear it: then the socket is closed, unless it is the Worker's. */
	heard(ws: WebSocket, message: string | ArrayBuffer, now: number): string | null {
		const attachment = attachmentOf(ws);
		if (attachment.socket === "control") return null;
		if (now - attachment.heardAt > HEARD_EVERY_MS) ws.serializeAttachment({ ...attachment, heardAt: now });
		const meter = this.#meter(ws, now);
		const bytes = typeof message === "string" ? byteLengthOf(message) : message.byteLength;
		const fits = [meter.messages.takes(1, now), meter.bytes.takes(bytes, now)];
		if (bytes > MOST_MESSAGE_BYTES) closeSocket(ws, CLOSE_CODES.tooLarge, "message-too-large");
		else if (fits.includes(false)) closeSocket(ws, CLOSE_CODES.tooMany, "too-many-messages");
		else if (typeof message !== "string") closeSocket(ws, CLOSE_CODES.badMessage, "message-not-text");
		else return attachment.participant;
		return null;
	}

	/** Closes the clients that have been silent for too long, so that they no longer count as there. */
	closeSilent(now: number): void {
		for (const ws of this.#ctx.getWebSockets()) {
			const { socket, heardAt } = attachmentOf(ws);
			const pingedAt = this.#ctx.getWebSocketAutoResponseTimestamp(ws)?.getTime() ?? 0;
			if (isOpen(ws) && socket === "client" && Math.max(heardAt, pingedAt) + SILENT_MS <= now) {
				closeSocket(ws, CLOSE_CODES.tooSlow, "silent");
			}
		}
	}

	/** To the door that carries the participant's connection. */
	deliver(participant: string, text: string): void {
		for (const ws of this.#open(participant)) if (this.isControl(ws)) sendTo(ws, text);
	}

	isControl(ws: WebSocket): boolean {
		return attachmentOf(ws).socket === "control";
	}

	participantOf(ws: WebSocket): string {
		return attachmentOf(ws).participant;
	}

	#open(participant: string): WebSocket[] {
		return this.#ctx.getWebSockets(participant).filter(isOpen);
	}

	#meter(ws: WebSocket, now: number): Meter {
		const known = this.#meters.get(ws);
		if (known) return known;
		const meter = { messages: new Bucket(MESSAGES, now), bytes: new Bucket(BYTES, now), told: new Bucket(TOLD, now) };
		this.#meters.set(ws, meter);
		return meter;
	}
}

const attachmentOf = (ws: WebSocket): Attachment => ws.deserializeAttachment() as Attachment;
const isOpen = (ws: WebSocket): boolean => ws.readyState === WebSocket.READY_STATE_OPEN;

/** Most messages are short: counted exactly only where it matters. */
function byteLengthOf(text: string): number {
	return text.length * 3 <= MOST_MESSAGE_BYTES ? text.length : new TextEncoder().encode(text).byteLength;
}
