-- Tables of the last release (test/compat/rpc.ts says when this changes).
CREATE TABLE IF NOT EXISTS devices (
	user_id TEXT NOT NULL,
	device_id TEXT NOT NULL,
	name TEXT,
	user_agent TEXT NOT NULL,
	created_at INTEGER NOT NULL,
	updated_at INTEGER NOT NULL,
	PRIMARY KEY (user_id, device_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX IF NOT EXISTS devices_in_order ON devices (created_at, user_id, device_id);

CREATE TABLE IF NOT EXISTS users (
	user_id TEXT PRIMARY KEY,
	version INTEGER NOT NULL,
	emptied_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX IF NOT EXISTS users_emptied ON users (emptied_at) WHERE emptied_at IS NOT NULL;

CREATE TABLE IF NOT EXISTS totals (
	id INTEGER PRIMARY KEY CHECK (id = 1),
	devices INTEGER NOT NULL
) STRICT;

INSERT OR IGNORE INTO totals (id, devices) VALUES (1, 0);
