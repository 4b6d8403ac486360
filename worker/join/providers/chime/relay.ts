import type { Decision } from "../../../decision/decision.ts";
import type { Refusal } from "../../../decision/refusals.ts";
import { GONE_CODES, type GoneBecause } from "../../room/contract.ts";
import { GOING_AWAY, TOO_LARGE, closeBoth, closeSocket, listenTo, sendTo } from "../../sockets.ts";
import { type Farewell, farewellOfGone, farewellOfRefusal } from "./farewell.ts";
import { type ClientFrame, SIGNAL, readClientFrame } from "./frames.ts";
import { sayFarewell } from "./sockets.ts";

/** The three sockets of a participant's connection. */
export interface Line {
	/** Not accepted yet. */
	readonly client: WebSocket;
	/** To the signalling service; not accepted yet. */
	readonly upstream: WebSocket;
	/** To the session's room. */
	readonly control: WebSocket;
	/** Of `OpenSeat`. */
	readonly dismissed: Promise<GoneBecause | null>;
}

export interface RelayRules {
	/** Of a JOIN, which names the client's SDK. */
	readonly judgeSdk: (sdk: NonNullable<ClientFrame["sdk"]>) => Decision;
	readonly refused: (refusal: Refusal) => void;
	readonly now: () => number;
}

/** The largest frame of an SDK is its offer. */
const MOST_FRAME_BYTES = 262_144;
/** The SDK takes 45xx for a failure of the service, and connects again. */
const LOST = 4500;

/** Carries frames and closes between a client and the service, until one of the three sockets ends it. */
export function relay(line: Line, rules: RelayRules): void {
	const { client, upstream } = line;
	const ending = new Ending(line, rules.now);
	client.addEventListener("message", ({ data }) => {
		if (ending.isOver) return;
		const fault = faultOf(data, ending, rules);
		if (fault) ending.bid(fault);
		else sendTo(upstream, data);
	});
	upstream.addEventListener("message", ({ data }) => {
		if (!ending.isOver) sendTo(client, data);
	});
	client.addEventListener("close", (event) => ending.once(() => closeBoth(client, upstream, event, GOING_AWAY)));
	client.addEventListener("error", () => ending.once(() => closeSocket(upstream, GOING_AWAY)));
	upstream.addEventListener("close", (event) => ending.once(() => closeBoth(upstream, client, event, LOST)));
	upstream.addEventListener("error", () => ending.once(() => closeSocket(client, LOST)));
	listenTo(client);
	listenTo(upstream);
	void line.dismissed.then((because) => ending.bid(because === null ? ROOM_LOST : farewellOfGone(because)));
}

/** What ends a connection ends it once. */
class Ending {
	isOver = false;
	/** The client has said that it leaves the meeting, and not only this connection. */
	hasLeft = false;
	readonly #line: Line;
	readonly #now: () => number;

	constructor(line: Line, now: () => number) {
		this.#line = line;
		this.#now = now;
	}

	once(closeOther: () => void): void {
		if (this.isOver) return;
		this.isOver = true;
		closeOther();
		if (this.hasLeft) closeSocket(this.#line.control, GONE_CODES.left, "left");
		else closeSocket(this.#line.control, GOING_AWAY);
	}

	bid(farewell: Farewell): void {
		this.once(() => {
			closeSocket(this.#line.upstream, GOING_AWAY, farewell.why);
			sayFarewell(this.#line.client, farewell, this.#now());
		});
	}
}

/** What is wrong with a message of the client, if it may not pass. */
function faultOf(data: string | ArrayBuffer, ending: Ending, { judgeSdk, refused }: RelayRules): Farewell | null {
	const size = typeof data === "string" ? data.length : data.byteLength;
	if (size > MOST_FRAME_BYTES) return { frame: null, code: TOO_LARGE, why: "frame-too-large" };
	const frame = typeof data === "string" ? null : readClientFrame(new Uint8Array(data));
	if (frame?.type === SIGNAL.leave) ending.hasLeft = true;
	const judged = frame?.sdk ? judgeSdk(frame.sdk) : null;
	if (!judged || judged.allowed) return null;
	refused(judged.refusal);
	return farewellOfRefusal(judged.refusal);
}

/** A room that is lost has not put the participant out: it may come again. */
const ROOM_LOST: Farewell = { frame: null, code: LOST, why: "room-unavailable" };
