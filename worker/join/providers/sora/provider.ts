import { allow, refuse } from "../../../decision/decision.ts";
import type { Refusal } from "../../../decision/refusals.ts";
import type { JoinProvider } from "../../provider.ts";
import { closeReason } from "../../room/contract.ts";
import { disconnect } from "./api.ts";
import { soraCredentials } from "./credentials.ts";
import { CHANNEL, signalingUrlOf, soraSession } from "./session.ts";

/** Sora by Shiguredo (design 8): the gate stands before its signalling, and answers its webhooks. A join needs no credentials. */
export const soraProvider: JoinProvider = {
	name: "sora",
	presence: () => true,
	judge: (_exchange, record) => (soraSession(record) ? allow() : refuse(NO_PART)),
	material: async ({ record, ticket, origin }) => {
		const session = soraSession(record);
		if (!session) return refuse(NO_PART);
		const { channel_id } = session.sora;
		const signaling_urls = [signalingUrlOf(origin, session.account_id, ticket)];
		return allow({ join: { signaling_urls, channel_id, metadata: { ticket } } });
	},
	eject: async ({ gate, account, record, participant }) => {
		const session = soraSession(record);
		const { connection_id, [CHANNEL]: joined } = participant.provider;
		if (!session || typeof connection_id !== "string") return;
		const credentials = await soraCredentials(gate, account, gate.ports.now());
		if (!credentials || credentials.api_url === null) return;
		const channel_id = typeof joined === "string" ? joined : session.sora.channel_id;
		const reason = closeReason(participant.because ?? "kicked");
		await disconnect(gate, credentials.api_url, { channel_id, connection_id, reason });
	},
};

const NO_PART: Refusal = {
	reason: "provider-not-configured",
	provider: "sora",
	detail: "the session has no sora part",
};
