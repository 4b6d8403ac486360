import type { JoinRole } from "../../../../catalog/e2ee-session-record.ts";
import type { Refusal } from "../../../../decision/refusals.ts";
import { isJsonObject, parseJsonObject } from "../../../../token/json-object.ts";
import { guardValue } from "../../../secret-guard.ts";
import { printOf } from "../client-token.ts";
import { RUMOR, type RumorFrame } from "./rumor.ts";

/** What a participant's connection may say: who it is, and where. */
export interface Speaker {
	readonly role: JoinRole;
	/** `/v2/partner/{key}/session/{id}`, which every address and resource begins with. */
	readonly session: string;
	/** Address of the service that keeps the session's state ("Symphony"); clients speak to nobody else. */
	readonly symphony: string;
	/** Of the token that the session's particulars were asked for with (`printOf`). */
	readonly tokenPrint: string;
	/** The id that the connection has named itself by, null before it has. */
	readonly connectionId: string | null;
	/** Whether it is let into the session. */
	readonly isIn: boolean;
}

export type Verdict =
	| { readonly does: "pass" }
	/** Passes, and the connection has named itself, or is let in. */
	| { readonly does: "name" | "enter"; readonly connectionId: string }
	/** Passes, and says that the client leaves for good. */
	| { readonly does: "leave" }
	/** Does not pass; the client hears why. */
	| { readonly does: "refuse"; readonly refusal: Refusal }
	/** Nothing that a client of the platform would send. */
	| { readonly does: "drop"; readonly why: string };

const PASS: Verdict = { does: "pass" };
const drop = (why: string): Verdict => ({ does: "drop", why });
const refuse = (refusal: Refusal): Verdict => ({ does: "refuse", refusal });

/** Judges what a client sends to the messaging service (reference: rtc 1.4). */
export function judgeFrame(frame: RumorFrame, speaker: Speaker): Verdict {
	switch (frame.type) {
		case RUMOR.ping:
		case RUMOR.pong:
			return PASS;
		case RUMOR.status: // of a message that it has got
			return frame.data === "" ? PASS : drop("status-with-data");
		case RUMOR.subscribe:
		case RUMOR.unsubscribe:
			return frame.addresses.every((address) => isWithin(address, speaker.session)) ? PASS : drop("foreign-topic");
		case RUMOR.connect:
			return judgeName(frame.headers.get("uniqueId") ?? "", speaker);
		case RUMOR.disconnect:
			return (frame.headers.get("reconnect") ?? "").startsWith("1") ? PASS : { does: "leave" };
		case RUMOR.message:
			return judgeMessage(frame, speaker);
		default:
			return drop("unknown-type");
	}
}

const isWithin = (address: string, session: string): boolean =>
	address === session || address.startsWith(`${session}/`);

const CONNECTION_ID = /^[\w-]{1,128}$/;

function judgeName(id: string, { connectionId }: Speaker): Verdict {
	if (!CONNECTION_ID.test(id)) return drop("connection-id");
	if (connectionId !== null && connectionId !== id) return drop("another-connection-id");
	return { does: "name", connectionId: id };
}

/** What is done to which resource. `kinds` are the names in the path, `ids` what they name: `stream`, `subscriber`. */
interface Raptor {
	readonly method: string;
	readonly kinds: string;
	readonly ids: readonly string[];
	readonly content: Readonly<Record<string, unknown>>;
}

const METHOD = /^[a-z][a-z_-]{0,63}$/i;
const SEGMENT = /^(?!\.{1,2}$)[\w.:~-]{1,256}$/;

function readRaptor(data: string, session: string): Raptor | null {
	const message = parseJsonObject(data);
	if (typeof message === "string") return null;
	const { method, uri, content = {} } = message;
	if (typeof method !== "string" || typeof uri !== "string" || !isJsonObject(content)) return null;
	if (!METHOD.test(method)) return null;
	if (!isWithin(uri, session)) return null;
	const segments = uri.slice(session.length).replace(/\/$/, "").split("/").slice(1);
	if (!segments.every((segment) => SEGMENT.test(segment))) return null;
	const kinds = segments.filter((_, index) => index % 2 === 0).join("/");
	return {
		method: method.toLowerCase(),
		kinds: kinds.toLowerCase(),
		ids: segments.filter((_, index) => index % 2 === 1),
		content,
	};
}

function judgeMessage({ addresses, headers, data }: RumorFrame, speaker: Speaker): Verdict {
	if (addresses.length === 0 || !addresses.every((address) => address === speaker.symphony)) return refuse(FOREIGN);
	const from = headers.get("X-TB-FROM-ADDRESS");
	if (from !== undefined && speaker.connectionId !== null && from !== speaker.connectionId) return refuse(FOREIGN);
	const message = readRaptor(data, speaker.session);
	if (!message) return refuse(UNREADABLE);
	const guarded = guardValue(message.content);
	if (!guarded.allowed) return refuse(guarded.refusal);
	const does = `${message.method} ${message.kinds}`;
	if (does === "create connection") return judgeEntrance(message, headers, speaker);
	if (!speaker.isIn) return refuse(NOT_IN);
	const rule = RULES[does];
	// Nothing else is made by clients: the platform might read another spelling of a stream in it.
	if (!rule) return message.method === "create" ? refuse(UNREADABLE) : judgeChange(message);
	return rule(message, speaker) ?? PASS;
}

/** What is there with encryption stays so, whatever else is done to it. */
function judgeChange({ content }: Raptor): Verdict {
	const { e2ee, capabilities } = content;
	if (e2ee !== undefined && e2ee !== true) return refuse(unencrypted("a stream"));
	return capabilities === undefined || hasEncryption(capabilities) ? PASS : refuse(unencrypted("a connection"));
}

const hasEncryption = (capabilities: unknown): boolean => Array.isArray(capabilities) && capabilities.includes("e2ee");

const FOREIGN: Refusal = {
	reason: "bad-request",
	detail: "The message is not for the session's service, or of another.",
};
const UNREADABLE: Refusal = { reason: "bad-request", detail: "The message cannot be read, or is of another session." };
const NOT_IN: Refusal = { reason: "bad-request", detail: "The connection is not in the session yet." };

function judgeEntrance({ ids, content }: Raptor, headers: RumorFrame["headers"], speaker: Speaker): Verdict {
	const [id = ""] = ids;
	if (speaker.connectionId !== null && id !== speaker.connectionId)
		return refuse({ reason: "vonage-connection-limit" });
	if (!CONNECTION_ID.test(id)) return refuse(UNREADABLE);
	if (printOf(headers.get("X-TB-TOKEN-AUTH") ?? "") !== speaker.tokenPrint)
		return refuse({ reason: "vonage-token-mismatch" });
	const encrypts = hasEncryption(content["capabilities"]);
	return encrypts ? { does: "enter", connectionId: id } : refuse(unencrypted("a connection"));
}

type Rule = (message: Raptor, speaker: Speaker) => Verdict | null;

const SENDS: readonly JoinRole[] = ["publisheronly", "publisher", "moderator"];
const RECEIVES: readonly JoinRole[] = ["subscriber", "publisher", "moderator"];
const MODERATES: readonly JoinRole[] = ["moderator"];

const roles =
	(allowed: readonly JoinRole[]): Rule =>
	(_message, { role }) =>
		allowed.includes(role) ? null : refuse({ reason: "role-not-allowed", role, allowed });

const encrypted =
	(what: string): Rule =>
	({ content }) =>
		content["e2ee"] === true ? null : refuse(unencrypted(what));

const unencrypted = (what: string): Refusal => ({ reason: "vonage-encryption-missing", what });

const both =
	(first: Rule, second: Rule): Rule =>
	(message, speaker) =>
		first(message, speaker) ?? second(message, speaker);

/** By method and kinds of resource; what is not here is the platform's to judge, by the token's role. */
const RULES: Readonly<Record<string, Rule>> = {
	"create stream": both(roles(SENDS), encrypted("a stream")),
	"create stream/subscriber": both(roles(RECEIVES), encrypted("a subscription")),
	"delete connection": (message, speaker) =>
		message.ids[0] === speaker.connectionId ? null : roles(MODERATES)(message, speaker),
	"update ": roles(MODERATES), // of the session: mutes everybody
};
