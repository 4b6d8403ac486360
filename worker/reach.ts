import { type Decision, allow, refuse } from "./decision/decision.ts";
import type { Refusal } from "./decision/refusals.ts";
import type { Exchange } from "./exchange.ts";
import { retried } from "./retry.ts";

/**
 * Calls a Durable Object for an exchange; refuses where it cannot be reached, or cannot store what it was to store. What was to be done may
 * have been done all the same, so `call` must be one that may be repeated. `call` takes a new stub each time: one is broken after a fault.
 */
export async function reach<T>(
	{ gate, decisionId }: Exchange,
	where: string,
	call: () => Promise<T>,
	unavailable: Refusal = { reason: "object-unavailable" },
): Promise<Decision<T>> {
	const onFault = (fault: unknown): void =>
		gate.ports.log({ event: "fault", where, decision: decisionId, message: String(fault) });
	try {
		return allow(await retried(call, onFault));
	} catch {
		return refuse(unavailable);
	}
}
