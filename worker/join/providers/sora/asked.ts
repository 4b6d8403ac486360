import * as v from "valibot";
import { openObject, parse } from "../../../catalog/issues.ts";
import { type Decision, allow, refuse } from "../../../decision/decision.ts";
import { isJsonObject } from "../../../token/json-object.ts";
import type { ConnectAsk } from "./connect.ts";
import { SORA_ROLES } from "./session.ts";
import { readSoraClient } from "./sora-client.ts";

const MOST_CHANNEL_CHARACTERS = 255;
const MOST_ID_CHARACTERS = 64;
/** Member of the metadata by which the gate finds a connection again that it carries itself. */
export const SEAT_MEMBER = "playgate_seat";

/** Members of a connect message, and of the authentication webhook's body, that a decision needs (reference: rtc 2.1 and 2.3). */
const askSchema = openObject({
	channel_id: v.pipe(
		v.string("must be a string"),
		v.minLength(1, "must not be empty"),
		v.maxLength(MOST_CHANNEL_CHARACTERS, `must be at most ${MOST_CHANNEL_CHARACTERS} characters`),
	),
	role: v.picklist(SORA_ROLES, `must be one of ${SORA_ROLES.join(", ")}`),
	e2ee: v.optional(v.nullable(v.boolean("must be true or false"))),
});

const connectionId = v.pipe(
	v.string("must be a string"),
	v.minLength(1, "must not be empty"),
	v.maxLength(MOST_ID_CHARACTERS, `must be at most ${MOST_ID_CHARACTERS} characters`),
);

const connectionSchema = openObject({ connection_id: connectionId });

type Body = Readonly<Record<string, unknown>>;
type Told = Omit<ConnectAsk, "account" | "connection" | "node" | "at">;

/** What a connection is asked with. `urlTicket`: of the address that the client came to. */
export function readAsk(body: Body, urlTicket: string | null): Decision<Told> {
	const parsed = parse(askSchema, body, "");
	if (!parsed.ok) return refuse({ reason: "bad-request", detail: parsed.issues.join("; ") });
	const { channel_id: channel, role, e2ee } = parsed.value;
	const client = readSoraClient(body["sora_client"], body["environment"]);
	const [own, older] = [readMetadata(body["metadata"]), readMetadata(body["auth_metadata"])];
	const ticket = urlTicket ?? own.ticket ?? older.ticket;
	const { seat } = own;
	return allow({ channel, role, e2ee: e2ee === true, client, ticket, token: own.token ?? older.token, seat });
}

/** The same with Sora's own name of the connection. */
export function readWebhookAsk(body: Body): Decision<Omit<ConnectAsk, "account">> {
	const parsed = parse(connectionSchema, body, "");
	if (!parsed.ok) return refuse({ reason: "bad-request", detail: parsed.issues.join("; ") });
	const ask = readAsk(body, null);
	if (!ask.allowed) return ask;
	const [node, at] = [readName(body["node_name"]), readTime(body["timestamp"])];
	return allow({ ...ask.value, connection: parsed.value.connection_id, node, at });
}

/** By Sora's clock, in milliseconds since the epoch; null where it tells none. */
export function readTime(timestamp: unknown): number | null {
	const time = typeof timestamp === "string" ? Date.parse(timestamp) : Number.NaN;
	return Number.isNaN(time) ? null : time;
}

const MOST_NAME_CHARACTERS = 255;

/** What Sora calls something; null where it says nothing, or more than anything that the gate knows is called. */
export const readName = (name: unknown): string | null =>
	typeof name === "string" && name !== "" && name.length <= MOST_NAME_CHARACTERS ? name : null;

/** A ticket of the gate, or a token by the name that Sora's own services have for it. An empty text is none. */
function readMetadata(metadata: unknown): Pick<Told, "ticket" | "token" | "seat"> {
	const given = isJsonObject(metadata) ? metadata : {};
	const textOf = (name: string): string | undefined => {
		const value = given[name];
		return typeof value === "string" && value !== "" ? value : undefined;
	};
	return { ticket: textOf("ticket") ?? null, token: textOf("access_token"), seat: textOf(SEAT_MEMBER) ?? null };
}
