import { createHmac, timingSafeEqual } from "node:crypto";
import { type Decision, allow, refuse } from "../decision/decision.ts";

/** What a ticket says: who may open a connection to which session. */
export interface Ticket {
	readonly account: string;
	readonly session: string;
	readonly participant: string;
	/** Counts the tickets of a participant: the room knows which one was used last. */
	readonly number: number;
	/** By when it must open a connection, seconds since the epoch; null where the room alone judges that. */
	readonly opensUntil: number | null;
}

const MAC_CHARACTERS = 32; // 192 bits of HMAC-SHA256
const MOST_CHARACTERS = 1024;

/** Signs and opens tickets with the Worker's own secrets: the first signs, all of them open. */
export class TicketBox {
	readonly #secrets: readonly [string, ...string[]];

	constructor(secrets: readonly [string, ...string[]]) {
		this.#secrets = secrets;
	}

	/** `[A-Za-z0-9_-]+.[A-Za-z0-9_-]{32}`, one path segment. */
	sign({ account, session, participant, number, opensUntil }: Ticket): string {
		const body = Buffer.from(JSON.stringify([account, session, participant, number, opensUntil])).toString("base64url");
		return `${body}.${mac(body, this.#secrets[0])}`;
	}

	open(text: string): Decision<Ticket> {
		const dot = text.indexOf(".");
		const [body, given] = [text.slice(0, dot), text.slice(dot + 1)];
		if (dot < 1 || text.length > MOST_CHARACTERS) return refuse({ reason: "ticket-invalid" });
		if (!this.#secrets.some((secret) => equal(given, mac(body, secret)))) return refuse({ reason: "ticket-invalid" });
		const signed = JSON.parse(Buffer.from(body, "base64url").toString("utf8")) as Signed; // ours: the signature holds
		const [account, session, participant, number, opensUntil] = signed;
		return allow({ account, session, participant, number, opensUntil });
	}
}

type Signed = [string, string, string, number, number | null];

function mac(body: string, secret: string): string {
	return createHmac("sha256", secret).update(`join-ticket\n${body}`).digest("base64url").slice(0, MAC_CHARACTERS);
}

function equal(left: string, right: string): boolean {
	const [given, expected] = [Buffer.from(left), Buffer.from(right)];
	return given.length === expected.length && timingSafeEqual(given, expected);
}
