import type { JoinRole } from "../../../../catalog/e2ee-session-record.ts";
import type { AdmittedSdp, SdpUse } from "../sdp-admission.ts";
import { type Description, type Direction, type Media, at, isRtp, live } from "./description.ts";
import { type Rule, firstOf } from "./rule.ts";

/** A description, and what it is sent for. */
export interface UseFacts extends SdpUse {
	readonly description: Description;
}

/** What a role may do, as the sender of the description says it. */
const ROLE_DIRECTIONS: Readonly<Record<JoinRole, readonly Direction[]>> = {
	subscriber: ["recvonly", "inactive"],
	publisheronly: ["sendonly", "inactive"],
	publisher: ["sendrecv", "sendonly", "recvonly", "inactive"],
	moderator: ["sendrecv", "sendonly", "recvonly", "inactive"],
};

/** What a door is for: by door and who speaks. */
const DOOR_DIRECTIONS: Readonly<Record<string, readonly Direction[]>> = {
	"whip offer of a participant": ["sendonly", "sendrecv"],
	"whip answer of a provider": ["recvonly", "sendrecv", "inactive"],
	"whep offer of a participant": ["recvonly", "sendrecv"],
	"whep answer of a provider": ["sendonly", "sendrecv", "inactive"],
	// A counter-offer, and its answer.
	"whep offer of a provider": ["sendonly", "sendrecv", "inactive"],
	"whep answer of a participant": ["recvonly", "sendrecv", "inactive"],
};

/** What may be answered to a direction (RFC 3264 section 6.1). */
const ANSWERS: Readonly<Record<Direction, readonly Direction[]>> = {
	sendrecv: ["sendrecv", "sendonly", "recvonly", "inactive"],
	sendonly: ["recvonly", "inactive"],
	recvonly: ["sendonly", "inactive"],
	inactive: ["inactive"],
};

const MOST_OF_ONE_KIND = 1;

/** What the door, the role and the offer want of a description. */
export const useRules: readonly Rule<UseFacts>[] = [
	{
		name: "media",
		source: "RFC 9429 section 5.2.1",
		check: ({ kind, description }) =>
			kind === "offer" && live(description).length === 0 ? "it offers no audio, video or data" : null,
	},
	{
		name: "one-stream",
		source: "RFC 9725 section 4.4.2",
		check: ({ door, description }) =>
			door === "room"
				? null
				: firstOf(["audio", "video", "application"], (kind) =>
						live(description).filter((section) => section.kind === kind).length > MOST_OF_ONE_KIND
							? `it has more than one section of ${kind}`
							: null,
					),
	},
	{
		name: "direction",
		source: "RFC 9725 section 4.4, draft-ietf-wish-whep section 4",
		check: ({ door, kind, from = "participant", description }) => {
			const allowed = DOOR_DIRECTIONS[`${door} ${kind} of a ${from}`];
			return allowed ? wrongDirection(description, allowed, `${door} ${kind}`) : null;
		},
	},
	{
		name: "role",
		source: "design section 8",
		check: ({ role, description }) =>
			role === null ? null : wrongDirection(description, ROLE_DIRECTIONS[role], `the role ${role}`),
	},
	{
		name: "data-channel",
		source: "design section 8",
		check: ({ door, role, description }) => {
			if (door !== "room" || role === null || role === "publisher" || role === "moderator") return null;
			const data = live(description).find((section) => !isRtp(section));
			return data ? `${at(data)} goes both ways, and the role ${role} does not` : null;
		},
	},
	{
		name: "answers-offer",
		source: "RFC 3264 section 6",
		check: ({ offer, description }) => (offer ? notAnAnswer(offer, description.media) : null),
	},
];

function wrongDirection(description: Description, allowed: readonly Direction[], of: string): string | null {
	const wrong = live(description).find((section) => isRtp(section) && !allowed.includes(section.direction));
	return wrong ? `${at(wrong)} is ${wrong.direction}; ${of} may be ${allowed.join(", ")}` : null;
}

function notAnAnswer({ media: offered, setup }: NonNullable<SdpUse["offer"]>, media: readonly Media[]): string | null {
	if (offered.length !== media.length) return `it has ${media.length} section(s) where the offer has ${offered.length}`;
	const said = media.find(({ attributes }) => attributes.has("setup"))?.attributes.get("setup")?.[0];
	if (setup === "active" && said === "active") return "the offer is active, so the answer has to be passive";
	return firstOf(media.entries(), ([index, section]) => {
		const ask: AdmittedSdp["media"][number] | undefined = offered[index];
		if (!ask || section.kind !== ask.kind) return `${at(section)} is of another kind in the offer`;
		if (!section.isLive) return null;
		if (!ask.isLive) return `${at(section)} accepts what the offer has rejected`;
		if (!isRtp(section) || ANSWERS[ask.direction].includes(section.direction)) return null;
		return `${at(section)} is ${section.direction}, which is no answer to ${ask.direction}`;
	});
}
