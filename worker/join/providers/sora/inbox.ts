import { listenTo } from "../../sockets.ts";

/** What a socket has said, until somebody takes it: while a client is judged and Sora is dialled, nothing is lost. */
export type Data = string | ArrayBuffer;

export type Ended = { readonly code: number; readonly reason: string };

/** More than a client or Sora says before it is answered. */
const MOST_WAITING = 64;
const MOST_WAITING_SIZE = 4 << 20;
const ABNORMAL = 1006;

export class Inbox {
	readonly socket: WebSocket;
	readonly closed: Promise<Ended>;
	readonly #waiting: Data[] = [];
	#size = 0;
	#ended: Ended | null = null;
	#wake: () => void = () => undefined;
	#take: ((data: Data) => void) | null = null;
	#over: ((ended: Ended) => void) | null = null;
	#resolveClosed: (ended: Ended) => void = () => undefined;

	/** @param socket not accepted yet */
	constructor(socket: WebSocket) {
		this.socket = socket;
		this.closed = new Promise((resolve) => (this.#resolveClosed = resolve));
		socket.addEventListener("message", ({ data }) => this.#heard(data as Data));
		socket.addEventListener("close", ({ code, reason }) => this.#closed({ code, reason }));
		socket.addEventListener("error", () => this.#closed({ code: ABNORMAL, reason: "" }));
		listenTo(socket);
	}

	/** The next message; null when none comes in this time, or the socket has closed. */
	async next(withinMs: number): Promise<Data | null> {
		if (this.#waiting.length === 0 && this.#ended === null) await this.#wait(withinMs);
		return this.#waiting.shift() ?? null;
	}

	get ended(): Ended | null {
		return this.#ended;
	}

	/** From now on, and for what has come already. */
	pour(take: (data: Data) => void, over: (ended: Ended) => void): void {
		this.#take = take;
		this.#over = over;
		for (const data of this.#waiting.splice(0)) take(data);
		if (this.#ended) over(this.#ended);
	}

	#wait(withinMs: number): Promise<void> {
		return new Promise((resolve) => {
			const timer = setTimeout(resolve, withinMs);
			this.#wake = () => {
				clearTimeout(timer);
				resolve();
			};
		});
	}

	#heard(data: Data): void {
		if (this.#take) return this.#take(data);
		this.#size += typeof data === "string" ? data.length : data.byteLength;
		// Who floods the gate before it is let in is not heard any further; what it has said is judged.
		const isRoom = this.#waiting.length < MOST_WAITING && this.#size <= MOST_WAITING_SIZE;
		if (isRoom || this.#waiting.length === 0) this.#waiting.push(data);
		return this.#wake();
	}

	#closed(ended: Ended): void {
		if (this.#ended) return;
		this.#ended = ended;
		this.#resolveClosed(ended);
		if (this.#over) this.#over(ended);
		else this.#wake();
	}
}
