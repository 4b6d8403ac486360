import type { E2eeSessionRecord, JoinRole, SoraPart } from "../../../catalog/e2ee-session-record.ts";

/** A session that runs on Sora. */
export type SoraSession = E2eeSessionRecord & { readonly sora: SoraPart };

/** The session as one of Sora; null when it is of another provider. */
export function soraSession(record: E2eeSessionRecord | null): SoraSession | null {
	const { provider, sora } = record ?? { provider: null, sora: null };
	return record && provider === "sora" && sora ? { ...record, sora } : null;
}

/** Where the channel of a participant's connection is kept: the record may name another one since. */
export const CHANNEL = "provider_channel";

/** What a client of Sora connects as. */
export const SORA_ROLES = ["sendrecv", "sendonly", "recvonly"] as const;
export type SoraRole = (typeof SORA_ROLES)[number];

/** Roles of the gate that may connect so, the one that fits exactly first. */
export const JOIN_ROLES_FOR: Readonly<Record<SoraRole, readonly [JoinRole, ...JoinRole[]]>> = {
	sendrecv: ["publisher", "moderator"],
	sendonly: ["publisheronly", "publisher", "moderator"],
	recvonly: ["subscriber", "publisher", "moderator"],
};

/** A client that the gate carries must stay on the WebSocket that it carries (docs/join/sora.md): in a connect message and in Sora's answer. */
export const ON_ITS_SOCKET = { data_channel_signaling: false, ignore_disconnect_websocket: false } as const;

/** The signalling gate, for the client that has this ticket. */
export const signalingUrlOf = (origin: string, account: string, ticket: string): string =>
	`${origin.replace(/^http/, "ws")}/join/v1/accounts/${account}/sora/signaling?ticket=${ticket}`;
