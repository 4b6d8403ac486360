import { renew } from "./join.ts";
import { refuseSecrets } from "./no-secret.ts";
import { JoinError } from "./problem.ts";

/** A message of the room (docs/join.md, "Room protocol"). */
export type RoomMessage = Readonly<Record<string, unknown>> & { readonly type: string };

export interface RoomEvents {
	/** Every message of the room, in its order. */
	readonly message: (message: RoomMessage) => void;
	/** The socket broke; it is opened again as long as the room keeps the place. */
	readonly away?: () => void;
	/** It is over: left, or put out for `reason` (`kicked`, `token-expired`, ...). Nothing comes after it. */
	readonly closed: (reason: string) => void;
}

/** Codes by which the room says that a participant is out (docs/join.md); after every other close the place is kept for a while. */
const FINAL_CODES = { from: 4001, to: 4012 };
const TICKET_REFUSED = 4401;
const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 4000;
/** Of the room when it does not say otherwise. */
const HEARTBEAT_SECONDS = 15;

/**
 * The participant's connection to the room. Each connection opens with a ticket of its own; the room hands out the next one in its welcome,
 * and with it the client comes back after the network broke.
 */
export class Room {
	readonly #base: string;
	readonly #events: RoomEvents;
	#ticket: string;
	#socket: WebSocket | null = null;
	#heartbeat: ReturnType<typeof setInterval> | undefined;
	#retry: ReturnType<typeof setTimeout> | undefined;
	#failures = 0;
	#heard = true;
	/** Once until the next welcome. */
	#renewed = false;
	#over = false;

	/** @param url `join.url` of the join's answer: it ends with the first ticket */
	constructor(url: string, events: RoomEvents) {
		const slash = url.lastIndexOf("/") + 1;
		this.#base = url.slice(0, slash);
		this.#ticket = url.slice(slash);
		this.#events = events;
		this.#open();
	}

	/** The ticket that leaves, renews, or opens the next connection. */
	get ticket(): string {
		return this.#ticket;
	}

	get isOpen(): boolean {
		return this.#socket?.readyState === WebSocket.OPEN;
	}

	/** @throws JoinError when the connection is not there now, or when a member is named like a secret */
	send(message: RoomMessage): void {
		refuseSecrets(message);
		if (!this.#socket || !this.isOpen) {
			throw new JoinError("room-away", "The connection to the room is broken; it comes back by itself.");
		}
		this.#socket.send(JSON.stringify(message));
	}

	leave(): void {
		if (this.isOpen) this.send({ type: "leave" });
		this.#end("left");
	}

	#open(): void {
		const socket = new WebSocket(`${this.#base}${this.#ticket}?refusals=close`);
		this.#socket = socket;
		socket.addEventListener("message", ({ data }) => this.#receive(String(data)));
		socket.addEventListener("close", ({ code, reason }) => this.#closed(socket, code, reason));
	}

	#receive(text: string): void {
		this.#heard = true;
		if (text === "pong") return;
		const message = JSON.parse(text) as RoomMessage;
		if (message.type === "welcome") this.#welcomed(message);
		this.#events.message(message);
	}

	#welcomed({ ticket, heartbeat_seconds: seconds }: RoomMessage): void {
		this.#failures = 0;
		this.#renewed = false;
		if (typeof ticket === "string") this.#ticket = ticket;
		clearInterval(this.#heartbeat);
		this.#heartbeat = setInterval(
			() => this.#beat(),
			(typeof seconds === "number" ? seconds : HEARTBEAT_SECONDS) * 1000,
		);
	}

	/** A socket whose network is gone says nothing by itself: one beat without an answer, and it is given up. */
	#beat(): void {
		const { readyState } = this.#socket ?? {};
		if (readyState !== WebSocket.OPEN) return;
		if (!this.#heard) return this.#socket?.close(4000, "no-heartbeat");
		this.#heard = false;
		this.#socket?.send("ping");
	}

	#closed(socket: WebSocket, code: number, reason: string): void {
		if (this.#over || socket !== this.#socket) return;
		clearInterval(this.#heartbeat);
		this.#heard = true;
		if (code >= FINAL_CODES.from && code <= FINAL_CODES.to) return this.#end(reason);
		if (code === TICKET_REFUSED) return void this.#renewTicket(reason);
		if (this.#failures === 0) this.#events.away?.();
		const wait = Math.min(FIRST_WAIT_MS * 2 ** this.#failures++, LONGEST_WAIT_MS);
		// Not all at once, when a server that many were connected to comes back.
		this.#retry = setTimeout(() => this.#open(), wait * (0.5 + Math.random() / 2));
	}

	/** The ticket was spent by a connection whose welcome never came; any ticket of the participant gets another as long as the place is kept. */
	async #renewTicket(refusal: string): Promise<void> {
		if (this.#renewed) return this.#end(refusal);
		this.#renewed = true;
		try {
			const { ticket } = await renew(this.#base.replace(/^ws/, "http"), this.#ticket);
			if (this.#over) return;
			this.#ticket = ticket;
			this.#open();
		} catch (error) {
			this.#end(error instanceof JoinError ? error.reason : refusal);
		}
	}

	#end(reason: string): void {
		if (this.#over) return;
		this.#over = true;
		clearInterval(this.#heartbeat);
		clearTimeout(this.#retry);
		this.#socket?.close(1000);
		this.#events.closed(reason);
	}
}
