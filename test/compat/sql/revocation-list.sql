-- Tables of the last release (test/compat/rpc.ts says when this changes).
CREATE TABLE IF NOT EXISTS revocations (
	kind TEXT NOT NULL,
	value TEXT NOT NULL,
	before INTEGER,
	expires_at INTEGER,
	created_at INTEGER NOT NULL,
	token TEXT,
	version INTEGER NOT NULL,
	removed_at INTEGER,
	PRIMARY KEY (kind, value)
) STRICT, WITHOUT ROWID;

CREATE INDEX IF NOT EXISTS revocations_by_version ON revocations (version);

CREATE TABLE IF NOT EXISTS state (
	id INTEGER PRIMARY KEY CHECK (id = 1),
	version INTEGER NOT NULL,
	horizon INTEGER NOT NULL
) STRICT;

INSERT OR IGNORE INTO state (id, version, horizon) VALUES (1, 0, 0);
