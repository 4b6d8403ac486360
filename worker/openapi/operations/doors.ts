import { type Operation, string } from "../operation.ts";

const SDP = "application/sdp";
const sdp = { type: SDP, schema: string } as const;
// The ticket is the credential.
const byTicket = { tag: "Joins", credential: "grant", refusals: "Problem" } as const;

const mediaDoors = [
	{ door: "whip", name: "Whip", sends: "sends to", other: {} },
	{
		door: "whep",
		name: "Whep",
		sends: "receives from",
		other: { 406: { description: "A counter-offer, to be answered by PATCH.", ...sdp, location: true } },
	},
] as const;

/** WHIP (RFC 9725) and WHEP: the endpoint of a session, and what its answers name in `Location`. */
const mediaOperations = mediaDoors.flatMap(({ door, name, sends, other }): readonly Operation[] => {
	const endpoint = {
		tag: "Joins",
		path: `/join/v1/accounts/{account}/sessions/{session}/${door}`,
		params: { session: "room-1" },
		refusals: "Problem",
	} as const;
	const session = { ...byTicket, path: `/join/v1/${door}/{ticket}` } as const;
	const opened = { 201: { description: "The answer of the media server.", ...sdp, location: true }, ...other } as const;
	return [
		{
			...endpoint,
			method: "post",
			id: `open${name}`,
			credential: "token",
			summary: `Joins, and ${sends} the session's media server.`,
			body: sdp,
			answers: opened,
		},
		{
			...endpoint,
			method: "get",
			id: `lookAt${name}Endpoint`,
			credential: "none",
			summary: "Nothing: kept free by the protocol.",
			answers: { 204: { description: "Nothing." } },
		},
		{
			...session,
			method: "post",
			id: `open${name}WithTicket`,
			summary: "The same with the ticket of a join instead of a token: takes one offer.",
			body: sdp,
			answers: opened,
		},
		{
			...session,
			method: "patch",
			id: `change${name}`,
			summary: "Candidates, or an ICE restart (If-Match).",
			body: { type: "application/trickle-ice-sdpfrag", schema: string },
			answers: {
				200: { description: "Restarted.", type: "application/trickle-ice-sdpfrag", schema: string },
				204: { description: "Taken." },
			},
		},
		{
			...session,
			method: "get",
			id: `lookAt${name}`,
			summary: "Whether the session is there.",
			answers: { 204: { description: "It is." } },
		},
		{
			...session,
			method: "delete",
			id: `close${name}`,
			summary: "Ends the session, and leaves.",
			answers: { 200: { description: "It is over." } },
		},
	];
});

/** Doors of providers that clients come to with what a join gave them. */
export const doorOperations: readonly Operation[] = [
	...mediaOperations,
	{
		...byTicket,
		path: "/join/v1/chime/{ticket}",
		method: "get",
		id: "openChimeSignaling",
		summary: "The signalling WebSocket of amazon-chime-sdk-js.",
		answers: { 101: { description: "The socket is open." } },
	},
];
