import { kvKeys } from "../catalog/kv-keys.ts";
import { acceptCredentials, isCredentialProvider } from "../catalog/provider-credentials.ts";
import { type Decision, refuse } from "../decision/decision.ts";
import type { ManagedCall, ManagedHandler } from "./managed.ts";
import { type SealedKind, deleteSealed, getSealed, putSealed } from "./sealed-records.ts";

type Serve = (call: ManagedCall, kind: SealedKind) => Promise<Decision<Response>>;

/** Credentials of the account with the provider that the path names. No value of them ever comes back. */
function ofProvider(serve: Serve): ManagedHandler {
	return async (call) => {
		const { exchange, account, id: provider } = call;
		const { catalog, settings } = exchange.gate;
		if (!isCredentialProvider(provider)) return refuse({ reason: "resource-not-found" });
		return serve(call, {
			key: kvKeys.provider(account, provider),
			id: provider,
			accept: (body, stored) => acceptCredentials(provider, body, { local: settings.local, stored }),
			tells: () => ({ provider }),
			forget: () => catalog.forgetCredentials(account, provider),
		});
	};
}

export const getProvider = ofProvider(getSealed);
export const putProvider = ofProvider(putSealed);
export const deleteProvider = ofProvider(deleteSealed);
