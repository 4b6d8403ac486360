import type { Account } from "../../../catalog/catalog.ts";
import type { E2eeSessionRecord, VonagePart } from "../../../catalog/e2ee-session-record.ts";
import type { ProviderCredentials } from "../../../catalog/provider-credentials-schema.ts";
import { refuse } from "../../../decision/decision.ts";
import type { Gate } from "../../../gate.ts";
import type { PlatformKey } from "../../../token/platform-token.ts";

/** A session's record that has its Vonage part. */
export type VonageSession = E2eeSessionRecord & { readonly vonage: VonagePart };

/** A project of OpenTok (API key, HS256) or an application of the unified platform (application id, RS256), with what signs for it. */
export interface Project {
	readonly kind: "opentok" | "unified";
	/** API key or application id: what stands in paths and in tokens. */
	readonly id: string;
	readonly key: PlatformKey;
}

/** An account's credentials for Vonage, and what they open. */
export interface VonageAccess {
	readonly opentok: Project | null;
	readonly unified: Project | null;
	/** Whether every session is encrypted, or those that ask for it. */
	readonly policy: "require" | "allow";
	/** Where the REST API of a project is, without a slash at the end. */
	readonly apiUrl: (project: Project) => string;
	/** Where web clients ask for a session's particulars: that of a platform of one's own, or null for Vonage's. */
	readonly clientUrl: string | null;
}

const API_URLS = { opentok: "https://api.opentok.com", unified: "https://video.api.vonage.com" } as const;

export const notConfigured = (detail: string) =>
	refuse({ reason: "provider-not-configured", provider: "vonage", detail });
export const NO_CREDENTIALS = notConfigured("the account has no credentials for it");

/** Null when the account has no credentials for Vonage. @throws CatalogUnavailable */
export async function vonageAccess(gate: Gate, account: Account, nowMs: number): Promise<VonageAccess | null> {
	const stored = await gate.catalog.providerCredentials(account, "vonage", nowMs);
	return stored && accessOf(stored);
}

export function accessOf(stored: ProviderCredentials["vonage"]): VonageAccess {
	const { api_key: apiKey, api_secret: secret, application_id: application, private_key: privateKey } = stored;
	const { api_url: own } = stored;
	return {
		opentok:
			apiKey === null || secret === null ? null : { kind: "opentok", id: apiKey, key: { algorithm: "HS256", secret } },
		unified:
			application === null || privateKey === null
				? null
				: { kind: "unified", id: application.toLowerCase(), key: { algorithm: "RS256", privateKey } },
		policy: stored.e2ee_policy,
		apiUrl: ({ kind }) => own ?? API_URLS[kind],
		clientUrl: own,
	};
}

/** The project that a session was made in, where the account has its credentials. */
export function projectOf(access: VonageAccess, { vonage }: VonageSession): Project | null {
	const { opentok, unified } = access;
	if (opentok && vonage.api_key === opentok.id) return opentok;
	return unified && vonage.application_id?.toLowerCase() === unified.id ? unified : null;
}

/** Where the platform's name of the session that a participant came to is kept: the record may name another one since. */
export const SESSION = "vonage_session";

/** The session as one of Vonage; null when it is of another provider. */
export function vonageSession(record: E2eeSessionRecord | null): VonageSession | null {
	const { provider, vonage } = record ?? { provider: null, vonage: null };
	return record && provider === "vonage" && vonage ? { ...record, vonage } : null;
}
