-- Tables of the last release (test/compat/rpc.ts says when this changes).
CREATE TABLE IF NOT EXISTS batches (
	seq INTEGER PRIMARY KEY,
	batch TEXT NOT NULL,
	decisions TEXT NOT NULL
) STRICT;

CREATE TABLE IF NOT EXISTS executions (
	id TEXT PRIMARY KEY,
	up_to INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
