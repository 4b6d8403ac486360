-- Tables of the last release (test/compat/rpc.ts says when this changes).
CREATE TABLE IF NOT EXISTS state (
	id INTEGER PRIMARY KEY CHECK (id = 1),
	window_started_at INTEGER NOT NULL,
	guesses TEXT NOT NULL,
	failures INTEGER NOT NULL,
	strikes INTEGER NOT NULL,
	blocked_until INTEGER NOT NULL
) STRICT;

CREATE TABLE IF NOT EXISTS known (
	fingerprint TEXT PRIMARY KEY,
	seen_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
