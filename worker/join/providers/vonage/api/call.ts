import type { Account } from "../../../../catalog/catalog.ts";
import type { VonageAccess } from "../vonage-account.ts";
import type { Caller } from "./caller.ts";
import type { ApiTarget } from "./paths.ts";

/** A call that was let in, and what it brought. */
export interface ApiCall {
	readonly account: Account;
	readonly access: VonageAccess;
	readonly caller: Caller;
	readonly target: ApiTarget;
	/** Below the base, as it was sent, with a slash at the front. */
	readonly path: string;
	readonly body: Uint8Array;
}
