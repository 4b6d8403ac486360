-- Tables of the last release (test/compat/rpc.ts says when this changes).
CREATE TABLE IF NOT EXISTS tokens (
	id TEXT PRIMARY KEY,
	secret_hash TEXT NOT NULL,
	name TEXT NOT NULL,
	scopes TEXT NOT NULL,
	created_at INTEGER NOT NULL,
	created_by TEXT NOT NULL,
	expires_at INTEGER,
	last_used_at INTEGER
) STRICT, WITHOUT ROWID;
