import type { RightRefusal } from "./refusals.ts";
import { type Rows, denied, serverError, utc } from "./wire-row.ts";

const inCountry = (country: string | null): string => (country === null ? "" : ` (${country})`);
const GEO_RULES = { zip: "postal code", dma: "market area", country: "country" } as const;

/** How the refusals of playback rights look on the wire (reference: brightcove 4.4). */
export const rightRows: Rows<RightRefusal["reason"]> = {
	"rights-missing": {
		...serverError(502, "PLAYBACK_RIGHT_RETRIEVE_FAILURE"),
		message: ({ namedBy }) =>
			`The playback right that ${namedBy === "prid" ? "the token (prid)" : "the video"} names does not exist.`,
	},
	"rights-ip-blocked": {
		...denied("CLIENT_IP"),
		message: () => "The playback right blocks the client's address.",
	},
	"rights-ip-not-allowed": {
		...denied("CLIENT_IP"),
		message: () => "The client's address is not one that the playback right allows.",
	},
	"rights-geo-blocked": {
		...denied("CLIENT_GEO"),
		message: ({ by, country }) => `The playback right blocks the client's ${GEO_RULES[by]}${inCountry(country)}.`,
	},
	"rights-geo-not-allowed": {
		...denied("CLIENT_GEO"),
		message: ({ country }) =>
			`The client's location${inCountry(country)} is not one where the playback right allows playback.`,
	},
	"rights-not-started": {
		...denied("VIDEO_NOT_PLAYABLE"),
		message: ({ startsAt }) => `The playback right allows playback from ${utc(startsAt)}.`,
	},
	"rights-ended": {
		...denied("VIDEO_NOT_PLAYABLE"),
		message: ({ endedAt }) => `The playback right allowed playback until ${utc(endedAt)}.`,
	},
	"rights-day-not-allowed": {
		...denied("VIDEO_NOT_PLAYABLE"),
		message: ({ day }) => `The playback right does not allow playback on this day of the week (${day}, UTC).`,
	},
	"rights-hour-not-allowed": {
		...denied("VIDEO_NOT_PLAYABLE"),
		message: ({ hours }) => `The playback right allows playback at other hours only (${hours.join(", ")}, UTC).`,
	},
	"rights-proxy-blocked": {
		...denied("CLIENT_IP"),
		message: ({ type }) => `The playback right blocks proxies of this kind (${type}).`,
	},
	"rights-domain-blocked": {
		...denied("DOMAIN"),
		message: ({ domain }) => `The playback right blocks pages of ${domain}.`,
	},
	"rights-domain-not-allowed": {
		...denied("DOMAIN"),
		message: ({ domain }) =>
			domain === null
				? "The playback right allows certain pages only, and the request names none (Origin or Referer)."
				: `The playback right does not allow pages of ${domain}.`,
	},
};
