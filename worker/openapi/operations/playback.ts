import { type Answer, type Operation, deviceHeader, ref } from "../operation.ts";

const VIDEO = "/playback/v1/accounts/{account}/videos/{video}";
const HLS = "application/vnd.apple.mpegurl";
const DASH = "application/dash+xml";

const bytes = (description: string, type: string): Readonly<Record<number, Answer>> => ({
	200: { description, type, schema: { type: "string", contentMediaType: type } },
});
const file = (description: string, type: string): Readonly<Record<number, Answer>> => ({
	...bytes(description, type),
	206: { description: "The range that was asked for.", type, schema: { type: "string", contentMediaType: type } },
});
const video = { tag: "Playback", method: "get", credential: "token", headers: deviceHeader } as const;
const CONFIG_ID = {
	config_id: {
		description: "A delivery rule action; without effect where the claim drules names some.",
		schema: ref("Id"),
	},
};

const LICENSES = [
	{
		path: "clearkey",
		id: "Clear Key",
		type: "application/json",
		schema: ref("ClearKeyRequest"),
		answer: ref("ClearKeys"),
	},
	{ path: "cenc/widevine", id: "Widevine" },
	{ path: "cenc/playready", id: "PlayReady" },
	{ path: "fairplay", id: "FairPlay" },
	{ path: "widevine", id: "Widevine", legacy: true },
	{ path: "playready", id: "PlayReady", legacy: true },
] as const;

/** Licence requests of players; the same below a grant. */
const licenses = LICENSES.map((license): Operation => {
	const isLegacy = "legacy" in license;
	const type = "type" in license ? license.type : "application/octet-stream";
	return {
		...video,
		method: "post",
		path: `${VIDEO}/licenses/${license.path}`,
		id: `get${license.id.replace(" ", "")}License${isLegacy ? "ByOldPath" : ""}`,
		summary: `A ${license.id} licence: a use, a device and a session of the token.${isLegacy ? " An older path." : ""}`,
		refusals: "LicenseRefusals",
		body:
			"schema" in license
				? { type, schema: license.schema, example: { kids: ["AAECAwQFBgcICQoLDA0ODw"], type: "temporary" } }
				: { type, schema: { type: "string", contentMediaType: type } },
		answers:
			"answer" in license
				? { 200: { description: "The keys.", schema: license.answer } }
				: bytes("As the licence server gives it.", "application/octet-stream"),
	};
});

const certificate = (path: string, id: string, of: string): Operation => ({
	tag: "Playback",
	method: "get",
	credential: "none",
	path,
	id,
	summary: `The FairPlay application certificate of the ${of}.`,
	answers: bytes("The certificate, DER.", "application/octet-stream"),
});

export const playbackOperations: readonly Operation[] = [
	{
		...video,
		path: VIDEO,
		id: "getVideo",
		query: CONFIG_ID,
		summary: "The video as JSON; its sources lead through the gate and need no token any more.",
		answers: { 200: { description: "The video.", schema: ref("PlayableVideo") } },
	},
	{
		...video,
		path: `${VIDEO}/master.m3u8`,
		id: "getMultivariantPlaylist",
		query: CONFIG_ID,
		summary: "The HLS multivariant playlist. Starts a playback session.",
		answers: bytes("Its URIs lead below /g/<grant>/.", HLS),
	},
	{
		...video,
		path: `${VIDEO}/manifest.mpd`,
		id: "getMpd",
		query: CONFIG_ID,
		summary: "The DASH MPD. Starts a playback session.",
		answers: bytes("Its URLs lead below /g/<grant>/.", DASH),
	},
	...(["high", "low"] as const).map((rendition): Operation => ({
		...video,
		path: `${VIDEO}/${rendition}.mp4`,
		id: `get${rendition === "high" ? "High" : "Low"}Mp4`,
		summary: `The MP4 of the ${rendition}est bitrate, whole or in ranges.`,
		answers: file("The file.", "video/mp4"),
	})),
	...(["poster", "thumbnail"] as const).map((image): Operation => ({
		...video,
		path: `${VIDEO}/${image}.jpg`,
		id: `get${image === "poster" ? "Poster" : "Thumbnail"}`,
		summary: `The ${image}.`,
		answers: file("The image.", "image/jpeg"),
	})),
	...(["hls", "dash"] as const).map((format): Operation => ({
		...video,
		path: `${VIDEO}/${format}.vmap`,
		id: `get${format === "hls" ? "Hls" : "Dash"}Vmap`,
		summary: "The ad insertion document that the claim vod.ssai names; its manifests lead through the gate.",
		answers: bytes("VMAP.", "application/xml"),
	})),
	{
		...video,
		path: "/playback/v1/accounts/{account}/playlists/{playlist}",
		id: "getPlaylist",
		summary: "A playlist and those of its videos that may be played; the others are named in errors.",
		query: {
			limit: { description: "Videos at once.", schema: { type: "integer", minimum: 1, maximum: 1000, default: 20 } },
			offset: { description: "Of the first video.", schema: { type: "integer", minimum: 0, default: 0 } },
		},
		answers: { 200: { description: "The playlist.", schema: ref("PlayablePlaylist") } },
	},
	{
		...video,
		path: `${VIDEO}/licenses/aes128/{key}`,
		id: "getContentKey",
		summary: "An AES-128 content key: a use of the token.",
		answers: bytes("16 bytes.", "application/octet-stream"),
	},
	...licenses,
	certificate("/playback/v1/accounts/{account}/fairplay_app_cert", "getCertificate", "account"),
	certificate(`${VIDEO}/fairplay_app_cert`, "getVideoCertificate", "video, else of the account"),
	{
		...video,
		path: "/g/{grant}/{path}",
		id: "getMedia",
		credential: "grant",
		summary: "What a manifest leads to: playlists, segments, keys.",
		answers: file("As the source has it; manifests rewritten.", "application/octet-stream"),
	},
	{
		...video,
		method: "post",
		path: "/g/{grant}/licenses/{system}",
		id: "getLicenseUnderGrant",
		credential: "grant",
		summary: "A licence, by the URL that a manifest or the video JSON gives.",
		refusals: "LicenseRefusals",
		body: { type: "application/octet-stream", schema: { type: "string" } },
		answers: bytes("As for the path below the video.", "application/octet-stream"),
	},
];
