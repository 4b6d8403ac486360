import * as v from "valibot";
import { filled, string, text } from "./fields.ts";
import { type Parsed, object, parse } from "./issues.ts";
import { readStored, writeStored } from "./stored.ts";
import { ID_PATTERN, idSchema } from "./video-schema.ts";

const MOST_VIDEOS = 5000;
const MOST_REFERENCE = 256;

/** `ref:` and a reference id, as in a path. */
const REFERENCE = new RegExp(`^ref:[^]{1,${MOST_REFERENCE}}$`);

const videoName = v.pipe(
	string,
	v.check(
		(name) => ID_PATTERN.test(name) || REFERENCE.test(name),
		`must be the id of a video, or ref: and a reference id of at most ${MOST_REFERENCE} characters`,
	),
);

/** A playlist (reference: brightcove 4.3). Its videos need not exist: those that do not are told to whoever asks for it. */
export const playlistSchema = object({
	id: v.optional(idSchema),
	account_id: v.optional(idSchema),
	name: v.optional(text(1000), ""),
	description: v.optional(v.nullable(text(10_000)), null),
	reference_id: v.optional(v.nullable(filled(MOST_REFERENCE)), null),
	type: v.optional(filled(64), "EXPLICIT"),
	video_ids: v.optional(
		v.pipe(
			v.array(videoName, "must be a list of video ids"),
			v.maxLength(MOST_VIDEOS, `must have at most ${MOST_VIDEOS} entries`),
		),
		[],
	),
	created_at: v.optional(v.nullable(text(64)), null),
	updated_at: v.optional(v.nullable(text(64)), null),
});

export type PlaylistRecord = v.InferOutput<typeof playlistSchema> & {
	readonly id: string;
	readonly account_id: string;
};

/** Where a playlist lives: `id` as in its path, `at` its place in a file that holds several. */
interface PlaylistPlace {
	readonly account: string;
	readonly id: string;
	readonly at?: string;
}

/** Validates a user's playlist. Issues name the place within the body (or below `place.at`). */
export function acceptPlaylist(input: unknown, { account, id, at = "" }: PlaylistPlace): Parsed<PlaylistRecord> {
	const parsed = parse(playlistSchema, input, at);
	if (!parsed.ok) return parsed;
	const prefix = at === "" ? "" : `${at}.`;
	const issues: string[] = [];
	const { id: givenId = id, account_id: givenAccount = account } = parsed.value;
	if (givenId !== id) issues.push(`${prefix}id: must be "${id}", as in the path`);
	if (givenAccount !== account) issues.push(`${prefix}account_id: must be "${account}", as in the path`);
	return issues.length > 0 ? { ok: false, issues } : { ok: true, value: { ...parsed.value, id, account_id: account } };
}

/** Parses what KV holds. */
export function readPlaylist(stored: string): Parsed<PlaylistRecord> {
	const opened = readStored(stored, "playlist");
	if (!opened.ok) return opened;
	const { account, id, record } = opened.value;
	return acceptPlaylist(record, { account, id, at: "playlist" });
}

export function writePlaylist(playlist: PlaylistRecord): string {
	return writeStored({ account: playlist.account_id, id: playlist.id }, "playlist", playlist);
}
