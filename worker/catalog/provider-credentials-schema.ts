import * as v from "valibot";
import { bearer, orNull, projectKey, region, uuid } from "./e2ee-part-schemas.ts";
import { filled, list, string, text, whole } from "./fields.ts";
import { anObject, object } from "./issues.ts";
import { baseUrl, httpsUrl, iceUrl } from "./url-fields.ts";

/* What an account has with the systems that its sessions run on, as users write it. */

/** Kept by the gate for one that users do not choose: left out it stays as it is, null makes a new one. */
const generated = <S extends v.GenericSchema>(schema: S) => v.optional(v.nullable(schema));

const vonage = v.pipe(
	object({
		api_key: orNull(projectKey),
		api_secret: orNull(bearer),
		application_id: orNull(uuid),
		/** PKCS #8 in PEM, as Vonage gives it. */
		private_key: orNull(filled(16_384)),
		e2ee_policy: v.optional(v.picklist(["require", "allow"], "must be require or allow"), "require"),
		api_url: orNull(baseUrl),
	}),
	v.check(
		({ api_key, api_secret, application_id, private_key }) =>
			(api_key === null) === (api_secret === null) &&
			(application_id === null) === (private_key === null) &&
			(api_key !== null || application_id !== null),
		"must have api_key and api_secret, or application_id and private_key, or all four",
	),
);

/** It stands in the path of the webhook. */
const pathSecret = v.pipe(string, v.regex(/^[A-Za-z0-9_-]{16,128}$/, "must be 16 to 128 of A-Z a-z 0-9 _ -"));

/** As `openssl x509 -fingerprint -sha256` prints it, or the platform tells it. */
const fingerprint = v.pipe(
	string,
	v.regex(/^(?:[0-9A-Fa-f]{2}:?){31}[0-9A-Fa-f]{2}$/, "must be the SHA-256 of a certificate: 64 hex digits"),
	v.transform((value) => value.replaceAll(":", "").toLowerCase()),
);

const sora = object({
	api_url: orNull(httpsUrl),
	auth_webhook_secret: generated(pathSecret),
	basic_auth: orNull(
		object({
			user: v.pipe(filled(256), v.regex(/^[^:\p{Cc}]+$/u, "must not have colons or control characters")),
			password: v.pipe(filled(256), v.regex(/^\P{Cc}+$/u, "must not have control characters")),
		}),
	),
	client_certificate_fingerprints: v.optional(list(fingerprint, 20), []),
});

const chime = object({
	access_key_id: v.pipe(string, v.regex(/^\w{1,128}$/, "must be an access key id: at most 128 letters and digits")),
	secret_access_key: v.pipe(text(512), v.regex(/^[!-~]+$/, "must be printable ASCII without blanks")),
	session_token: orNull(bearer),
	region,
	/** In the place of AWS's own. */
	endpoint: orNull(baseUrl),
});

/** The longest that Cloudflare takes. */
const MOST_TTL_SECONDS = 172_800;
const ttl_seconds = v.optional(whole(1, MOST_TTL_SECONDS), 3600);

export const CLOUDFLARE_TURN_URL = "https://rtc.live.cloudflare.com/v1/turn";

const turnKinds = v.variant(
	"kind",
	[
		v.strictObject({
			kind: v.literal("rest"),
			secret: filled(1024),
			urls: v.pipe(list(iceUrl, 8), v.minLength(1, "must name at least one URL")),
			ttl_seconds,
		}),
		v.strictObject({
			kind: v.literal("cloudflare"),
			key_id: v.pipe(string, v.regex(/^[A-Za-z0-9_-]{1,128}$/, "must be 1 to 128 of A-Z a-z 0-9 _ -")),
			api_token: bearer,
			api_url: v.optional(baseUrl, CLOUDFLARE_TURN_URL),
			ttl_seconds,
		}),
	],
	"must be rest or cloudflare",
);
const turn = v.pipe(anObject, turnKinds);

/** What users write, by provider. */
export const credentialSchemas = { vonage, sora, chime, turn } as const;

export type CredentialProvider = keyof typeof credentialSchemas;

type Written = { readonly [P in CredentialProvider]: Readonly<v.InferOutput<(typeof credentialSchemas)[P]>> };

/** Opened credentials, by provider. The webhook's secret of Sora is always there: the gate makes one. */
export interface ProviderCredentials {
	readonly vonage: Written["vonage"];
	readonly sora: Omit<Written["sora"], "auth_webhook_secret"> & { readonly auth_webhook_secret: string };
	readonly chime: Written["chime"];
	readonly turn: Written["turn"];
}

/** Standard Webhooks: 24 to 64 bytes. */
const WEBHOOK_SECRET = "must be whsec_ and 24 to 64 bytes in base64";
const webhookSecret = v.pipe(
	string,
	v.regex(/^whsec_(?:[A-Za-z0-9+/]{4}){8,22}(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/, WEBHOOK_SECRET),
	v.check((value) => Buffer.from(value.slice("whsec_".length), "base64").length <= 64, WEBHOOK_SECRET),
);

export const joinWebhookSchema = object({ url: httpsUrl, secret: generated(webhookSecret) });

/** Where a publisher hears of joins, and what it checks their signature with. */
export interface JoinWebhook {
	readonly url: string;
	/** `whsec_` and base64. */
	readonly secret: string;
}
