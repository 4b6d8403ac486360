import type { Refusal } from "./refusals.ts";

/**
 * The outcome of a check: a value to go on with, or the one reason to stop.
 *
 * Refusals are values because a Durable Object that throws loses the class of what it threw, while a tagged union crosses
 * RPC with its type. Exceptions are left for faults.
 */
export type Decision<T = void> =
	| { readonly allowed: true; readonly value: T }
	| { readonly allowed: false; readonly refusal: Refusal };

export function allow(): Decision;
export function allow<T>(value: T): Decision<T>;
export function allow<T>(value?: T): Decision<T | undefined> {
	return value === undefined ? ALLOWED : { allowed: true, value };
}

/** Most checks have nothing to hand on, and a request passes a dozen of them. */
const ALLOWED: Decision<undefined> = { allowed: true, value: undefined };

export function refuse(refusal: Refusal): { readonly allowed: false; readonly refusal: Refusal } {
	return { allowed: false, refusal };
}
