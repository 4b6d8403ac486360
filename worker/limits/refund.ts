import type { AdmitAnswer, AdmitRequest, RefundRequest } from "./contract.ts";
import type { ViewerState } from "./state.ts";
import type { ViewerMemory } from "./viewer-memory.ts";

/** No id of a request begins like these. */
const REFUNDED = "-";
const SHARED = "+";

/**
 * Takes back the use of a request that was counted by itself (`counting: "requests"`), once. Whatever was refused in the meantime stays
 * refused, so a limit of N never lets more than N requests come to something.
 *
 * @returns false when the request spent nothing here
 */
export function refundUse(state: ViewerState, { id, token }: RefundRequest, now: number): boolean {
	if (!state.wasSpent(id, now)) return false;
	if (state.wasSpent(REFUNDED + id, now) || state.wasSpent(SHARED + id, now)) return true;
	state.noteSpent(REFUNDED + id, now, id);
	state.removeUse(token);
	return true;
}

/** Whether the request has its use already: one that was given back has none, and spends one when it is made again. */
export function hasUse(state: ViewerState, { id }: Pick<AdmitRequest, "id">, now: number): boolean {
	return state.wasSpent(id, now) && !state.wasSpent(REFUNDED + id, now);
}

/** Another one relies on the use of this question: whoever of them fails, it stays spent (never one too many). */
export function shareUse(state: ViewerState, { id }: Pick<AdmitRequest, "id">, now: number): void {
	if (hasUse(state, { id }, now) && !state.wasSpent(SHARED + id, now)) state.noteSpent(SHARED + id, now, id);
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
