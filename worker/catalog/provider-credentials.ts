import type * as v from "valibot";
import { type Parsed, parse } from "./issues.ts";
import { PRIVATE_KEY_RULE, isSigningKey } from "./private-key.ts";
import {
	type CredentialProvider,
	type JoinWebhook,
	type ProviderCredentials,
	credentialSchemas,
	joinWebhookSchema,
} from "./provider-credentials-schema.ts";
import { SECRET_MASK } from "./sealed-value.ts";
import { openUrlIssues } from "./url-fields.ts";

export function isCredentialProvider(name: string): name is CredentialProvider {
	return Object.hasOwn(credentialSchemas, name);
}

/** Where credentials are written, and what they replace. */
export interface CredentialsPlace {
	readonly at?: string;
	readonly local: boolean;
	/** What was stored before, opened. */
	readonly stored: unknown;
}

/** Credentials that may be stored; `made` is the secret that the gate has made for them, to be told this once. */
export interface AcceptedCredentials<T> {
	readonly value: T;
	readonly made: Readonly<Record<string, string>>;
}

const SECRET_BYTES = 32;
const randomBytes = (): Uint8Array => crypto.getRandomValues(new Uint8Array(SECRET_BYTES));

/** Validates an account's credentials with a provider. Issues name the place within the body (or below `place.at`), never a value. */
export async function acceptCredentials(
	provider: CredentialProvider,
	input: unknown,
	place: CredentialsPlace,
): Promise<Parsed<AcceptedCredentials<object>>> {
	const { at = "", local } = place;
	const parsed = parse(credentialSchemas[provider], input, at);
	if (!parsed.ok) return parsed;
	const credentials: Readonly<Record<string, unknown>> = parsed.value;
	const urls = ["api_url", "endpoint"].map((name) => [name, textOr(null, credentials[name])] as const);
	const issues = [...maskIssues(credentials), ...openUrlIssues(urls, local)];
	const key = textOr(null, credentials["private_key"]);
	if (key !== null && !(await isSigningKey(key))) issues.push(`private_key: ${PRIVATE_KEY_RULE}`);
	if (issues.length > 0) return { ok: false, issues: issues.map((issue) => (at === "" ? issue : `${at}.${issue}`)) };
	if (provider !== "sora") return { ok: true, value: { value: credentials, made: {} } };
	return { ok: true, value: withSecret(credentials, "auth_webhook_secret", place.stored, newPathSecret) };
}

/** Nothing of credentials is shown, not even masked: who sends a mask would store it. */
function maskIssues(value: unknown, at = ""): string[] {
	if (value === SECRET_MASK) return [`${at}: a mask keeps nothing here; give the value`];
	if (typeof value !== "object" || value === null) return [];
	return Object.entries(value).flatMap(([name, inner]) => maskIssues(inner, at === "" ? name : `${at}.${name}`));
}

/** Validates where an account's joins are told. */
export function acceptJoinWebhook(input: unknown, place: CredentialsPlace): Parsed<AcceptedCredentials<object>> {
	const { at = "", local, stored } = place;
	const parsed = parse(joinWebhookSchema, input, at);
	if (!parsed.ok) return parsed;
	const issues = openUrlIssues([[at === "" ? "url" : `${at}.url`, parsed.value.url]], local);
	if (issues.length > 0) return { ok: false, issues };
	return { ok: true, value: withSecret(parsed.value, "secret", stored, newWebhookSecret) };
}

/** A secret that is left out stays what it was; null, or the first time, the gate makes one. */
function withSecret(
	value: Readonly<Record<string, unknown>>,
	name: string,
	stored: unknown,
	make: () => string,
): AcceptedCredentials<object> {
	if (typeof value[name] === "string") return { value, made: {} };
	const kept = value[name] === undefined ? textOr(null, memberOf(stored, name)) : null;
	if (kept !== null) return { value: { ...value, [name]: kept }, made: {} };
	const secret = make();
	return { value: { ...value, [name]: secret }, made: { [name]: secret } };
}

const newPathSecret = (): string => Buffer.from(randomBytes()).toString("base64url");
const newWebhookSecret = (): string => `whsec_${Buffer.from(randomBytes()).toString("base64")}`;

function memberOf(value: unknown, name: string): unknown {
	return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>)[name] : undefined;
}

function textOr<T>(otherwise: T, value: unknown): string | T {
	return typeof value === "string" ? value : otherwise;
}

/** Parses opened credentials by the same rules as what users write, so that members which are newer than the record have defaults. */
export function readCredentials<P extends CredentialProvider>(
	provider: P,
	value: unknown,
): Parsed<ProviderCredentials[P]> {
	const parsed = parse<v.GenericSchema>(credentialSchemas[provider], value, provider);
	// What the schema of a provider gives is what the interface says of it, but for the secret that was made when it was written.
	return parsed.ok ? { ok: true, value: parsed.value as ProviderCredentials[P] } : parsed;
}

export function readJoinWebhook(value: unknown): Parsed<JoinWebhook> {
	const parsed = parse(joinWebhookSchema, value, "webhook");
	if (!parsed.ok) return parsed;
	const { url, secret } = parsed.value;
	return typeof secret === "string"
		? { ok: true, value: { url, secret } }
		: { ok: false, issues: ["webhook.secret: is missing"] };
}
