import type { E2eeSessionRecord, ProviderName } from "./e2ee-session-record.ts";

type Parts = Pick<E2eeSessionRecord, ProviderName>;

/** What the catalog knows of a provider's part of a session's record, beside its schema. */
interface PartRules {
	/** The member that is the provider's own name of the session (one session of the account has it), for messages; null where it has none. */
	readonly named: string | null;
	/** That name, by which webhooks and facades find the session. */
	readonly nameOf: (parts: Parts) => string | null;
	/** URLs by their place: the gate calls them, or sends clients there. */
	readonly urls: (parts: Parts) => readonly (readonly [place: string, url: string | null])[];
	/** What is wrong with a part that the schema takes. */
	readonly issues: (parts: Parts) => readonly string[];
}

const nothing = (): readonly [] => [];

/** By provider: one that is added has a row here, or the compiler asks for it. */
export const PART_RULES: Readonly<Record<ProviderName, PartRules>> = {
	vonage: {
		named: "vonage.session_id",
		nameOf: ({ vonage }) => vonage?.session_id ?? null,
		urls: ({ vonage }) => [["vonage.api_url", vonage?.api_url ?? null]],
		issues: ({ vonage }) =>
			vonage && vonage.api_key === null && vonage.application_id === null
				? ["vonage: must have api_key or application_id"]
				: [],
	},
	sora: {
		named: "sora.channel_id",
		nameOf: ({ sora }) => sora?.channel_id ?? null,
		urls: ({ sora }) => (sora?.signaling_urls ?? []).map((url, index) => [`sora.signaling_urls[${index}]`, url]),
		issues: nothing,
	},
	chime: {
		named: "chime.meeting_id",
		nameOf: ({ chime }) => chime?.meeting_id ?? null,
		urls: ({ chime }) => [["chime.signaling_url", chime?.signaling_url ?? null]],
		issues: nothing,
	},
	webrtc: {
		named: null,
		nameOf: () => null,
		urls: ({ webrtc }) => [["webrtc.endpoint", webrtc?.endpoint ?? null]],
		issues: ({ webrtc }) =>
			webrtc && webrtc.mode !== "room" && webrtc.endpoint === null
				? [`webrtc.endpoint: is missing, which ${webrtc.mode} needs`]
				: [],
	},
};

/** What the session's own provider calls it; parts of others mean nothing. */
export const providerIdOf = (session: E2eeSessionRecord): string | null => PART_RULES[session.provider].nameOf(session);
