import type { Rows } from "./wire-row.ts";

const RETRIEVE_FAILURES = {
	account: "ACCOUNT_RETRIEVE_FAILURE",
	video: "VIDEO_RETRIEVE_FAILURE",
	right: "PLAYBACK_RIGHT_RETRIEVE_FAILURE",
	"delivery rule": "VIDEO_URLS_RETRIEVE_FAILURE",
	playlist: "PLAYLIST_RETRIEVE_FAILURE",
	"playlist-videos": "PLAYLIST_VIDEOS_RETRIEVE_FAILURE",
	"E2EE session": "E2EE_SESSION_RETRIEVE_FAILURE",
	"provider credentials": "PROVIDER_RETRIEVE_FAILURE",
	"join webhook": "JOIN_WEBHOOK_RETRIEVE_FAILURE",
} as const;

/** How a catalog that cannot be read looks on the wire. */
export const catalogRows: Rows<"catalog-unavailable"> = {
	"catalog-unavailable": {
		status: 502,
		code: "SERVER_ERROR",
		subcode: ({ record }) => RETRIEVE_FAILURES[record],
		message: ({ record }) =>
			record === "playlist-videos"
				? "The records of the playlist's videos could not be read."
				: `The record of the ${record} could not be read.`,
	},
};
