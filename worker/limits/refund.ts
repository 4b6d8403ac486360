import type { RefundRequest } from "./contract.ts";
import type { ViewerState } from "./state.ts";

/** No id of a request begins like this. */
const REFUNDED = "-";

/**
 * Takes back the use of a request that was counted by itself (`counting: "requests"`), once. Whatever was refused in the meantime stays
 * refused, so a limit of N never lets more than N requests come to something.
 */
export function refundUse(state: ViewerState, { id, token }: RefundRequest, now: number): void {
	if (!state.wasSpent(id, now) || state.wasSpent(REFUNDED + id, now)) return;
	state.noteSpent(REFUNDED + id, now, id);
	state.removeUse(token);
}
