import { type JsonSchema, type Operation, listOf, ref } from "../operation.ts";
import { MANAGE, type Managed, V1, created, done, ok } from "./managed.ts";

const cursor: NonNullable<Operation["query"]> = {
	cursor: { description: "As the page before gave it.", schema: { type: "string" } },
};
const rights = { tag: "Playback rights", path: `${V1}/playback_rights` } as const;
const right = { tag: "Playback rights", path: `${V1}/playback_rights/{id}` } as const;

interface Kind {
	readonly one: string;
	readonly many: string;
	/** Where they are not those that `many` and `one` give. */
	readonly tag?: string;
	readonly name?: string;
	readonly example: Readonly<Record<string, unknown>>;
	readonly id: string;
	readonly schema: JsonSchema;
	readonly stored: JsonSchema;
	readonly list: JsonSchema;
}

/** Records that the publisher names: listed a page at a time, replaced whole. */
export function records({ one, many, example, id, schema, stored, list, ...named }: Kind): readonly Managed[] {
	const { tag = capital(many), name = capital(one) } = named;
	const each = { tag, path: `${MANAGE}/${many}/{id}`, params: { id } };
	return [
		{
			...each,
			method: "put",
			id: `put${name}`,
			summary: `Makes or replaces a ${one}.`,
			body: { schema, example },
			answers: { ...ok("It is replaced.", stored), 201: { description: "It is new.", schema: stored } },
		},
		{
			tag,
			path: `${MANAGE}/${many}`,
			method: "get",
			id: `list${name}s`,
			summary: `The ids of the ${one}s, 100 at a time.`,
			query: cursor,
			answers: ok("A page; its cursor is null at the end.", list),
		},
		{ ...each, method: "get", id: `read${name}`, summary: `The ${one}'s record.`, answers: ok("The record.", stored) },
		{ ...each, method: "delete", id: `delete${name}`, summary: `Removes a ${one}.`, answers: done("It is gone.") },
	];
}

const capital = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1);

/** What is played, by whom and where. */
export const catalogOperations: readonly Managed[] = [
	...records({
		one: "video",
		many: "videos",
		id: "clip",
		schema: ref("Video"),
		stored: ref("StoredVideo"),
		list: ref("VideoIds"),
		example: {
			name: "Clip",
			reference_id: "clip-1",
			tags: ["sport"],
			sources: [
				{
					type: "application/x-mpegURL",
					protection: "aes128",
					src: "r2://MEDIA/clip/master.m3u8",
					keys: { "k1.key": "AAECAwQFBgcICQoLDA0ODw==" },
				},
			],
		},
	}),
	...records({
		one: "playlist",
		many: "playlists",
		id: "favourites",
		schema: ref("Playlist"),
		stored: ref("StoredPlaylist"),
		list: ref("PlaylistIds"),
		example: { name: "Favourites", reference_id: "fav", video_ids: ["clip", "ref:clip-1"] },
	}),
	{
		...rights,
		method: "post",
		id: "addPlaybackRight",
		summary: "Makes a playback right.",
		body: {
			schema: ref("PlaybackRight"),
			example: { name: "Europe", geo: { allowed_countries: ["DE", "FR"] }, allowed_hours: ["20-26"] },
		},
		answers: created("The right.", ref("StoredPlaybackRight")),
	},
	{
		...rights,
		method: "get",
		id: "listPlaybackRights",
		summary: "All playback rights; 404 when there is none.",
		answers: ok("The rights.", listOf(ref("StoredPlaybackRight"))),
	},
	{
		...right,
		method: "get",
		id: "getPlaybackRight",
		summary: "One playback right.",
		answers: ok("The right.", ref("StoredPlaybackRight")),
	},
	{
		...right,
		method: "put",
		id: "putPlaybackRight",
		summary: "Replaces a playback right.",
		body: { schema: ref("PlaybackRight"), example: { name: "Everywhere", is_default: true } },
		answers: ok("The right.", ref("StoredPlaybackRight")),
	},
	{
		...right,
		method: "delete",
		id: "deletePlaybackRight",
		summary: "Removes a playback right.",
		answers: done("It is gone."),
	},
];
