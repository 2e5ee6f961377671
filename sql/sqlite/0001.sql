-- Schema 1.  Migrations are only ever appended; PRAGMA user_version holds the
-- number of the last one that ran.

CREATE TABLE meta (
	name  TEXT NOT NULL PRIMARY KEY,
	value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO meta (name, value) VALUES ('policy_gen', 1);

CREATE TABLE zone (
	id          INTEGER PRIMARY KEY AUTOINCREMENT,
	name        TEXT NOT NULL UNIQUE,  -- lower-case, no last dot
	name_key    BLOB NOT NULL UNIQUE,  -- canonical order
	serial      INTEGER NOT NULL,
	mname       TEXT NOT NULL,
	rname       TEXT NOT NULL,
	refresh_s   INTEGER NOT NULL,
	retry_s     INTEGER NOT NULL,
	expire_s    INTEGER NOT NULL,
	minimum_s   INTEGER NOT NULL,
	soa_ttl_s   INTEGER NOT NULL,
	host_ttl_s  INTEGER NOT NULL,
	ttl_min_s   INTEGER NOT NULL,
	ttl_max_s   INTEGER NOT NULL
) STRICT;

-- type 0: the name is registered, with or without data
CREATE TABLE rr (
	zone_id    INTEGER NOT NULL REFERENCES zone (id) ON DELETE CASCADE,
	name_key   BLOB NOT NULL,
	type       INTEGER NOT NULL,
	rdata      BLOB NOT NULL,      -- canonical wire form
	ttl_s      INTEGER NOT NULL,
	name       TEXT NOT NULL,      -- lower-case, no last dot
	content    TEXT NOT NULL,      -- presentation, names without last dot
	target_key BLOB,               -- of the name the rdata points at
	PRIMARY KEY (zone_id, name_key, type, rdata)
) STRICT, WITHOUT ROWID;
CREATE INDEX rr_target ON rr (target_key) WHERE target_key IS NOT NULL;

CREATE TABLE account (
	id        INTEGER PRIMARY KEY AUTOINCREMENT,
	name      TEXT NOT NULL UNIQUE,
	note      TEXT NOT NULL,
	disabled  INTEGER NOT NULL,
	created_s INTEGER NOT NULL
) STRICT;

CREATE TABLE host (
	id         INTEGER PRIMARY KEY AUTOINCREMENT,
	zone_id    INTEGER NOT NULL REFERENCES zone (id) ON DELETE CASCADE,
	account_id INTEGER NOT NULL REFERENCES account (id),
	name       TEXT NOT NULL UNIQUE,
	name_key   BLOB NOT NULL,
	ttl_s      INTEGER NOT NULL,  -- 0: the zone's host_ttl_s
	flags      INTEGER NOT NULL,
	note       TEXT NOT NULL,
	created_s  INTEGER NOT NULL,
	changed_s  INTEGER NOT NULL
) STRICT;
CREATE INDEX host_account ON host (account_id);
CREATE INDEX host_zone ON host (zone_id, name_key);

CREATE TABLE cred (
	id          INTEGER PRIMARY KEY AUTOINCREMENT,
	account_id  INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
	kind        INTEGER NOT NULL,
	name        TEXT NOT NULL UNIQUE,
	flags       INTEGER NOT NULL,
	note        TEXT NOT NULL,
	created_s   INTEGER NOT NULL,
	expires_s   INTEGER NOT NULL,
	last_used_s INTEGER NOT NULL
) STRICT;
CREATE INDEX cred_account ON cred (account_id);

CREATE TABLE secret (
	id        INTEGER PRIMARY KEY AUTOINCREMENT,
	cred_id   INTEGER NOT NULL REFERENCES cred (id) ON DELETE CASCADE,
	hash      BLOB NOT NULL UNIQUE,
	sealed    BLOB,               -- TSIG: AES-256-GCM of the secret
	alg       TEXT NOT NULL,
	created_s INTEGER NOT NULL,
	expires_s INTEGER NOT NULL
) STRICT;
CREATE INDEX secret_cred ON secret (cred_id);

CREATE TABLE "grant" (
	id       INTEGER PRIMARY KEY AUTOINCREMENT,
	cred_id  INTEGER NOT NULL REFERENCES cred (id) ON DELETE CASCADE,
	position INTEGER NOT NULL,
	deny     INTEGER NOT NULL,
	kind     INTEGER NOT NULL,
	name     TEXT NOT NULL,       -- "" where the kind needs none
	range    TEXT NOT NULL,
	types    TEXT NOT NULL
) STRICT;
CREATE INDEX grant_cred ON "grant" (cred_id, position);
CREATE INDEX grant_name ON "grant" (name);

CREATE TABLE journal (
	seq        INTEGER PRIMARY KEY,
	time_ms    INTEGER NOT NULL,
	request    INTEGER NOT NULL,
	protocol   TEXT NOT NULL,
	result     TEXT NOT NULL,
	reason     TEXT NOT NULL,
	account    TEXT NOT NULL,
	credential TEXT NOT NULL,
	source     TEXT NOT NULL,
	user_agent TEXT NOT NULL,
	zone_id    INTEGER NOT NULL,
	serial     INTEGER NOT NULL,
	name       TEXT NOT NULL,
	type       INTEGER NOT NULL,
	old_set    BLOB,
	new_set    BLOB,
	flags      INTEGER NOT NULL,
	repeats    INTEGER NOT NULL,
	last_ms    INTEGER NOT NULL
) STRICT;
CREATE INDEX journal_zone ON journal (zone_id, serial) WHERE flags & 1;
CREATE INDEX journal_whole ON journal (zone_id) WHERE flags & 16;

CREATE TABLE subscriber (
	name         TEXT NOT NULL PRIMARY KEY,
	kind         TEXT NOT NULL,
	target       TEXT NOT NULL,
	seq          INTEGER NOT NULL,
	pending      INTEGER NOT NULL,
	acked        INTEGER NOT NULL,
	retries      INTEGER NOT NULL,
	last_ack_ms  INTEGER NOT NULL,
	last_fail_ms INTEGER NOT NULL,
	last_error   TEXT NOT NULL,
	ack_p50_us   INTEGER NOT NULL,
	ack_p99_us   INTEGER NOT NULL,
	ack_max_us   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- by time first: new rows go to the end of the tree, old ones leave its start
CREATE TABLE replay (
	forget_s  INTEGER NOT NULL,
	mac       BLOB NOT NULL,
	answer    BLOB NOT NULL,
	PRIMARY KEY (forget_s, mac)
) STRICT, WITHOUT ROWID;
