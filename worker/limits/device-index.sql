-- The devices of all viewers of one account, for the list of the Devices API. docs/storage.md says what each table holds.
CREATE TABLE IF NOT EXISTS devices (
	user_id TEXT NOT NULL,
	device_id TEXT NOT NULL,
	name TEXT,
	user_agent TEXT NOT NULL,
	created_at INTEGER NOT NULL,
	updated_at INTEGER NOT NULL,
	PRIMARY KEY (user_id, device_id)
) STRICT, WITHOUT ROWID;

-- Narrow, so that pages are counted off without touching the rows.
CREATE INDEX IF NOT EXISTS devices_in_order ON devices (created_at, user_id, device_id);

-- What is the latest that the index has taken in of a viewer. `emptied_at` is null while the viewer has devices.
CREATE TABLE IF NOT EXISTS users (
	user_id TEXT PRIMARY KEY,
	version INTEGER NOT NULL,
	emptied_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX IF NOT EXISTS users_emptied ON users (emptied_at) WHERE emptied_at IS NOT NULL;

-- A count of a million rows would read a million rows.
CREATE TABLE IF NOT EXISTS totals (
	id INTEGER PRIMARY KEY CHECK (id = 1),
	devices INTEGER NOT NULL
) STRICT;

INSERT OR IGNORE INTO totals (id, devices) VALUES (1, 0);
