import * as v from "valibot";
import { openObject, parse } from "../../../catalog/issues.ts";
import { type Decision, allow, refuse } from "../../../decision/decision.ts";
import { isJsonObject } from "../../../token/json-object.ts";
import { readName, readTime } from "./asked.ts";

/** What the gate does about an event of a channel; the others it only takes. */
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
	/** Those that a session had, where its end names them. */
	readonly connections: readonly string[];
	/** The server of a cluster that has told it. */
	readonly node: string | null;
	/** Of the gate, which its answer to the authentication webhook has named. */
	readonly participant: string | null;
	/** The gate's session, named there too: the channel may be another one's by now. */
	readonly joined: string | null;
	/** By Sora's clock, where it tells the time. Milliseconds since the epoch. */
	readonly at: number;
	/** The client has said that it goes, or the API has put it out: otherwise the connection broke. */
	readonly isMeant: boolean;
}

/** A node of Sora went down and came back: it names neither channels nor connections, for it knows none any more. */
export interface NodeLost {
	readonly meaning: "node-lost";
	readonly node: string;
	readonly at: number;
}

const text = v.optional(v.nullable(v.string("must be a string")), null);
const eventSchema = openObject({
	type: v.string("must be a string"),
	channel_id: text,
	connection_id: text,
	session_id: text,
	node_name: text,
	timestamp: text,
});

/** Null: nothing to do about it. */
export function readEvent(
	body: Readonly<Record<string, unknown>>,
	nowMs: number,
): Decision<SoraEvent | NodeLost | null> {
	const parsed = parse(eventSchema, body, "");
	if (!parsed.ok) return refuse({ reason: "bad-request", detail: parsed.issues.join("; ") });
	const { type, channel_id, connection_id, session_id, node_name, timestamp } = parsed.value;
	const [channel, node] = [readName(channel_id), readName(node_name)];
	const at = readTime(timestamp) ?? nowMs;
	if (type === "session.vanished" && !channel_id && node !== null) return allow({ meaning: "node-lost", node, at });
	const meaning = Object.hasOwn(MEANINGS, type) ? MEANINGS[type as keyof typeof MEANINGS] : null;
	if (meaning === null || channel === null) return allow(null);
	const metadata = isJsonObject(body["event_metadata"]) ? body["event_metadata"] : {};
	const told = (name: string): string | null => (typeof metadata[name] === "string" ? metadata[name] : null);
	return allow({
		meaning,
		channel,
		connection: readName(connection_id),
		session: readName(session_id),
		connections: namedIn(body["connections"]),
		node,
		participant: told("participant_id"),
		joined: told("session_id"),
		at,
		isMeant: isMeant(body["data"]),
	});
}

function namedIn(connections: unknown): readonly string[] {
	if (!Array.isArray(connections)) return [];
	return (connections as readonly unknown[]).flatMap((one) => {
		const name = isJsonObject(one) ? readName(one["connection_id"]) : null;
		return name === null ? [] : [name];
	});
}

function isMeant(data: unknown): boolean {
	const given = isJsonObject(data) ? data : {};
	return ["type_disconnect_reason", "disconnect_api_reason"].some((name) => typeof given[name] === "string");
}
