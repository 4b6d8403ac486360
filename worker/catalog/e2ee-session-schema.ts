import * as v from "valibot";
import { orNull, partSchemas } from "./e2ee-part-schemas.ts";
import { BROWSERS, JOIN_ROLES, PROVIDERS } from "./e2ee-session-record.ts";
import { filled, flag, list, string, text, whole } from "./fields.ts";
import { object, recordOf } from "./issues.ts";
import { pageUrl } from "./url-fields.ts";
import { epochSeconds, idSchema } from "./video-schema.ts";

const DAY = 86_400;

const oneOf = <const T extends readonly string[]>(names: T) => v.picklist(names, `must be one of ${names.join(", ")}`);

/** Numbers and dots, and what a pre-release adds. Compared by `compareVersions` of join/support. */
const version = v.pipe(
	string,
	v.regex(
		/^\d{1,6}(?:\.\d{1,6}){0,3}$/,
		"must be a version such as 2.27.0: one to four numbers with dots between them",
	),
);

const MOST_LEAST_VERSIONS = 50;
const MOST_CUSTOM_FIELDS = 100;

/**
 * An end-to-end encrypted session as users write it (design 5): everything but the provider, and that provider's own part where it has no
 * defaults, may be left out. What GET shows may be sent back, so the members that the gate sets itself are known here.
 */
export const e2eeSessionSchema = object({
	id: v.optional(idSchema),
	account_id: v.optional(idSchema),
	name: v.optional(text(256), ""),
	provider: oneOf(PROVIDERS),
	status: v.optional(v.picklist(["open", "locked", "ended"], "must be open, locked or ended"), "open"),
	status_changed_at: v.optional(whole(0, Number.MAX_SAFE_INTEGER)),
	starts_at: orNull(epochSeconds),
	ends_at: orNull(epochSeconds),
	max_participants: orNull(whole(1, 1_000_000)),
	max_stay_seconds: orNull(whole(1, 366 * DAY)),
	lobby: v.optional(flag, false),
	single_use: v.optional(flag, false),
	default_role: v.optional(oneOf(JOIN_ROLES), "publisher"),
	roles: v.optional(list(oneOf(JOIN_ROLES), JOIN_ROLES.length), ["subscriber", "publisheronly", "publisher"]),
	identity: v.optional(v.picklist(["newest", "refuse", "many"], "must be newest, refuse or many"), "newest"),
	reconnect_seconds: v.optional(whole(0, 3600), 30),
	ticket_seconds: v.optional(whole(1, 3600), 60),
	join_url: orNull(pageUrl),
	playback_rights_id: orNull(filled(128)),
	tags: v.optional(list(filled(128), 100), []),
	custom_fields: v.optional(
		v.pipe(
			recordOf(filled(128), text(1024)),
			v.maxEntries(MOST_CUSTOM_FIELDS, `must have at most ${MOST_CUSTOM_FIELDS} members`),
		),
		{},
	),
	least_versions: v.optional(
		v.pipe(
			recordOf(filled(64), version, "must be an object of product: version"),
			v.maxEntries(MOST_LEAST_VERSIONS, `must have at most ${MOST_LEAST_VERSIONS} members`),
		),
		{},
	),
	browsers: v.optional(list(oneOf(BROWSERS), BROWSERS.length), []),
	...partSchemas,
	created_at: orNull(text(64)),
	updated_at: orNull(text(64)),
});

export type E2eeSessionInput = v.InferOutput<typeof e2eeSessionSchema>;
