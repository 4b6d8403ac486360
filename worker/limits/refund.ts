import type { AdmitAnswer, AdmitRequest, RefundRequest } from "./contract.ts";
import type { ViewerState } from "./state.ts";
import type { ViewerMemory } from "./viewer-memory.ts";

/** No id of a request begins like this. */
const REFUNDED = "-";

/**
 * Takes back the use of a request that was counted by itself (`counting: "requests"`), once. Whatever was refused in the meantime stays
 * refused, so a limit of N never lets more than N requests come to something.
 *
 * @returns false when the request spent nothing here
 */
export function refundUse(state: ViewerState, { id, token }: RefundRequest, now: number): boolean {
	if (!state.wasSpent(id, now)) return false;
	if (state.wasSpent(REFUNDED + id, now)) return true;
	state.noteSpent(REFUNDED + id, now, id);
	state.removeUse(token);
	return true;
}

/** Uses that each request spends by itself, that are all spent, and of which none can be given back any more. */
export function isFinal(
	answer: AdmitAnswer,
	{ counting }: AdmitRequest,
	memory: Pick<ViewerMemory, "mayBeRefunded">,
	now: number,
): boolean {
	if (answer.allowed || answer.refusal.reason !== "use-limit" || counting !== "requests") return false;
	return !memory.mayBeRefunded(now);
}
