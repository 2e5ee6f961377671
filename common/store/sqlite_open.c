/* SPDX-License-Identifier: BSD-3-Clause */
#include "common/store/sqlite_db.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/*
 * Opening, migrating and copying the file.
 *
 * The log (-wal) and its index (-shm) stay when the last handle closes: a
 * reader with no more than the right to read the three files can then open
 * the store while no writer runs.  They take over the mode of the database,
 * so that is made here with 0640.
 */

#define DB_FILE_MODE 0640
#define BUSY_MAX_MS 5000
#define BUSY_READER_MAX_MS 1000 /* PowerDNS waits 2 s for the whole answer */
#define BUSY_STEP_US 250 /* a group's commit takes a few milliseconds */

/*
 * The engine's own waiting sleeps up to 100 ms between two tries and would
 * miss the short gaps that a busy writer leaves.
 */
static int
wait_for_lock(void *arg, int tries)
{
	static const struct timespec step = { .tv_nsec = BUSY_STEP_US * 1000 };
	const struct ddns_store *store = arg;
	int max_ms = store->mode == DDNS_STORE_READ ? BUSY_READER_MAX_MS :
	    BUSY_MAX_MS;

	if (tries >= max_ms * 1000 / BUSY_STEP_US)
		return 0;
	nanosleep(&step, NULL);
	return 1;
}

static enum ddns_err
create_file(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC,
	    DB_FILE_MODE);
	bool ok;

	if (fd < 0) {
		if (errno == EEXIST)
			return DDNS_EEXIST;
		return errno == EACCES || errno == EROFS ? DDNS_EDENIED
		    : errno == ENOSPC			 ? DDNS_ENOSPACE
							 : DDNS_EIO;
	}
	ok = fchmod(fd, DB_FILE_MODE) == 0;
	close(fd);
	return ok ? DDNS_OK : DDNS_EIO;
}

static enum ddns_err
check_file(struct ddns_store *store)
{
	enum ddns_err err;

	if (store->mode == DDNS_STORE_WRITE) {
		err = create_file(store->path);
		return err == DDNS_EEXIST ? DDNS_OK : err;
	}
	if (access(store->path, R_OK) == 0)
		return DDNS_OK;
	return errno == EACCES	      ? DDNS_EDENIED
	    : errno == ENOENT ? DDNS_ENOTFOUND
			      : DDNS_EIO;
}

static enum ddns_err
set_up_writer(struct ddns_store *store)
{
	int persist = 1;
	enum ddns_err err;

	err = db_err(store, sqlite3_file_control(store->db, "main",
	    SQLITE_FCNTL_PERSIST_WAL, &persist));
	if (err == DDNS_OK)
		err = db_exec(store, "PRAGMA journal_mode = WAL;"
		    "PRAGMA synchronous = FULL;"
		    "PRAGMA foreign_keys = ON;"
		    "PRAGMA journal_size_limit = 67108864;");
	return err;
}

enum ddns_err
db_connect(struct ddns_store *store)
{
	int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE |
	    (store->mode == DDNS_STORE_READ ? SQLITE_OPEN_READONLY
					    : SQLITE_OPEN_READWRITE);
	enum ddns_err err;

	err = db_err(store,
	    sqlite3_open_v2(store->path, &store->db, flags, NULL));
	if (err == DDNS_OK)
		err = db_err(store,
		    sqlite3_busy_handler(store->db, wait_for_lock, store));
	if (err == DDNS_OK)
		err = db_exec(store, "PRAGMA temp_store = MEMORY;"
		    "PRAGMA trusted_schema = OFF;"
		    "PRAGMA cache_size = -2000;"); /* KiB */
	if (err == DDNS_OK)
		err = store->mode == DDNS_STORE_READ
		    ? db_exec(store, "PRAGMA query_only = ON")
		    : set_up_writer(store);
	return err;
}

/* ---- migrations ---- */

static enum ddns_err
get_version(struct ddns_store *store, int64_t *ret)
{
	return db_get_int(store, "PRAGMA user_version", ret, DB_NO_ARGS);
}

/* Version 0 is ours to fill only if there is nothing in it. */
static enum ddns_err
check_empty(struct ddns_store *store)
{
	int64_t tables;
	enum ddns_err err = db_get_int(store,
	    "SELECT count(*) FROM sqlite_schema", &tables, DB_NO_ARGS);

	if (err == DDNS_OK && tables != 0) {
		snprintf(store->error, sizeof(store->error),
		    "a database, but of another program");
		err = DDNS_EFORMAT;
	}
	return err;
}

/* One step, unless another process was faster. */
static enum ddns_err
migrate_to(struct ddns_store *store, int version)
{
	char set_version[64];
	int64_t now = 0;
	enum ddns_err err = ddns_store_begin(store, DDNS_STORE_WRITE);

	if (err != DDNS_OK)
		return err;
	err = get_version(store, &now);
	if (err == DDNS_OK && now < version) {
		if (version == 1)
			err = check_empty(store);
		if (err == DDNS_OK)
			err = db_exec(store, db_migrations[version - 1]);
		snprintf(set_version, sizeof(set_version),
		    "PRAGMA user_version = %d", version);
		if (err == DDNS_OK)
			err = db_exec(store, set_version);
	}
	if (err == DDNS_OK)
		return ddns_store_commit(store);
	ddns_store_rollback(store);
	return err;
}

enum ddns_err
db_migrate(struct ddns_store *store)
{
	int64_t version = 0;
	enum ddns_err err = get_version(store, &version);

	if (err != DDNS_OK)
		return err;
	if (version < 0 || version > db_migration_count ||
	    (store->mode == DDNS_STORE_READ &&
	    version < db_migration_count)) {
		snprintf(store->error, sizeof(store->error),
		    "schema %lld, this program knows %d", (long long)version,
		    db_migration_count);
		return DDNS_EVERSION;
	}
	for (int v = (int)version + 1; err == DDNS_OK &&
	    v <= db_migration_count; v++)
		err = migrate_to(store, v);
	return err;
}

/* ---- open, free, backup ---- */

static struct ddns_store *
store_new(const char *url, enum ddns_store_mode mode)
{
	struct ddns_store *store = calloc(1, sizeof(*store));

	if (store == NULL)
		return NULL;
	store->mode = mode;
	store->watch_fd = store->watch_wal = store->watch_dir = -1;
	/* "file:..." would be read as a URI */
	store->path = url[0] == '/' ? ddns_strdup(url)
				    : ddns_asprintf("./%s", url);
	store->wal_path = ddns_asprintf("%s-wal",
	    store->path != NULL ? store->path : "");
	if (store->path == NULL || store->wal_path == NULL) {
		ddns_store_free(store);
		return NULL;
	}
	return store;
}

enum ddns_err
ddns_store_open(const char *url, enum ddns_store_mode mode,
    struct ddns_store **ret)
{
	struct ddns_store *store = store_new(url, mode);
	enum ddns_err err = DDNS_ENOMEM;

	if (store == NULL)
		goto out;
	err = check_file(store);
	if (err == DDNS_OK)
		err = db_connect(store);
	if (err == DDNS_OK)
		err = db_migrate(store);
	if (err != DDNS_OK)
		goto out;
	*ret = store;
	store = NULL; /* moved to the caller */
out:
	ddns_store_free(store);
	return err;
}

void
ddns_store_expect_lookups(struct ddns_store *store)
{
	/* without it all goes on as before, only slower */
	(void)!sqlite3_exec(store->db, "PRAGMA mmap_size = 2147418112", NULL,
	    NULL, NULL);
}

void
ddns_store_free(struct ddns_store *store)
{
	if (store == NULL)
		return;
	if (store->db != NULL)
		ddns_store_rollback(store);
	db_checkpoint_stop(store);
	for (size_t i = 0; i < DB_CACHE_SLOTS; i++)
		sqlite3_finalize(store->slots[i].stmt);
	sqlite3_close(store->db);
	db_watch_close(store);
	ddns_buf_done(&store->text);
	ddns_buf_done(&store->content);
	ddns_rrset_done(&store->old);
	free(store->bumps);
	free(store->wal_path);
	free(store->path);
	free(store);
}

static enum ddns_err
sync_file(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool ok;

	if (fd < 0)
		return DDNS_EIO;
	ok = fsync(fd) == 0;
	close(fd);
	return ok ? DDNS_OK : DDNS_EIO;
}

enum ddns_err
ddns_store_backup(struct ddns_store *store, const char *path)
{
	enum ddns_err err;

	if (store->tx != DB_TX_NONE)
		return DDNS_EBUSY;
	err = create_file(path); /* the engine takes an empty file */
	if (err != DDNS_OK)
		return err;
	/* what is written is another file */
	err = db_exec(store, "PRAGMA query_only = OFF");
	if (err == DDNS_OK)
		err = db_run(store, "VACUUM INTO ?",
		    DB_ARGS(db_text(path)));
	if (store->mode == DDNS_STORE_READ &&
	    db_exec(store, "PRAGMA query_only = ON") != DDNS_OK &&
	    err == DDNS_OK)
		err = DDNS_EIO;
	if (err == DDNS_OK)
		err = sync_file(path);
	if (err != DDNS_OK)
		unlink(path);
	return err;
}
