import { CatalogUnavailable } from "./catalog/cache.ts";
import type { Refusal } from "./decision/refusals.ts";
import type { Exchange } from "./exchange.ts";

/** What a client is told of a fault; the log has the rest. `where`: what docs/failures.md calls it. */
export function refusalOfFault({ gate, decisionId: decision }: Exchange, where: string, fault: unknown): Refusal {
	const stack = fault instanceof Error ? fault.stack : undefined;
	gate.ports.log({ event: "fault", where, decision, message: String(fault), stack });
	if (!(fault instanceof CatalogUnavailable)) return { reason: "fault" };
	return { reason: "catalog-unavailable", record: fault.record };
}
