import { type Operation, deviceHeader, listOf, ref } from "../operation.ts";

const sessions = {
	tag: "Stream concurrency",
	path: "/api/v1/accounts/{account}/sessions",
	credential: "token",
	headers: deviceHeader,
	refusals: "SessionRefusal",
} as const;

export const streamOperations: readonly Operation[] = [
	{
		...sessions,
		method: "post",
		id: "heartbeat",
		summary: "Starts the session of the token (uid, sid, climit), or keeps it alive.",
		body: { schema: ref("HeartbeatBody"), example: { video: "clip" } },
		answers: {
			200: { description: "It plays.", schema: ref("Heartbeat") },
			204: { description: "The account does not use it." },
		},
	},
	{
		...sessions,
		method: "get",
		id: "listStreamSessions",
		summary: "The sessions of the token's viewer.",
		answers: {
			200: { description: "Newest first.", schema: listOf(ref("StreamSession")) },
			204: { description: "The account does not use it." },
		},
	},
	{
		...sessions,
		method: "delete",
		id: "stopStreamSession",
		summary: "Ends the session of the token.",
		answers: { 204: { description: "It is ended, or the account does not use it." } },
	},
	{
		...sessions,
		path: `${sessions.path}/{session}`,
		method: "delete",
		id: "stopNamedStreamSession",
		summary: "Ends another session of the token's viewer, or, as older clients ask for it, its own.",
		answers: { 204: { description: "It is ended, or the account does not use it." } },
	},
];
