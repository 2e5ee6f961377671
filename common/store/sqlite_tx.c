/* SPDX-License-Identifier: BSD-3-Clause */
#include "common/store/engine.h"
#include "common/store/sqlite_db.h"

/*
 * Transactions, marks, and changes that take several statements.
 *
 * A WRITE transaction takes the writer's lock at once (BEGIN IMMEDIATE), so
 * that it never fails half-way because another was faster.  A READ transaction
 * reads something at once, since the engine takes its snapshot at the first
 * read.
 */

static enum ddns_err
begin_read(struct ddns_store *store)
{
	int64_t ignored;
	enum ddns_err err = db_run(store, "BEGIN", DB_NO_ARGS);

	if (err != DDNS_OK)
		return err;
	store->tx = DB_TX_READ;
	err = ddns_store_get_policy_gen(store, &ignored);
	if (err != DDNS_OK)
		ddns_store_rollback(store);
	return err;
}

static enum ddns_err
begin_write(struct ddns_store *store)
{
	enum ddns_err err;

	if (store->mode == DDNS_STORE_READ)
		return DDNS_EDENIED;
	db_checkpoint_enter(store);
	err = db_run(store, "BEGIN IMMEDIATE", DB_NO_ARGS);
	if (err != DDNS_OK) {
		db_checkpoint_leave(store);
		return err;
	}
	store->tx = DB_TX_WRITE;
	store->changes_at_begin = sqlite3_total_changes(store->db);
	return DDNS_OK;
}

enum ddns_err
ddns_store_begin(struct ddns_store *store, enum ddns_store_mode mode)
{
	if (store->tx != DB_TX_NONE)
		return DDNS_EBUSY; /* they do not nest */
	return mode == DDNS_STORE_READ ? begin_read(store)
				       : begin_write(store);
}

static void
forget_tx(struct ddns_store *store)
{
	if (store->tx == DB_TX_WRITE)
		db_checkpoint_leave(store);
	store->tx = DB_TX_NONE;
	store->broken = DDNS_OK;
	store->marked = false;
	store->bump_count = 0;
}

void
ddns_store_rollback(struct ddns_store *store)
{
	if (!sqlite3_get_autocommit(store->db))
		sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
	forget_tx(store);
}

enum ddns_err
ddns_store_commit(struct ddns_store *store)
{
	enum ddns_err err;

	if (store->tx == DB_TX_NONE)
		return DDNS_OK;
	if (store->tx == DB_TX_READ) {
		ddns_store_rollback(store);
		return DDNS_OK;
	}
	store->changed = sqlite3_total_changes(store->db) !=
	    store->changes_at_begin;
	err = db_run(store, "COMMIT", DB_NO_ARGS);
	if (err != DDNS_OK) {
		store->changed = false;
		ddns_store_rollback(store);
		return err;
	}
	forget_tx(store);
	if (store->changed)
		db_watch_poke(store);
	return DDNS_OK;
}

bool
ddns_engine_has_changed(const struct ddns_store *store)
{
	return store->changed;
}

enum ddns_err
ddns_store_mark(struct ddns_store *store)
{
	enum ddns_err err;

	if (store->tx != DB_TX_WRITE || store->marked)
		return DDNS_EDENIED;
	err = db_run(store, "SAVEPOINT mark", DB_NO_ARGS);
	if (err == DDNS_OK) {
		store->marked = true;
		store->bump_mark = store->bump_count;
	}
	return err;
}

enum ddns_err
ddns_store_mark_undo(struct ddns_store *store)
{
	enum ddns_err err;

	if (!store->marked)
		return DDNS_ENOTFOUND;
	err = db_run(store, "ROLLBACK TO mark", DB_NO_ARGS);
	if (err != DDNS_OK)
		return err;
	store->bump_count = store->bump_mark;
	return ddns_store_mark_keep(store);
}

enum ddns_err
ddns_store_mark_keep(struct ddns_store *store)
{
	if (!store->marked)
		return DDNS_ENOTFOUND;
	store->marked = false;
	return db_run(store, "RELEASE mark", DB_NO_ARGS);
}

/* ---- several statements as one change ---- */

enum ddns_err
db_write_begin(struct ddns_store *store, bool *ret_own)
{
	*ret_own = false;
	if (store->tx == DB_TX_WRITE)
		return store->broken;
	if (store->tx == DB_TX_READ)
		return DDNS_EDENIED;
	*ret_own = true;
	return begin_write(store);
}

enum ddns_err
db_write_end(struct ddns_store *store, bool own, enum ddns_err err)
{
	if (!own || store->tx != DB_TX_WRITE)
		return err;
	if (err == DDNS_OK)
		return ddns_store_commit(store);
	ddns_store_rollback(store);
	return err;
}

enum ddns_err
db_write(struct ddns_store *store, const char *sql, const struct db_arg *args,
    size_t count)
{
	bool own;
	enum ddns_err err = db_write_begin(store, &own);

	if (err == DDNS_OK)
		err = db_change(store, sql, args, count);
	return db_write_end(store, own, err);
}

enum ddns_err
db_policy_changed(struct ddns_store *store)
{
	return db_change(store,
	    "UPDATE meta SET value = value + 1 WHERE name = 'policy_gen'",
	    DB_NO_ARGS);
}

enum ddns_err
db_policy_change(struct ddns_store *store, const char *sql,
    const struct db_arg *args, size_t count)
{
	bool own;
	enum ddns_err err = db_write_begin(store, &own);

	if (err == DDNS_OK)
		err = db_change(store, sql, args, count);
	if (err == DDNS_OK)
		err = db_policy_changed(store);
	return db_write_end(store, own, err);
}

enum ddns_err
db_policy_add(struct ddns_store *store, const char *sql, int64_t *ret_id,
    const struct db_arg *args, size_t count)
{
	int64_t id = 0;
	bool own;
	enum ddns_err err = db_write_begin(store, &own);

	if (err == DDNS_OK)
		err = db_run(store, sql, args, count);
	if (err == DDNS_OK) {
		id = sqlite3_last_insert_rowid(store->db);
		err = db_policy_changed(store);
	}
	err = db_write_end(store, own, err);
	if (err == DDNS_OK)
		*ret_id = id;
	return err;
}

enum ddns_err
ddns_store_get_policy_gen(struct ddns_store *store, int64_t *ret)
{
	return db_get_int(store,
	    "SELECT value FROM meta WHERE name = 'policy_gen'", ret,
	    DB_NO_ARGS);
}
