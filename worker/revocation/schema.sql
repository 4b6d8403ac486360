-- The revocation list of one account. Removed entries stay as tombstones for a day, so that isolates can ask for changes.
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

-- `version` counts changes; below `horizon` tombstones are gone and a reader gets the whole list.
CREATE TABLE IF NOT EXISTS state (
	id INTEGER PRIMARY KEY CHECK (id = 1),
	version INTEGER NOT NULL,
	horizon INTEGER NOT NULL
) STRICT;

INSERT OR IGNORE INTO state (id, version, horizon) VALUES (1, 0, 0);

-- Rooms that are to hear of every entry. `pending` is 1 from a change on until the room has heard of it.
CREATE TABLE IF NOT EXISTS watchers (
	room TEXT PRIMARY KEY,
	pending INTEGER NOT NULL,
	failures INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
