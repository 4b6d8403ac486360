const words: Readonly<Record<string, string>> = {
	left: "You left the room.",
	kicked: "A moderator removed you from the room.",
	banned: "A moderator removed you from the room; you cannot come back for now.",
	denied: "A moderator did not let you in.",
	"lobby-denied": "A moderator did not let you in.",
	replaced: "You joined again somewhere else, and that place took over.",
	"session-ended": "The session was ended.",
	"token-expired": "Your token has ended. Ask for a new one and join again.",
	"token-revoked": "Your token was revoked.",
	"stayed-too-long": "The longest time that anybody may stay is over.",
	"viewer-session-ended": "Your place was taken by another stream of yours, or ended by an operator.",
	"connection-lost": "The connection was broken for too long.",
};

/** Why a call is over, for people. */
export const inWords = (reason: string): string => words[reason] ?? "The call is over.";
