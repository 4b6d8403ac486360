import type { Exchange } from "../exchange.ts";
import { askLimits } from "../limits/client.ts";
import type { AdmitAnswer, AdmitRequest } from "../limits/contract.ts";
import { askShards } from "../limits/leases/client.ts";
import { shardName, shardOf, shardsFor } from "../limits/leases/plan.ts";
import type { Asker } from "./limit-ask.ts";

/** Asks the viewer's object, or those that the limits of a hot token are spread over. */
export function askObjects(exchange: Exchange, asker: Asker, admit: AdmitRequest): Promise<AdmitAnswer> {
	const { limits: namespace, limitsCalls: calls } = exchange.gate;
	const root = asker.subject.subject.viewer();
	const shards = shardsOf(asker);
	const whenUnavailable = asker.account.settings.when_counters_fail;
	const onFault = faultLogger(exchange);
	if (shards === 0) return askLimits(calls.for(exchange.waitUntil), root, admit, whenUnavailable, onFault);
	return askShards({ namespace, root, shards }, admit, { whenUnavailable, onFault, behind: exchange.waitUntil });
}

/** Shards that the limits are spread over now; 0 for none. */
function shardsOf({ account, subject: { subject } }: Asker): number {
	return subject.limits === null ? 0 : shardsFor(subject.shards, subject.limits, account.settings.ip_counting);
}

/** Logs what went wrong between Worker and object. */
export const faultLogger =
	({ gate, decisionId }: Exchange) =>
	(fault: unknown): void =>
		gate.ports.log({ event: "fault", where: "limits", decision: decisionId, message: String(fault) });

/** Names of the objects that may have counted a request of this client, the likeliest first. */
export function countingObjects(asker: Asker): readonly [string, ...string[]] {
	const name = asker.subject.subject.viewer();
	const shards = shardsOf(asker);
	return shards === 0 ? [name] : [shardName(name, shardOf(asker.client.address, shards)), name];
}

/** Whom an isolate's memory is kept for: the viewer, and of a token that a whole audience has, the address. */
export function memoryName(asker: Asker): string {
	const name = asker.subject.subject.viewer();
	return shardsOf(asker) === 0 ? name : `${name} ${asker.client.address}`;
}
