import * as v from "valibot";
import { filled, flag, list, string, text, whole } from "../../../../catalog/fields.ts";
import { object, parse } from "../../../../catalog/issues.ts";
import { type Decision, allow, refuse } from "../../../../decision/decision.ts";
import { guardValue } from "../../../secret-guard.ts";
import { MOST_CANDIDATE_LENGTH } from "../sdp/candidate.ts";
import { MOST_SDP_BYTES } from "../sdp/lines.ts";

const MOST_DATA_CHARACTERS = 4096;
const MOST_WHY_LENGTH = 256;
const MOST_BAN_SECONDS = 366 * 24 * 3600;

/** The client's own name for a message: what the room says of it carries it as `in_reply_to`. */
const id = v.optional(filled(64));
const participant = filled(64);
const sdp = text(MOST_SDP_BYTES);
const count = whole(0, 1024);

/** `RTCIceCandidateInit`, as `RTCIceCandidate.toJSON()` gives it. */
const candidate = object({
	candidate: text(MOST_CANDIDATE_LENGTH),
	sdpMid: v.optional(v.nullable(text(64)), null),
	sdpMLineIndex: v.optional(v.nullable(count), null),
	usernameFragment: v.optional(v.nullable(text(256)), null),
});

const data = v.pipe(
	v.unknown(),
	v.check((value) => value !== undefined, "is missing"),
	v.check(
		(value) => (JSON.stringify(value) ?? "").length <= MOST_DATA_CHARACTERS,
		`must be at most ${MOST_DATA_CHARACTERS} characters of JSON`,
	),
);

/** What a client may say, by `type`; no member besides. */
const MESSAGES = {
	offer: object({ type: v.literal("offer"), id, to: participant, sdp }),
	answer: object({ type: v.literal("answer"), id, to: participant, sdp }),
	candidate: object({ type: v.literal("candidate"), id, to: participant, candidate }),
	"end-of-candidates": object({ type: v.literal("end-of-candidates"), id, to: participant }),
	restart: object({ type: v.literal("restart"), id, to: participant }),
	"mute-state": object({ type: v.literal("mute-state"), id, audio: flag, video: flag }),
	data: object({ type: v.literal("data"), id, to: v.optional(participant), data }),
	kick: object({
		type: v.literal("kick"),
		id,
		participant,
		ban_seconds: v.optional(whole(0, MOST_BAN_SECONDS), 0),
		why: v.optional(text(MOST_WHY_LENGTH)),
	}),
	approve: object({ type: v.literal("approve"), id, participant }),
	deny: object({ type: v.literal("deny"), id, participant }),
	lock: object({ type: v.literal("lock"), id }),
	unlock: object({ type: v.literal("unlock"), id }),
	end: object({ type: v.literal("end"), id }),
	leave: object({ type: v.literal("leave"), id }),
} as const;

export type MessageType = keyof typeof MESSAGES;
export type Message<T extends MessageType = MessageType> = { [K in T]: v.InferOutput<(typeof MESSAGES)[K]> }[T];

export const MESSAGE_TYPES = Object.keys(MESSAGES) as readonly MessageType[];

/** `id` is the message's own where it could be read, for the refusal. */
export interface ReadMessage {
	readonly id: string | null;
	readonly message: Decision<Message>;
}

export function readMessage(received: string): ReadMessage {
	let json: unknown;
	try {
		json = JSON.parse(received);
	} catch {
		return { id: null, message: bad("The message is not JSON.") };
	}
	if (typeof json !== "object" || json === null || Array.isArray(json)) {
		return { id: null, message: bad('The message is not an object like {"type":"offer","to":"p_...","sdp":"..."}.') };
	}
	const own = v.safeParse(filled(64), "id" in json ? json.id : undefined);
	const guarded = guardValue(json); // the room is not the place for it, whatever the message is
	return { id: own.success ? own.output : null, message: guarded.allowed ? readTyped(json) : guarded };
}

function readTyped(json: object): Decision<Message> {
	const type = "type" in json ? json.type : undefined;
	const known = MESSAGE_TYPES.find((each) => each === type);
	if (!known) return bad(`The message's type must be one of ${MESSAGE_TYPES.join(", ")}.`);
	const parsed = parse<v.GenericSchema<unknown, Message>>(MESSAGES[known], json);
	return parsed.ok ? allow(parsed.value) : bad(`The message ${known}: ${parsed.issues.join("; ")}.`);
}

const bad = (detail: string) => refuse({ reason: "bad-request", detail });

// What a seat's `kept` holds; ours, but read like anything that comes from storage.
const pin = object({ fingerprints: list(string, 8), ufrag: string, password: string });
const pending = object({
	restart: flag,
	setup: string,
	media: list(
		object({ kind: string, isLive: flag, direction: v.picklist(["sendrecv", "sendonly", "recvonly", "inactive"]) }),
		64,
	),
});
export const keptSchema = object({
	/** What this participant last said of itself to each peer, by the peer's id. */
	pins: v.optional(v.record(string, pin), {}),
	/** Offers to peers that are not answered yet. */
	offers: v.optional(v.record(string, pending), {}),
	muted: v.optional(v.nullable(object({ audio: flag, video: flag })), null),
	/** What the welcome of one who waits has held back. */
	greeting: v.optional(v.record(string, v.unknown()), {}),
});
