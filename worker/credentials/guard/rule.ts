/*
 * How guessing is slowed, without storage or clock. Within a minute an address may try ten different credentials that turn out wrong, or
 * be refused a hundred times (a script that repeats one wrong credential guesses nothing, but need not be heard for ever). Then it is
 * blocked: for half a minute, and twice as long each time that it goes on within an hour.
 */

const WINDOW_MS = 60_000;
const MOST_GUESSES = 10;
const MOST_FAILURES = 100;
const FIRST_BLOCK_MS = 30_000;
const LONGEST_BLOCK_MS = 15 * 60_000;
const FORGIVEN_AFTER_MS = 60 * 60_000;

/** What is known of an address. Milliseconds since the epoch. */
export interface GuardState {
	readonly windowStartedAt: number;
	/** Fingerprints of the credentials tried in this window that have not turned out right. */
	readonly guesses: readonly string[];
	readonly failures: number;
	/** Blocks in a row. */
	readonly strikes: number;
	readonly blockedUntil: number;
}

export const INNOCENT: GuardState = { windowStartedAt: 0, guesses: [], failures: 0, strikes: 0, blockedUntil: 0 };

/** True while nothing but a known credential is looked at. */
export const isBlocked = (state: GuardState, nowMs: number): boolean => nowMs < state.blockedUntil;

/** True once the state says no more than `INNOCENT` does. */
export function isForgiven(state: GuardState, nowMs: number): boolean {
	return nowMs - Math.max(state.windowStartedAt, state.blockedUntil) >= FORGIVEN_AFTER_MS;
}

/**
 * A credential is about to be checked. It is counted before and not after, so that no number of checks at the same time can be more
 * than the window allows; one that proves right is taken back by `succeeded`.
 */
export function attempted(before: GuardState, fingerprint: string, nowMs: number): GuardState {
	if (isBlocked(before, nowMs)) return before;
	const state = inWindow(before, nowMs);
	if (state.guesses.includes(fingerprint)) return state;
	if (state.guesses.length >= MOST_GUESSES) return blocked(state, nowMs);
	return { ...state, guesses: [...state.guesses, fingerprint] };
}

export function succeeded(state: GuardState, fingerprint: string): GuardState {
	return { ...state, guesses: state.guesses.filter((guess) => guess !== fingerprint) };
}

export function failed(before: GuardState, nowMs: number): GuardState {
	if (isBlocked(before, nowMs)) return before;
	const state = inWindow(before, nowMs);
	const failures = state.failures + 1;
	return failures >= MOST_FAILURES ? blocked(state, nowMs) : { ...state, failures };
}

function inWindow(state: GuardState, nowMs: number): GuardState {
	if (nowMs - state.windowStartedAt < WINDOW_MS) return state;
	const strikes = isForgiven(state, nowMs) ? 0 : state.strikes;
	return { ...INNOCENT, windowStartedAt: nowMs, strikes, blockedUntil: state.blockedUntil };
}

function blocked(state: GuardState, nowMs: number): GuardState {
	const lengthMs = Math.min(FIRST_BLOCK_MS * 2 ** state.strikes, LONGEST_BLOCK_MS);
	return { ...INNOCENT, strikes: state.strikes + 1, blockedUntil: nowMs + lengthMs };
}
