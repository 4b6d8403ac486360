import { CatalogUnavailable } from "../../../catalog/cache.ts";
import type { Refusal } from "../../../decision/refusals.ts";
import type { Exchange } from "../../../exchange.ts";

/** What a client of Sora, which sees no status, is told of a fault; the log has the rest. */
export function refusalOfFault({ gate, decisionId: decision }: Exchange, where: string, fault: unknown): Refusal {
	gate.ports.log({ event: "fault", where, decision, message: String(fault) });
	return fault instanceof CatalogUnavailable
		? { reason: "catalog-unavailable", record: fault.record }
		: { reason: "fault" };
}
