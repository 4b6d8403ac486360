-- Tables of one viewer (or of one token without uid). docs/storage.md says what each holds and for how long.
-- WITHOUT ROWID and no secondary index: each is one more row written, and rows written are what an object costs.
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

-- Two addresses of one place, of each family one: only one of them is in `addresses`. Each pair is stored both ways.
CREATE TABLE IF NOT EXISTS partners (
	token TEXT NOT NULL,
	address TEXT NOT NULL,
	partner TEXT NOT NULL,
	PRIMARY KEY (token, address)
) STRICT, WITHOUT ROWID;

-- Sessions that played with a token, where its addresses are counted by session.
CREATE TABLE IF NOT EXISTS holders (
	token TEXT NOT NULL,
	session TEXT NOT NULL,
	PRIMARY KEY (token, session)
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS playbacks (
	token TEXT NOT NULL,
	session TEXT NOT NULL,
	started_at INTEGER NOT NULL,
	PRIMARY KEY (token, session, started_at)
) STRICT, WITHOUT ROWID;

-- Requests that spent a use, so that a retried call spends none: one row a commit, with the ids of its requests; kept for two minutes.
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

-- Units of a token's limits that are lent to shards: at the token's object a row a shard, at a shard its own. Both are totals that only grow.
CREATE TABLE IF NOT EXISTS leases (
	token TEXT NOT NULL,
	shard INTEGER NOT NULL,
	kind TEXT NOT NULL,
	granted INTEGER NOT NULL,
	returned INTEGER NOT NULL,
	PRIMARY KEY (token, shard, kind)
) STRICT, WITHOUT ROWID;

-- Whose devices these are, for the account's index; there once a device of the owner has changed. `version` counts the changes.
CREATE TABLE IF NOT EXISTS owner (
	id INTEGER PRIMARY KEY CHECK (id = 1),
	account TEXT NOT NULL,
	uid TEXT NOT NULL,
	version INTEGER NOT NULL
) STRICT;

-- Devices that changed and that the index has not heard of: registered, renamed, or gone from `devices`.
CREATE TABLE IF NOT EXISTS outbox (
	device TEXT PRIMARY KEY,
	version INTEGER NOT NULL,
	queued_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
