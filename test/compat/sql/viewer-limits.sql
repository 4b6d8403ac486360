-- Tables of the last release (test/compat/rpc.ts says when this changes).
CREATE TABLE IF NOT EXISTS tokens (
	id TEXT PRIMARY KEY,
	used INTEGER NOT NULL DEFAULT 0,
	addresses INTEGER NOT NULL DEFAULT 0,
	expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS addresses (
	token TEXT NOT NULL,
	address TEXT NOT NULL,
	PRIMARY KEY (token, address)
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS playbacks (
	token TEXT NOT NULL,
	session TEXT NOT NULL,
	started_at INTEGER NOT NULL,
	PRIMARY KEY (token, session, started_at)
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS spent (
	minute INTEGER NOT NULL,
	requests TEXT NOT NULL
) STRICT;

CREATE TABLE IF NOT EXISTS devices (
	id TEXT PRIMARY KEY,
	name TEXT,
	user_agent TEXT NOT NULL,
	created_at INTEGER NOT NULL,
	updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS sessions (
	key TEXT PRIMARY KEY,
	video TEXT NOT NULL,
	ipv4 TEXT,
	ipv6 TEXT,
	left_addresses TEXT NOT NULL,
	device TEXT NOT NULL,
	user_agent TEXT NOT NULL,
	started_at INTEGER NOT NULL,
	seen_at INTEGER NOT NULL,
	ttl_seconds INTEGER NOT NULL,
	ended_by TEXT,
	barred_at INTEGER,
	barred_by TEXT,
	forget_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS owner (
	id INTEGER PRIMARY KEY CHECK (id = 1),
	account TEXT NOT NULL,
	uid TEXT NOT NULL,
	version INTEGER NOT NULL
) STRICT;

CREATE TABLE IF NOT EXISTS outbox (
	device TEXT PRIMARY KEY,
	version INTEGER NOT NULL,
	queued_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
