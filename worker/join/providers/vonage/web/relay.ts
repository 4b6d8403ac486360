import type { Refusal } from "../../../../decision/refusals.ts";
import { GONE_CODES, type GoneBecause } from "../../../room/contract.ts";
import { GOING_AWAY, TOO_LARGE, closeBoth, closeSocket, listenTo, sendTo } from "../../../sockets.ts";
import { REPLACED } from "./migration.ts";
import { type Speaker, judgeFrame } from "./raptor.ts";
import { disconnectedFrame, refusalFrame } from "./replies.ts";
import { RUMOR, type RumorFrame, readRumor } from "./rumor.ts";

/** The three sockets of a participant's messaging. */
export interface Line {
	/** Not accepted yet. */
	readonly client: WebSocket;
	/** Not accepted yet. */
	readonly upstream: WebSocket;
	/** To the session's room. */
	readonly control: WebSocket;
	/** Of `OpenSeat`. */
	readonly dismissed: Promise<GoneBecause | null>;
}

export interface Listener {
	readonly refused: (refusal: Refusal) => void;
	/** The connection is let into the session, under this id. False where that is another participant's. */
	readonly entered: (connectionId: string) => Promise<boolean>;
	/** The participant has opened another connection: why this one must go, as soon as it must. */
	readonly replaced: (connectionId: string | null, isOver: () => boolean) => Promise<string>;
}

/** The largest frame of an SDK holds a session description. */
const MOST_FRAME_BYTES = 262_144;
/** A client that was told why it must go closes by itself; longer it is not waited for. */
const PATIENCE_MS = 3000;
/** The SDK connects again after any close that is not its own, but 1003 and 1011 (@opentok/client 2.35.2, ReconnectableSocket). */
const PROTOCOL_ERROR = 1002;
const UNSUPPORTED_DATA = 1003;
const POLICY_VIOLATION = 1008;

/** Carries frames and closes between a client and the messaging service, until one of the three sockets ends it. */
export function relay(line: Line, speaker: Speaker, listener: Listener): void {
	const { client, upstream, dismissed } = line;
	const talk = new Talk(line, speaker, listener);
	client.addEventListener("message", ({ data }) => talk.heard(data));
	upstream.addEventListener("message", ({ data }) => {
		if (!talk.isOver) sendTo(client, data);
	});
	client.addEventListener("close", (event) => talk.once(() => closeBoth(client, upstream, event, GOING_AWAY)));
	client.addEventListener("error", () => talk.once(() => closeSocket(upstream, GOING_AWAY)));
	upstream.addEventListener("close", (event) => talk.once(() => closeBoth(upstream, client, event, GOING_AWAY)));
	upstream.addEventListener("error", () => talk.once(() => closeSocket(client, GOING_AWAY)));
	listenTo(client);
	listenTo(upstream);
	void dismissed.then((because) => (because === REPLACED ? talk.replaced() : talk.dismiss(because)));
}

/** One connection: what was said so far, and its end, which comes once. */
class Talk {
	isOver = false;
	readonly #line: Line;
	readonly #listener: Listener;
	#speaker: Speaker;
	#hasLeft = false;
	#isReplaced = false;
	#entrance: RumorFrame | null = null;

	constructor(line: Line, speaker: Speaker, listener: Listener) {
		this.#line = line;
		this.#speaker = speaker;
		this.#listener = listener;
	}

	heard(data: string | ArrayBuffer): void {
		if (this.isOver) return;
		if (typeof data === "string") return this.#drop(UNSUPPORTED_DATA, "frame-not-binary");
		if (data.byteLength > MOST_FRAME_BYTES) return this.#drop(TOO_LARGE, "frame-too-large");
		const frame = readRumor(new Uint8Array(data));
		if (!frame) return this.#drop(PROTOCOL_ERROR, "frame-unreadable");
		const verdict = judgeFrame(frame, this.#speaker);
		if (verdict.does === "drop") return this.#drop(POLICY_VIOLATION, verdict.why);
		if (verdict.does === "refuse") return this.#refuse(frame, verdict.refusal);
		if (verdict.does === "leave") this.#hasLeft = true;
		if (verdict.does === "name") this.#speaker = { ...this.#speaker, connectionId: verdict.connectionId };
		if (verdict.does === "enter") this.#enter(frame, verdict.connectionId);
		return sendTo(this.#line.upstream, data);
	}

	#enter(frame: RumorFrame, connectionId: string): void {
		this.#entrance = frame;
		if (!this.#speaker.isIn) void this.#claim(connectionId);
		this.#speaker = { ...this.#speaker, connectionId, isIn: true };
	}

	async #claim(connectionId: string): Promise<void> {
		const isOwn = await this.#listener.entered(connectionId);
		if (!isOwn) this.#drop(POLICY_VIOLATION, "another-connection-id");
	}

	#refuse(frame: RumorFrame, refusal: Refusal): void {
		this.#listener.refused(refusal);
		const reply = refusalFrame(frame, refusal, this.#speaker.symphony);
		if (reply) sendTo(this.#line.client, reply);
	}

	#drop(code: number, why: string): void {
		const { client, upstream } = this.#line;
		this.once(() => {
			closeSocket(upstream, GOING_AWAY);
			closeSocket(client, code, why);
		});
	}

	/** The place is another connection's now: what the client does with this one says nothing of it any more. */
	async replaced(): Promise<void> {
		this.#isReplaced = true;
		closeSocket(this.#line.control, GOING_AWAY);
		this.dismiss(await this.#listener.replaced(this.#speaker.connectionId, () => this.isOver));
	}

	/** The client hears that its connection was ended, or, where it is not in yet, that it may not come in. Of a lost room it hears nothing. */
	dismiss(because: string | null): void {
		const { client, upstream } = this.#line;
		if (because === null) return this.#drop(GOING_AWAY, "room-unavailable");
		const { session, symphony, connectionId } = this.#speaker;
		this.once(() => {
			closeSocket(upstream, GOING_AWAY);
			const refusal: Refusal = { reason: "participant-gone", because };
			const refused = this.#entrance && refusalFrame(this.#entrance, refusal, symphony);
			if (refused) sendTo(client, refused);
			if (connectionId !== null) sendTo(client, disconnectedFrame(session, connectionId, symphony));
			sayRefusal(client, refusal);
		});
	}

	once(end: () => void): void {
		if (this.isOver) return;
		this.isOver = true;
		end();
		if (this.#isReplaced) return;
		if (this.#hasLeft) closeSocket(this.#line.control, GONE_CODES.left, "left");
		else closeSocket(this.#line.control, GOING_AWAY);
	}
}

function closeLater(client: WebSocket): void {
	const timer = setTimeout(() => closeSocket(client, UNSUPPORTED_DATA), PATIENCE_MS);
	client.addEventListener("close", () => {
		clearTimeout(timer);
		closeSocket(client);
	});
}

/** Answers each message of a client that was not let in with the refusal, and closes. */
export function sayRefusal(client: WebSocket, refusal: Refusal): void {
	client.addEventListener("message", ({ data }) => {
		const frame = typeof data === "string" ? null : readRumor(new Uint8Array(data));
		const reply = frame?.type === RUMOR.message ? refusalFrame(frame, refusal, "") : null;
		if (reply) sendTo(client, reply);
	});
	closeLater(client);
}
