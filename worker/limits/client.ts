import { type Decision, allow, refuse } from "../decision/decision.ts";
import { sha256 } from "../hash.ts";
import { retried } from "../retry.ts";
import {
	type AdmitAnswer,
	type AdmitRequest,
	type Admission,
	type RefundRequest,
	type Wired,
	unwire,
	wire,
} from "./contract.ts";
import type { ViewerLimits } from "./viewer-limits.ts";

export type LimitsNamespace = DurableObjectNamespace<ViewerLimits>;

/** What `askLimits` needs of a namespace: calls of its own, or shared ones (`LimitsCalls`). */
export interface AdmittingObjects {
	getByName(name: string): { admit(asked: Wired<AdmitRequest>): Promise<Wired<AdmitAnswer>> };
}

/** Name of the object that holds a viewer's limits. Hashes, because object names are logged outside a jurisdiction. */
export function viewerObjectName(
	account: string,
	viewer: { readonly uid: string } | { readonly tokenId: string },
): string {
	return "uid" in viewer ? `${account}/uid/${sha256(viewer.uid)}` : `${account}/token/${viewer.tokenId}`;
}

/**
 * Asks the viewer's object; one RPC. Retried once, with the same idempotency key, only where the platform says that it helps.
 * `whenUnavailable` is the account's `when_counters_fail`. `onFault` is told what went wrong.
 */
export async function askLimits(
	objects: AdmittingObjects,
	objectName: string,
	request: AdmitRequest,
	whenUnavailable: "deny" | "allow",
	onFault: (fault: unknown) => void,
): Promise<AdmitAnswer> {
	const wired = wire(request);
	try {
		// A stub is broken after a fault: a new one each time.
		return unwire(await retried(() => objects.getByName(objectName).admit(wired), onFault));
	} catch {
		return unavailable(whenUnavailable);
	}
}

/**
 * Gives a use back (see `refundUse`), at the first of these objects that says that the request spent it there. Where one cannot be reached the
 * use stays spent: never one too many.
 */
export async function giveBack(
	namespace: LimitsNamespace,
	objectNames: readonly string[],
	request: RefundRequest,
	onFault: (fault: unknown) => void,
): Promise<void> {
	const wired = wire(request);
	try {
		for (const name of objectNames) {
			if (await retried(() => namespace.getByName(name).refund(wired), onFault)) return;
		}
	} catch {
		// `onFault` was told.
	}
}

/** What is answered when an object cannot be reached. */
export function unavailable(whenUnavailable: "deny" | "allow"): Decision<Admission> {
	if (whenUnavailable === "deny") return refuse({ reason: "limits-unavailable" });
	return allow({ session: null, ended: [], uncounted: true });
}
