import type { Account } from "../../../catalog/catalog.ts";
import type { E2eeSessionRecord } from "../../../catalog/e2ee-session-record.ts";
import type { Gate } from "../../../gate.ts";
import { MeetingsApi } from "./meetings-api.ts";
import type { ChimeSession } from "./session-rules.ts";
import type { AwsCredentials } from "./sigv4.ts";

/** An account's credentials for Chime, and the API that they open. */
export interface ChimeAccess {
	readonly credentials: AwsCredentials;
	readonly api: MeetingsApi;
}

/** Null when the account has no credentials for Chime. @throws CatalogUnavailable */
export async function chimeAccess(gate: Gate, account: Account, nowMs: number): Promise<ChimeAccess | null> {
	const stored = await gate.catalog.providerCredentials(account, "chime", nowMs);
	if (!stored) return null;
	const credentials = {
		accessKeyId: stored.access_key_id,
		secretAccessKey: stored.secret_access_key,
		sessionToken: stored.session_token,
		region: stored.region,
	};
	return { credentials, api: new MeetingsApi(credentials, stored.endpoint, gate) };
}

/** The session as one of Chime; null when it is of another provider. */
export function chimeSession(record: E2eeSessionRecord | null): ChimeSession | null {
	const { provider, chime } = record ?? { provider: null, chime: null };
	return record && provider === "chime" && chime ? { ...record, chime } : null;
}
