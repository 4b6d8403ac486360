-- The decisions of one account and day. A row holds many: a commit costs what it holds next to nothing of, and rows written are what an
-- object costs. `batch` tells a batch that is sent again; no index on it, for only those are looked for, among the newest.
CREATE TABLE IF NOT EXISTS batches (
	seq INTEGER PRIMARY KEY,
	batch TEXT NOT NULL,
	decisions TEXT NOT NULL
) STRICT;

-- Reports that were asked for: each is of the decisions up to one row.
CREATE TABLE IF NOT EXISTS executions (
	id TEXT PRIMARY KEY,
	up_to INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
