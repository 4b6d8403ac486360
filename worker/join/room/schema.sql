-- One end-to-end encrypted session. docs/storage.md says what each table holds and for how long.
-- `state` is one row of JSON: the room's own status, the rules of the last call, and what its alarm has still to do.
CREATE TABLE IF NOT EXISTS room (
	id INTEGER PRIMARY KEY CHECK (id = 1),
	state TEXT NOT NULL
) STRICT;

-- Everybody who is in, waits, or was here; `member` is JSON.
CREATE TABLE IF NOT EXISTS participants (
	id TEXT PRIMARY KEY,
	seq INTEGER NOT NULL,
	gone_at INTEGER,
	member TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS bans (
	kind TEXT NOT NULL,
	value TEXT NOT NULL,
	until INTEGER NOT NULL,
	why TEXT,
	PRIMARY KEY (kind, value)
) STRICT, WITHOUT ROWID;

-- Tokens that joined a session of single use, until they end.
CREATE TABLE IF NOT EXISTS joined_tokens (
	token TEXT PRIMARY KEY,
	until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Connections that are over, by the provider's word or the room's: whatever is told of them later is late.
CREATE TABLE IF NOT EXISTS ended_connections (
	connection TEXT PRIMARY KEY,
	until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What others are still to be told: written in the transaction that makes it so, delivered by the alarm, gone when it is done.
CREATE TABLE IF NOT EXISTS errands (
	id TEXT PRIMARY KEY,
	kind TEXT NOT NULL,
	due_at INTEGER NOT NULL,
	attempts INTEGER NOT NULL,
	body TEXT NOT NULL
) STRICT, WITHOUT ROWID;
