import type { Account } from "../catalog/catalog.ts";
import type { E2eeSessionRecord, ProviderName } from "../catalog/e2ee-session-record.ts";
import type { Decision } from "../decision/decision.ts";
import type { Exchange } from "../exchange.ts";
import type { Gate } from "../gate.ts";
import type { Participant } from "./room/contract.ts";

/** One participant whom everything else has admitted; what a provider makes its join material from. */
export interface AdmittedJoin {
	readonly exchange: Exchange;
	readonly record: E2eeSessionRecord;
	readonly participant: Participant;
	/** Opens the participant's connection once; a path segment of `[A-Za-z0-9_.-]`. */
	readonly ticket: string;
	/** `https://gate.example`, of the request. */
	readonly origin: string;
}

/** The member `join` of the answer, and what the room shall remember of the participant for the provider. */
export interface JoinMaterial {
	readonly join: Readonly<Record<string, unknown>>;
	readonly remember?: Readonly<Record<string, unknown>>;
}

/** What a welcome message holds, and what the room shall remember of the participant for the provider. */
export interface Greeting {
	readonly greeting: Readonly<Record<string, unknown>>;
	readonly remember?: Readonly<Record<string, unknown>>;
}

/** The member `e2ee` of the answer (design 8). */
export interface E2eeRequirements {
	readonly required: boolean;
	readonly secret: { readonly min_length: number; readonly max_length: number };
	readonly least_versions: Readonly<Record<string, string>>;
}

/**
 * A real-time system that sessions run on: one folder in `providers/`, one object of this kind in `providers/index.ts`. Its own
 * doors (signalling, facade, webhooks) are routes in `providers/doors.ts`.
 */
export interface JoinProvider {
	readonly name: ProviderName;
	/** Whether the gate hears of a client that comes and goes (it carries the signalling, or the provider's server tells). */
	presence(record: E2eeSessionRecord): boolean;
	/** What can be judged before anything is spent (credentials that are missing, headers that Chime wants). Spends nothing. */
	judge(exchange: Exchange, record: E2eeSessionRecord): Decision | Promise<Decision>;
	/** Made after the decision; a failure gives the place, the session and the use back. */
	material(admitted: AdmittedJoin): Promise<Decision<JoinMaterial>>;
	/** Tells the provider that a participant is out: called after the room has closed what runs through the gate; retried by the caller. */
	eject?(gone: {
		readonly gate: Gate;
		readonly account: Account;
		readonly record: E2eeSessionRecord;
		readonly participant: Participant;
	}): Promise<void>;
	/** What the room's welcome message shall hold beside the room itself (ICE servers); asked before each connection to `/join/v1/rooms/`. */
	greet?(coming: {
		readonly exchange: Exchange;
		readonly record: E2eeSessionRecord;
		readonly participant: Participant;
	}): Promise<Decision<Greeting>>;
}
