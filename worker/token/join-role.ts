export const JOIN_ROLES = ["subscriber", "publisheronly", "publisher", "moderator"] as const;

/** `subscriber` receives, `publisheronly` sends, `publisher` does both, `moderator` besides runs the session. */
export type JoinRole = (typeof JOIN_ROLES)[number];
