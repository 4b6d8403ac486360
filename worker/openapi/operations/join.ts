import { type Operation, deviceHeader, ref } from "../operation.ts";
import { MANAGE, type Managed, done, ok } from "./managed.ts";

const session = {
	tag: "Joins",
	path: "/join/v1/accounts/{account}/sessions/{session}",
	params: { session: "room-1" },
	credential: "token",
	headers: deviceHeader,
	refusals: "Problem",
} as const;
// The ticket is the credential.
const participant = {
	tag: "Joins",
	path: "/join/v1/participants/{ticket}",
	credential: "grant",
	refusals: "Problem",
} as const;

/** What clients of end-to-end encrypted sessions ask. */
export const joinOperations: readonly Operation[] = [
	{
		...session,
		method: "post",
		id: "joinSession",
		summary: "Joins an end-to-end encrypted session: a place, a ticket, and what the provider joins with.",
		body: {
			schema: ref("JoinBody"),
			example: { client: { sdk: "app", version: "1.0.0" }, role: "publisher", name: "Ann" },
		},
		answers: {
			201: { description: "Admitted.", schema: ref("Join") },
			202: { description: "In the lobby: ask again with the ticket.", schema: ref("Join") },
		},
	},
	{
		...session,
		method: "get",
		id: "followJoinLink",
		summary: "Joins as a browser that follows a link; who accepts application/json only is answered as by POST.",
		query: {
			role: { description: "As in the body of a POST.", schema: { type: "string" } },
			name: { description: "As in the body of a POST.", schema: { type: "string" } },
			device_id: { description: "As in the body of a POST.", schema: { type: "string" } },
		},
		answers: {
			201: { description: "Admitted.", schema: ref("Join") },
			202: { description: "In the lobby.", schema: ref("Join") },
			303: { description: "To the session's page, with the ticket in the fragment.", location: true },
		},
	},
	{
		...participant,
		method: "post",
		id: "renewParticipant",
		summary:
			"How it stands, with a fresh ticket and what to join with; a token of the same viewer moves the participant's end.",
		answers: {
			200: { description: "Admitted.", schema: ref("Join") },
			202: { description: "Still in the lobby.", schema: ref("Join") },
		},
	},
	{
		...participant,
		method: "get",
		id: "lookAtParticipant",
		summary: "How the participant stands.",
		answers: { 200: { description: "Its status.", schema: ref("ParticipantStatus") } },
	},
	{
		...participant,
		method: "delete",
		id: "leaveSession",
		summary: "Leaves the session for good.",
		answers: { 204: { description: "The participant is out." } },
	},
	{
		...participant,
		path: "/join/v1/rooms/{ticket}",
		method: "get",
		id: "openRoom",
		summary: "The WebSocket of a room. With ?refusals=close a refusal is told by a close code.",
		query: { refusals: { description: "How refusals are told.", schema: { enum: ["close"] } } },
		answers: { 101: { description: "The socket is open." } },
	},
];

const sessions = { tag: "Participants", params: { id: "room-1" } } as const;
const one = { ...sessions, path: `${MANAGE}/e2ee-sessions/{id}/participants/{participant}` } as const;
const changed = (what: string) => ok(what, ref("SessionStatus"));

const SUMMARIES = {
	lock: "Lets nobody else into a session.",
	unlock: "Lets people into a session again.",
	end: "Ends a session: everybody is put out, and nobody comes in.",
} as const;

/** Who is in a session, and what ops may do about it. */
export const participantOperations: readonly Managed[] = [
	{
		...sessions,
		path: `${MANAGE}/e2ee-sessions/{id}/participants`,
		method: "get",
		id: "listParticipants",
		summary: "Who is in a session or waits, in the order in which they came.",
		query: { all: { description: "Those too that are gone.", schema: { enum: ["true", "false"] }, example: "true" } },
		answers: ok("The participants.", ref("Participants")),
	},
	{
		...one,
		method: "delete",
		id: "kickParticipant",
		summary: "Puts a participant out.",
		query: {
			ban_seconds: {
				description: "For how long its uid (or its token, where that has none) does not come in again.",
				schema: { type: "integer", minimum: 0 },
			},
			reason: { description: "Why, for the room's own records.", schema: { type: "string", maxLength: 256 } },
		},
		answers: done("The participant is out."),
	},
	{
		...one,
		path: `${one.path}/approve`,
		method: "post",
		id: "approveParticipant",
		summary: "Lets a participant in from the lobby.",
		answers: ok("It is in.", ref("Participant")),
	},
	{
		...one,
		path: `${one.path}/deny`,
		method: "post",
		id: "denyParticipant",
		summary: "Turns a participant away from the lobby.",
		answers: ok("It is out.", ref("Participant")),
	},
	...(["lock", "unlock", "end"] as const).map((command) => ({
		...sessions,
		path: `${MANAGE}/e2ee-sessions/{id}/${command}`,
		method: "post" as const,
		id: `${command}E2eeSession`,
		summary: SUMMARIES[command],
		answers: changed("It is done."),
	})),
];
