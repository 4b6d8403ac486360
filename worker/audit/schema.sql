-- The decisions of one account and day. A row holds many of them, for rows written are what an object costs. `batch` is looked for only
-- when a batch is sent again, among the newest rows, so it has no index: that would be a second row written.
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
