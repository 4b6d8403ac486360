import * as v from "valibot";
import type { ProviderName } from "./e2ee-session-record.ts";
import { filled, list, string, text } from "./fields.ts";
import { object } from "./issues.ts";
import { secret } from "./sealed-value.ts";
import { baseUrl, httpsUrl, iceUrl, wssUrl } from "./url-fields.ts";

/* The provider's part of an end-to-end encrypted session, as users write it. */

export const orNull = <S extends v.GenericSchema>(schema: S) => v.optional(v.nullable(schema), null);

/** Control characters and lone surrogates have no place in names that travel in JSON and headers. */
const isPlain = (value: string): boolean => value.isWellFormed() && !/\p{Cc}/u.test(value);
const utf8Bytes = (value: string): number => new TextEncoder().encode(value).length;

/** RFC 9562, in any case. */
export const uuid = v.pipe(
	string,
	v.regex(
		/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i,
		"must be a UUID such as 0b0e8a1c-....-....-....-............",
	),
);

/** An OpenTok project. */
export const projectKey = v.pipe(string, v.regex(/^\d{1,20}$/, "must be a project's API key: digits only"));

/** As the platform gives them: 1_ or 2_ and base64 of either alphabet (reference: rtc 1.1), and nothing says that it stays so. */
const vonageSessionId = v.pipe(
	string,
	v.regex(
		/^[A-Za-z0-9][\w~=.+-]{0,254}$/,
		"must be a session id as Vonage gives them: 1 to 255 of A-Z a-z 0-9 _ ~ = . + -",
	),
);

export const VONAGE_API_URL = "https://anvil.opentok.com";

const vonagePart = object({
	application_id: orNull(uuid),
	api_key: orNull(projectKey),
	session_id: vonageSessionId,
	api_url: v.optional(baseUrl, VONAGE_API_URL),
});

const MOST_CHANNEL_BYTES = 255;

const soraPart = object({
	channel_id: v.pipe(
		filled(MOST_CHANNEL_BYTES),
		v.check((id) => utf8Bytes(id) <= MOST_CHANNEL_BYTES, `must be at most ${MOST_CHANNEL_BYTES} bytes in UTF-8`),
		v.check(isPlain, "must not have control characters"),
	),
	signaling_urls: v.pipe(list(wssUrl, 10), v.minLength(1, "must name at least one URL")),
	mode: v.optional(v.picklist(["redirect", "proxy"], "must be redirect or proxy"), "redirect"),
});

export const region = v.pipe(
	string,
	v.regex(/^[a-z]{2,4}(?:-[a-z]{2,12}){1,3}-\d{1,2}$/, "must be a region of AWS such as eu-central-1"),
);

const MOST_TENANTS = 5;

/** TenantId of the Chime API (reference: rtc 3.2). */
const tenantId = v.pipe(
	text(256),
	v.minLength(2, "must be at least 2 characters"),
	v.regex(/^[-_!@#$a-zA-Z0-9]*$/, "must be of A-Z a-z 0-9 - _ ! @ # $ only"),
	v.check((id) => !/(.)\1{3}/.test(id), "must not have a character four times in a row"),
);

/** Separators of the two headers cannot stand in it. */
const appKey = v.pipe(filled(256), v.regex(/^[!-+\--9<-~]+$/, "must be printable ASCII without blank , : and ;"));

const chimePart = object({
	region: v.optional(region, "us-east-1"),
	meeting_id: orNull(uuid),
	app_key: orNull(appKey),
	tenant_ids: v.optional(list(tenantId, MOST_TENANTS), []),
	signaling_url: orNull(wssUrl),
	headers: v.optional(v.picklist(["inject", "check"], "must be inject or check"), "check"),
});

const MOST_ICE_SERVERS = 8;

/** RTCIceServer of WebRTC, whose `urls` may be one or several. */
const iceServer = v.pipe(
	object({
		urls: v.union(
			[v.pipe(v.array(iceUrl), v.minLength(1), v.maxLength(8)), iceUrl],
			"must be a URL such as stun:host:3478, turn:host:3478?transport=udp or turns:host:443, or 1 to 8 of them",
		),
		username: v.exactOptional(text(512)),
		credential: v.exactOptional(secret(512)),
	}),
	v.transform(({ urls, ...credentials }) => ({ urls: typeof urls === "string" ? [urls] : urls, ...credentials })),
	v.check(
		({ urls, username, credential }) =>
			urls.every((url) => /^stun/i.test(url)) || (username !== undefined && credential !== undefined),
		"must have username and credential, for browsers refuse TURN without them",
	),
);

/** What may stand in a header. */
export const bearer = v.pipe(secret(4096), v.regex(/^[!-~]+$/, "must be printable ASCII without blanks"));

const webrtcPart = object({
	mode: v.optional(v.picklist(["room", "whip", "whep"], "must be room, whip or whep"), "room"),
	endpoint: orNull(httpsUrl),
	endpoint_token: orNull(bearer),
	ice_servers: v.optional(list(iceServer, MOST_ICE_SERVERS), []),
});

/** By provider, as the members of a session's record. */
export const partSchemas = {
	vonage: orNull(vonagePart),
	sora: orNull(soraPart),
	chime: orNull(chimePart),
	webrtc: orNull(webrtcPart),
} satisfies Readonly<Record<ProviderName, v.GenericSchema>>;
