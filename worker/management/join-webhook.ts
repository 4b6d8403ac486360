import { kvKeys } from "../catalog/kv-keys.ts";
import { acceptJoinWebhook, readJoinWebhook } from "../catalog/provider-credentials.ts";
import type { ManagedCall, ManagedHandler } from "./managed.ts";
import { type SealedKind, deleteSealed, getSealed, putSealed } from "./sealed-records.ts";

/** Where the account hears of joins. */
function webhookOf({ exchange, account }: ManagedCall): SealedKind {
	const { catalog, settings } = exchange.gate;
	return {
		key: kvKeys.joinWebhook(account),
		id: "join-webhook",
		accept: (body, stored) => acceptJoinWebhook(body, { local: settings.local, stored }),
		tells: (value) => {
			const webhook = readJoinWebhook(value);
			return webhook.ok ? { url: webhook.value.url } : {};
		},
		forget: () => catalog.forgetJoinWebhook(account),
	};
}

export const getJoinWebhook: ManagedHandler = (call) => getSealed(call, webhookOf(call));
export const putJoinWebhook: ManagedHandler = (call) => putSealed(call, webhookOf(call));
export const deleteJoinWebhook: ManagedHandler = (call) => deleteSealed(call, webhookOf(call));
