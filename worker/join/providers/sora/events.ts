import * as v from "valibot";
import { openObject, parse } from "../../../catalog/issues.ts";
import { type Decision, allow, refuse } from "../../../decision/decision.ts";
import { isJsonObject } from "../../../token/json-object.ts";

/** What the gate does about an event of Sora; the others it only takes. */
const MEANINGS = {
	"connection.created": "alive",
	"connection.updated": "alive",
	"connection.destroyed": "over",
	"connection.failed": "over",
	"session.destroyed": "emptied",
	"session.vanished": "emptied",
} as const;

export type Meaning = (typeof MEANINGS)[keyof typeof MEANINGS];

export interface SoraEvent {
	readonly meaning: Meaning;
	readonly channel: string;
	readonly connection: string | null;
	/** Sora's own session: it begins with the first connection of a channel and ends after the last. */
	readonly session: string | null;
	/** Of the gate, which its answer to the authentication webhook has named. */
	readonly participant: string | null;
	/** Milliseconds since the epoch. */
	readonly at: number;
	/** The client has said that it goes, or the API has put it out: otherwise the connection broke. */
	readonly isMeant: boolean;
}

const text = v.optional(v.nullable(v.string("must be a string")), null);
const eventSchema = openObject({
	type: v.string("must be a string"),
	channel_id: text,
	connection_id: text,
	session_id: text,
	timestamp: text,
});

/** Null: nothing to do about it. */
export function readEvent(body: Readonly<Record<string, unknown>>, nowMs: number): Decision<SoraEvent | null> {
	const parsed = parse(eventSchema, body, "");
	if (!parsed.ok) return refuse({ reason: "bad-request", detail: parsed.issues.join("; ") });
	const { type, channel_id: channel, connection_id: connection, session_id: session, timestamp } = parsed.value;
	const meaning = Object.hasOwn(MEANINGS, type) ? MEANINGS[type as keyof typeof MEANINGS] : null;
	if (meaning === null || channel === null || channel === "") return allow(null);
	const metadata = body["event_metadata"];
	const participant = isJsonObject(metadata) ? metadata["participant_id"] : null;
	const at = Date.parse(timestamp ?? "");
	return allow({
		meaning,
		channel,
		connection,
		session,
		participant: typeof participant === "string" ? participant : null,
		at: Number.isNaN(at) ? nowMs : at,
		isMeant: isMeant(body["data"]),
	});
}

function isMeant(data: unknown): boolean {
	const given = isJsonObject(data) ? data : {};
	return ["type_disconnect_reason", "disconnect_api_reason"].some((name) => typeof given[name] === "string");
}
