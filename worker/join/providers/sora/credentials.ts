import type { Account } from "../../../catalog/catalog.ts";
import type { ProviderCredentials } from "../../../catalog/provider-credentials-schema.ts";
import type { Gate } from "../../../gate.ts";

export type SoraCredentials = ProviderCredentials["sora"];

/** Null when the account has none: then its Sora knows no address of the gate's webhooks either. @throws CatalogUnavailable */
export const soraCredentials = (gate: Gate, account: Account, nowMs: number): Promise<SoraCredentials | null> =>
	gate.catalog.providerCredentials(account, "sora", nowMs);
