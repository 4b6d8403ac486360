import { deleteE2eeSession, getE2eeSession, listE2eeSessions, putE2eeSession } from "./e2ee-sessions.ts";
import {
	approveParticipant,
	denyParticipant,
	endSession,
	kickParticipant,
	listParticipants,
	lockSession,
	unlockSession,
} from "./participants.ts";
import type { Route } from "./routes.ts";

const SESSIONS = "/manage/v1/accounts/:account/e2ee-sessions";
const area = "e2ee-sessions";

/** End-to-end encrypted sessions, and who is in them. */
export const sessionRoutes: readonly Route[] = [
	{ path: `${SESSIONS}`, area, methods: { GET: listE2eeSessions } },
	{
		path: `${SESSIONS}/:id`,
		area,
		methods: { GET: getE2eeSession, PUT: putE2eeSession, DELETE: deleteE2eeSession },
	},
	{ path: `${SESSIONS}/:id/participants`, area, methods: { GET: listParticipants } },
	{
		path: `${SESSIONS}/:id/participants/:participant`,
		area,
		methods: { DELETE: kickParticipant },
	},
	{
		path: `${SESSIONS}/:id/participants/:participant/approve`,
		area,
		methods: { POST: approveParticipant },
	},
	{
		path: `${SESSIONS}/:id/participants/:participant/deny`,
		area,
		methods: { POST: denyParticipant },
	},
	{ path: `${SESSIONS}/:id/lock`, area, methods: { POST: lockSession } },
	{ path: `${SESSIONS}/:id/unlock`, area, methods: { POST: unlockSession } },
	{ path: `${SESSIONS}/:id/end`, area, methods: { POST: endSession } },
];
