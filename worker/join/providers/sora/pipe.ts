import type { Refusal } from "../../../decision/refusals.ts";
import { wireError } from "../../../decision/wire.ts";
import { parseJsonObject } from "../../../token/json-object.ts";
import { CLOSE_CODES, GONE_CODES, type GoneBecause, closeReason } from "../../room/contract.ts";
import type { Delivery, Mail } from "../../room/mail.ts";
import { guardValue } from "../../secret-guard.ts";
import { GOING_AWAY, NORMAL, TOO_LARGE, closeBoth, closeSocket, sendTo } from "../../sockets.ts";
import { readE2eeMessage } from "./e2ee-message.ts";
import type { Data, Ended, Inbox } from "./inbox.ts";
import { Meter, TOLD } from "./meter.ts";
import { faultOf, namesIn } from "./signaling-message.ts";

/** Answers to "ping" hold statistics of every stream. */
const MOST_MESSAGE_BYTES = 1 << 20;
const LOST = 1011;
/** Ours, as everything that the gate refuses a client of Sora for. */
export const REFUSED = 4490;

/** The three sockets of a connection that the gate carries. */
export interface Line {
	readonly client: Inbox;
	readonly sora: Inbox;
	/** To the session's room. */
	readonly control: WebSocket;
	/** Of `OpenSeat`. */
	readonly dismissed: Promise<GoneBecause | null>;
	/** Sora's first message. */
	readonly first: Data;
}

export interface PipeRules {
	/** Sora has named the connection. */
	readonly named: (connection: string) => void;
	readonly refused: (refusal: Refusal) => void;
	readonly now: () => number;
}

/** How the client is told why it must go; null where the room itself was lost. */
export const endOf = (because: GoneBecause | null): Ended =>
	because === null
		? { code: LOST, reason: "room-unavailable" }
		: { code: GONE_CODES[because], reason: closeReason(because) };

/** Carries messages between a client and Sora until one side, or the room, ends it. */
export function pipe(line: Line, rules: PipeRules): void {
	new Pipe(line, rules).run();
}

class Pipe {
	readonly #line: Line;
	readonly #rules: PipeRules;
	readonly #said: Meter;
	readonly #told: Meter;
	/** Of this client. */
	#connection: string | null = null;
	/** Connections of the others in the channel. */
	readonly #others = new Set<string>();
	#hasLeft = false;
	#isOver = false;

	constructor(line: Line, rules: PipeRules) {
		this.#line = line;
		this.#rules = rules;
		this.#said = new Meter(rules.now());
		this.#told = new Meter(rules.now(), TOLD);
	}

	run(): void {
		const { client, sora, control, dismissed, first } = this.#line;
		control.addEventListener("message", ({ data }) => {
			if (typeof data === "string") this.#fromRoom(data);
		});
		this.#fromSora(first);
		sora.pour(
			(data) => this.#fromSora(data),
			(ended) => this.#soraEnded(ended),
		);
		client.pour(
			(data) => this.#fromClient(data),
			(ended) => this.#clientEnded(ended),
		);
		void dismissed.then((because) => {
			const { code, reason } = endOf(because);
			this.#end(code, reason);
		});
	}

	#fromClient(data: Data): void {
		if (this.#isOver) return;
		const size = typeof data === "string" ? Buffer.byteLength(data) : data.byteLength;
		if (size > MOST_MESSAGE_BYTES) return this.#end(TOO_LARGE, "message-too-large");
		// New keys go to each of the others, and everybody makes new ones when somebody comes or goes.
		const receivers = typeof data === "string" ? 1 : this.#others.size;
		if (!this.#said.takes(size, this.#rules.now(), receivers))
			return this.#end(CLOSE_CODES.tooMany, "too-many-messages");
		if (typeof data !== "string") return this.#fromEncryption(data);
		const message = parseJsonObject(data);
		const fault = typeof message === "string" ? `A message ${message}.` : faultOf(message);
		if (fault !== null || typeof message === "string") return this.#refuse(fault ?? "");
		const guarded = guardValue(message);
		if (!guarded.allowed) return this.#giveUp(guarded.refusal);
		if (message["type"] === "disconnect") this.#hasLeft = true;
		return sendTo(this.#line.sora.socket, data);
	}

	/** Keys go from this client to others of its channel, and in no other's name. */
	#fromEncryption(data: ArrayBuffer): void {
		const message = readE2eeMessage(data);
		if (!message) return this.#refuse("A binary message is none of end-to-end encryption.");
		if (message.from !== this.#connection)
			return this.#refuse("A message of end-to-end encryption names another sender.");
		const mail: Mail = { to: message.to, data: Buffer.from(data).toString("base64") };
		return sendTo(this.#line.control, JSON.stringify(mail));
	}

	/** From another client that the gate carries; or this one's own back, for one that Sora has and the gate does not. */
	#fromRoom(text: string): void {
		if (this.#isOver) return;
		const delivery = JSON.parse(text) as Delivery; // the room's own
		const data = new Uint8Array(Buffer.from(delivery.data, "base64")).buffer;
		// One who has just gone is no reason to put out who still writes to it.
		if ("returned" in delivery) {
			if (this.#others.has(delivery.returned)) sendTo(this.#line.sora.socket, data);
		} else if (readE2eeMessage(data)?.from === delivery.from && this.#takes(data)) this.#toClient(data);
	}

	/** Nobody gets what is for another. */
	#toClient(data: ArrayBuffer): void {
		const message = readE2eeMessage(data);
		if (!message || message.to !== this.#connection) return;
		this.#others.add(message.from);
		sendTo(this.#line.client.socket, data);
	}

	/** Whether the client can be told it, as far as the gate knows. Others of the channel cannot cut it off by saying too much. */
	#takes(data: Data): boolean {
		return this.#told.takes(typeof data === "string" ? data.length : data.byteLength, this.#rules.now());
	}

	#fromSora(data: Data): void {
		if (this.#isOver) return;
		if (!this.#takes(data)) return this.#end(CLOSE_CODES.tooSlow, "too-slow");
		if (typeof data !== "string") return this.#toClient(data);
		const message = parseJsonObject(data);
		if (typeof message !== "string") {
			// Followed by the client, it would lead past the gate. Sora sends none so late.
			if (message["type"] === "redirect") return this.#fail("it sends the client on when it has answered it");
			this.#learn(message);
		}
		return sendTo(this.#line.client.socket, data);
	}

	/** Who this client is to Sora, and who else is in its channel. */
	#learn(message: Readonly<Record<string, unknown>>): void {
		const { type, event_type: event, connection_id: id } = message;
		if (type === "offer" && typeof id === "string" && this.#connection === null) {
			this.#connection = id;
			this.#rules.named(id);
		}
		if (type !== "notify") return;
		if (event === "connection.created") for (const other of namesIn(message)) this.#others.add(other);
		if (event === "connection.destroyed" && typeof id === "string") this.#others.delete(id);
		if (this.#connection !== null) this.#others.delete(this.#connection);
	}

	#soraEnded(ended: Ended): void {
		const { client, sora } = this.#line;
		this.#once(() => {
			closeBoth(sora.socket, client.socket, ended, LOST);
			// What Sora has ended is over; a connection to it that broke may be made again.
			this.#leave(ended.code === NORMAL || this.#hasLeft || ended.code >= 4000);
		});
	}

	#clientEnded(ended: Ended): void {
		const { client, sora } = this.#line;
		this.#once(() => {
			closeBoth(client.socket, sora.socket, ended, GOING_AWAY);
			this.#leave(this.#hasLeft || ended.code === NORMAL);
		});
	}

	#leave(forGood: boolean): void {
		if (forGood) closeSocket(this.#line.control, GONE_CODES.left, "left");
		else closeSocket(this.#line.control, GOING_AWAY);
	}

	#refuse(detail: string): void {
		this.#giveUp({ reason: "bad-request", detail });
	}

	#fail(detail: string): void {
		this.#giveUp({ reason: "provider-unavailable", provider: "sora", detail });
	}

	#giveUp(refusal: Refusal): void {
		this.#rules.refused(refusal);
		this.#end(REFUSED, wireError(refusal, "problem").reason);
	}

	#end(code: number, why: string): void {
		this.#once(() => {
			closeSocket(this.#line.sora.socket, GOING_AWAY, why);
			closeSocket(this.#line.client.socket, code, why);
			closeSocket(this.#line.control, GOING_AWAY);
		});
	}

	#once(act: () => void): void {
		if (this.#isOver) return;
		this.#isOver = true;
		act();
	}
}
