import { type Operation, boolean, record, string } from "../operation.ts";

const SDP = "application/sdp";
const FRAGMENT = "application/trickle-ice-sdpfrag";
const sdp = { type: SDP, schema: string } as const;
// The ticket is the credential.
const byTicket = { tag: "Joins", credential: "grant", refusals: "Problem" } as const;

interface MediaDoor {
	readonly door: "whip" | "whep";
	readonly name: string;
	readonly sends: string;
	/** Answers to an offer besides 201. */
	readonly other: Operation["answers"];
}

const mediaDoors: readonly MediaDoor[] = [
	{ door: "whip", name: "Whip", sends: "sends to", other: {} },
	{
		door: "whep",
		name: "Whep",
		sends: "receives from",
		other: { 406: { description: "A counter-offer, to be answered by PATCH.", ...sdp, location: true } },
	},
];

const opened = ({ other }: MediaDoor): Operation["answers"] => ({
	201: { description: "The answer of the media server.", ...sdp, location: true },
	...other,
});

/** The endpoint of a session: WHIP (RFC 9725) and WHEP. */
function endpointOperations(media: MediaDoor): readonly Operation[] {
	const endpoint = {
		tag: "Joins",
		path: `/join/v1/accounts/{account}/sessions/{session}/${media.door}`,
		params: { session: "room-1" },
		refusals: "Problem",
	} as const;
	return [
		{
			...endpoint,
			method: "post",
			id: `open${media.name}`,
			credential: "token",
			summary: `Joins, and ${media.sends} the session's media server.`,
			body: sdp,
			answers: opened(media),
		},
		{
			...endpoint,
			method: "get",
			id: `lookAt${media.name}Endpoint`,
			credential: "none",
			summary: "Nothing: kept free by the protocol.",
			answers: { 204: { description: "Nothing." } },
		},
	];
}

/** What the endpoint's answers name in `Location`. */
function mediaSessionOperations(media: MediaDoor): readonly Operation[] {
	const session = { ...byTicket, path: `/join/v1/${media.door}/{ticket}` } as const;
	return [
		{
			...session,
			method: "post",
			id: `open${media.name}WithTicket`,
			summary: "The same with the ticket of a join instead of a token: takes one offer.",
			body: sdp,
			answers: opened(media),
		},
		{
			...session,
			method: "patch",
			id: `change${media.name}`,
			summary: "Candidates, or an ICE restart (If-Match).",
			body: { type: FRAGMENT, schema: string },
			answers: {
				200: { description: "Restarted.", type: FRAGMENT, schema: string },
				204: { description: "Taken." },
			},
		},
		{
			...session,
			method: "get",
			id: `lookAt${media.name}`,
			summary: "Whether the session is there.",
			answers: { 204: { description: "It is." } },
		},
		{
			...session,
			method: "delete",
			id: `close${media.name}`,
			summary: "Ends the session, and leaves.",
			answers: { 200: { description: "It is over." } },
		},
	];
}

const SORA = "/join/v1/accounts/{account}/sora";
// The secret in the path is the credential.
const soraWebhook = { tag: "Joins", method: "post", credential: "none", refusals: "Problem" } as const;
const webhookBody = { schema: { type: "object", description: "As Sora's documentation has it." } } as const;

const soraOperations: readonly Operation[] = [
	{
		tag: "Joins",
		path: `${SORA}/signaling`,
		method: "get",
		id: "openSoraSignaling",
		credential: "none",
		summary:
			"The signalling WebSocket of sora-js-sdk. Token or ticket are in its first message; refusals are close codes.",
		refusals: "Problem",
		answers: { 101: { description: "The socket is open." } },
	},
	{
		...soraWebhook,
		path: `${SORA}/auth-webhook/{secret}`,
		id: "askSoraAuthWebhook",
		summary: "Sora asks whether a client may connect.",
		body: webhookBody,
		answers: {
			200: {
				description: "Whether it may; where not, the reason that the client is told.",
				schema: { ...record({ allowed: boolean }), description: "Also event_metadata, or reason." },
			},
		},
	},
	{
		...soraWebhook,
		path: `${SORA}/event-webhook/{secret}`,
		id: "tellSoraEvent",
		summary: "Sora tells of a connection or session.",
		body: webhookBody,
		answers: { 200: { description: "It is taken.", schema: { type: "object" } } },
	},
];

/** Doors of providers that clients come to, most with what a join gave them. The APIs of AWS and Vonage are described by these. */
export const doorOperations: readonly Operation[] = [
	...mediaDoors.flatMap((media) => [...endpointOperations(media), ...mediaSessionOperations(media)]),
	{
		...byTicket,
		path: "/join/v1/chime/{ticket}",
		method: "get",
		id: "openChimeSignaling",
		summary: "The signalling WebSocket of amazon-chime-sdk-js.",
		answers: { 101: { description: "The socket is open." } },
	},
	...soraOperations,
];
