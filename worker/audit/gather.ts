/** An isolate sends an account's decisions at most this often, as long as the object keeps up. */
export const GATHER_MS = 1000;
/** And at least this often: work behind an answer ends after 30 s (Workers limits). */
export const MOST_GATHER_MS = 10_000;
