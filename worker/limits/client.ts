import { type Decision, allow, refuse } from "../decision/decision.ts";
import { sha256 } from "../hash.ts";
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

/** Calls an object; once more where the platform says that it helps. @throws the last fault; `onFault` is told of each. */
export async function retried<T>(call: () => Promise<T>, onFault: (fault: unknown) => void): Promise<T> {
	try {
		return await call();
	} catch (fault) {
		onFault(fault);
		if (!mayRetry(fault)) throw fault;
	}
	try {
		return await call();
	} catch (fault) {
		onFault(fault);
		throw fault;
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
	try {
		for (const name of objectNames) if (await namespace.getByName(name).refund(wire(request))) return;
	} catch (fault) {
		onFault(fault);
	}
}

/** The platform sets these flags on faults of Durable Objects; an overloaded object only gets worse by retrying. */
function mayRetry(fault: unknown): boolean {
	if (typeof fault !== "object" || fault === null) return false;
	return "retryable" in fault && fault.retryable === true && !("overloaded" in fault && fault.overloaded === true);
}

/** What is answered when an object cannot be reached. */
export function unavailable(whenUnavailable: "deny" | "allow"): Decision<Admission> {
	return whenUnavailable === "allow" ? allow({ session: null, ended: [] }) : refuse({ reason: "limits-unavailable" });
}
