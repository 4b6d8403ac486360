import * as v from "valibot";
import { CERTIFICATE_RULE, certificateBytes } from "./certificate.ts";
import { flag, string, text, whole } from "./fields.ts";
import { object } from "./issues.ts";

const DAY = 86_400;

const httpsUrl = v.pipe(
	text(2048),
	v.check(
		(text) => URL.canParse(text) && ["https:", "http:"].includes(new URL(text).protocol),
		"must be an absolute https:// URL",
	),
);

const origin = v.pipe(
	string,
	v.check(
		(text) => text === "*" || (URL.canParse(text) && new URL(text).origin === text),
		'must be "*" or an origin such as https://www.example.com (no path, no trailing slash)',
	),
);

const certificate = v.pipe(
	string,
	v.maxLength(65_536, "must be at most 65536 characters"),
	v.check((text) => certificateBytes(text) !== null, CERTIFICATE_RULE),
);

/** Settings of an account (design 5): every field optional in what users write, every field present in what the gate reads. */
export const accountSettingsSchema = object({
	tier: v.optional(v.picklist([1, 2, 3], "must be 1, 2 or 3"), 3),
	require_exp: v.optional(flag, false),
	require_aud: v.optional(flag, false),
	max_token_lifetime_seconds: v.optional(whole(1, 100 * 365 * DAY), 30 * DAY),
	clock_skew_seconds: v.optional(whole(0, 3600), 60),
	use_counting: v.optional(v.picklist(["requests", "playbacks"], "must be requests or playbacks"), "requests"),
	session_ttl_seconds: v.optional(whole(1, DAY), 90),
	touch_seconds: v.optional(whole(0, 3600), 20),
	catalog_cache_seconds: v.optional(whole(0, DAY), 30),
	when_counters_fail: v.optional(v.picklist(["deny", "allow"], "must be deny or allow"), "deny"),
	generic_stream_concurrency: v.optional(flag, true),
	audit: v.optional(v.picklist(["all", "refusals", "none"], "must be all, refusals or none"), "all"),
	jwks_url: v.optional(v.nullable(httpsUrl), null),
	allowed_origins: v.optional(
		v.pipe(v.array(origin, "must be a list"), v.maxLength(100, "must have at most 100 entries")),
		["*"],
	),
	fairplay_certificate: v.optional(v.nullable(certificate), null),
});

export type AccountSettings = v.InferOutput<typeof accountSettingsSchema>;

export const defaultSettings: AccountSettings = v.parse(accountSettingsSchema, {});
