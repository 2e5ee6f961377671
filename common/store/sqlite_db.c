/* SPDX-License-Identifier: BSD-3-Clause */
#include "common/store/sqlite_db.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * Statements, arguments, columns and errors: all that the other files need to
 * speak to the engine.
 *
 * A statement is prepared once and kept by the address of its text.  When a
 * callback asks the same question again while the first answer is still being
 * read, it gets a statement of its own for that time.
 *
 * Out of memory, disk full and i/o errors may make SQLite undo the whole
 * transaction by itself.  What would follow then would each be committed
 * alone; so the handle remembers it (`broken`) and refuses until the end of
 * the transaction.
 */

static enum ddns_err
err_of_io(struct ddns_store *store, int rc)
{
	int code;

	if (rc == SQLITE_IOERR_NOMEM)
		return DDNS_ENOMEM;
	code = sqlite3_system_errno(store->db);
	return code == ENOSPC || code == EDQUOT ? DDNS_ENOSPACE : DDNS_EIO;
}

static enum ddns_err
err_of_constraint(int rc)
{
	switch (rc) {
	case SQLITE_CONSTRAINT_UNIQUE:
	case SQLITE_CONSTRAINT_PRIMARYKEY:
	case SQLITE_CONSTRAINT_ROWID:
		return DDNS_EEXIST;
	case SQLITE_CONSTRAINT_FOREIGNKEY:
		return DDNS_ENOTFOUND; /* the row it should belong to */
	default:
		return DDNS_EFORMAT;
	}
}

static enum ddns_err
err_of_code(struct ddns_store *store, int rc)
{
	switch (rc & 0xff) {
	case SQLITE_OK:
	case SQLITE_ROW:
	case SQLITE_DONE:
		return DDNS_OK;
	case SQLITE_NOMEM:
		return DDNS_ENOMEM;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return DDNS_EBUSY;
	case SQLITE_FULL:
		return DDNS_ENOSPACE;
	case SQLITE_READONLY:
	case SQLITE_PERM:
	case SQLITE_AUTH:
		return DDNS_EDENIED;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
	case SQLITE_MISMATCH:
	case SQLITE_ERROR: /* a table or column is not there */
		return DDNS_EFORMAT;
	case SQLITE_TOOBIG:
		return DDNS_ERANGE;
	case SQLITE_CONSTRAINT:
		return err_of_constraint(rc);
	default:
		return err_of_io(store, rc);
	}
}

enum ddns_err
db_err(struct ddns_store *store, int rc)
{
	enum ddns_err err = err_of_code(store, rc);

	if (err == DDNS_OK)
		return DDNS_OK;
	snprintf(store->error, sizeof(store->error), "%s",
	    store->db != NULL ? sqlite3_errmsg(store->db)
			      : sqlite3_errstr(rc));
	if (store->tx != DB_TX_NONE && sqlite3_get_autocommit(store->db) &&
	    store->broken == DDNS_OK)
		store->broken = err;
	return err;
}

const char *
ddns_store_get_error(const struct ddns_store *store)
{
	return store->error;
}

/* ---- statements ---- */

static struct db_slot *
find_slot(struct ddns_store *store, const char *sql)
{
	size_t i = (size_t)(((uintptr_t)sql * 0x9e3779b97f4a7c15u) >> 40);

	for (size_t n = 0; n < DB_CACHE_SLOTS; n++, i++) {
		struct db_slot *slot = &store->slots[i % DB_CACHE_SLOTS];

		if (slot->sql == sql || slot->sql == NULL)
			return slot;
	}
	return NULL;
}

enum ddns_err
db_query_take(struct ddns_store *store, const char *sql, struct db_query *q)
{
	struct db_slot *slot = find_slot(store, sql);
	int rc;

	*q = (struct db_query){ .store = store };
	if (store->broken != DDNS_OK)
		return store->broken;
	if (slot != NULL && slot->used)
		slot = NULL;
	if (slot != NULL && slot->stmt != NULL) {
		q->stmt = slot->stmt;
	} else {
		rc = sqlite3_prepare_v3(store->db, sql, -1,
		    slot != NULL ? SQLITE_PREPARE_PERSISTENT : 0, &q->stmt,
		    NULL);
		if (rc != SQLITE_OK)
			return db_err(store, rc);
	}
	q->slot = slot;
	if (slot != NULL) {
		slot->sql = sql;
		slot->stmt = q->stmt;
		slot->used = true;
	}
	return DDNS_OK;
}

static int
bind_blob(sqlite3_stmt *stmt, int i, const struct db_arg *arg)
{
	if (arg->len == 0 && arg->i)
		return sqlite3_bind_null(stmt, i);
	/* an empty blob must not become NULL, so it needs an address */
	return sqlite3_bind_blob64(stmt, i, arg->len != 0 ? arg->p : "",
	    arg->len, SQLITE_STATIC);
}

static int
bind_text(sqlite3_stmt *stmt, int i, const struct db_arg *arg)
{
	if (arg->p == NULL && arg->i)
		return sqlite3_bind_null(stmt, i);
	return sqlite3_bind_text(stmt, i, arg->p != NULL ? arg->p : "", -1,
	    SQLITE_STATIC);
}

static int
bind_name(sqlite3_stmt *stmt, int i, const struct ddns_name *name)
{
	struct ddns_name lower = *name;
	char text[DDNS_NAME_TEXT_MAX] = "";
	size_t len = 0;

	if (name->len_bytes != 0) {
		ddns_name_lower(&lower);
		len = ddns_name_format(&lower, text);
	}
	return sqlite3_bind_text(stmt, i, text, (int)len, SQLITE_TRANSIENT);
}

static int
bind_key(sqlite3_stmt *stmt, int i, const struct ddns_name *name)
{
	uint8_t key[DDNS_NAME_KEY_MAX];
	size_t len = ddns_name_key(name, key);

	return sqlite3_bind_blob(stmt, i, key, (int)len, SQLITE_TRANSIENT);
}

static int
bind_one(sqlite3_stmt *stmt, int i, const struct db_arg *arg)
{
	switch (arg->kind) {
	case DB_INT:
		return sqlite3_bind_int64(stmt, i, arg->i);
	case DB_TEXT:
		return bind_text(stmt, i, arg);
	case DB_BLOB:
		return bind_blob(stmt, i, arg);
	case DB_NAME:
		return bind_name(stmt, i, arg->p);
	case DB_KEY:
		return bind_key(stmt, i, arg->p);
	}
	return SQLITE_MISUSE;
}

enum ddns_err
db_query_start(struct ddns_store *store, const char *sql, struct db_query *q,
    const struct db_arg *args, size_t count)
{
	enum ddns_err err = db_query_take(store, sql, q);

	for (size_t i = 0; err == DDNS_OK && i < count; i++)
		err = db_err(store, bind_one(q->stmt, (int)i + 1, &args[i]));
	return err;
}

bool
db_query_step(struct db_query *q, enum ddns_err *err)
{
	int rc = sqlite3_step(q->stmt);

	if (rc == SQLITE_ROW)
		return true;
	if (rc != SQLITE_DONE)
		*err = db_err(q->store, rc);
	return false;
}

enum ddns_err
db_query_end(struct db_query *q, enum ddns_err err)
{
	if (q->slot != NULL) {
		sqlite3_reset(q->stmt);
		q->slot->used = false;
	} else {
		sqlite3_finalize(q->stmt);
	}
	q->slot = NULL;
	q->stmt = NULL;
	return err == DDNS_ESTOP ? DDNS_OK : err;
}

enum ddns_err
db_query_one(struct ddns_store *store, const char *sql, struct db_query *q,
    const struct db_arg *args, size_t count)
{
	enum ddns_err err = db_query_start(store, sql, q, args, count);

	if (err == DDNS_OK && !db_query_step(q, &err) && err == DDNS_OK)
		err = DDNS_ENOTFOUND;
	return err;
}

enum ddns_err
db_get_int(struct ddns_store *store, const char *sql, int64_t *ret,
    const struct db_arg *args, size_t count)
{
	struct db_query q;
	enum ddns_err err = db_query_one(store, sql, &q, args, count);

	if (err == DDNS_OK)
		*ret = db_col_int(&q, 0);
	return db_query_end(&q, err);
}

enum ddns_err
db_run(struct ddns_store *store, const char *sql, const struct db_arg *args,
    size_t count)
{
	struct db_query q;
	enum ddns_err err = db_query_start(store, sql, &q, args, count);

	if (err == DDNS_OK && store->tx == DB_TX_READ)
		err = DDNS_EDENIED;
	while (err == DDNS_OK && db_query_step(&q, &err))
		;
	return db_query_end(&q, err);
}

enum ddns_err
db_change(struct ddns_store *store, const char *sql, const struct db_arg *args,
    size_t count)
{
	enum ddns_err err = db_run(store, sql, args, count);

	if (err == DDNS_OK && sqlite3_changes(store->db) == 0)
		err = DDNS_ENOTFOUND;
	return err;
}

enum ddns_err
db_exec(struct ddns_store *store, const char *sql)
{
	return db_err(store, sqlite3_exec(store->db, sql, NULL, NULL, NULL));
}

/* ---- columns ---- */

const char *
db_col_text(struct db_query *q, int col, enum ddns_err *err)
{
	const unsigned char *text = sqlite3_column_text(q->stmt, col);

	if (text != NULL)
		return (const char *)text;
	if (sqlite3_column_type(q->stmt, col) != SQLITE_NULL)
		*err = DDNS_ENOMEM; /* the conversion failed */
	else
		*err = DDNS_EFORMAT;
	return "";
}

struct ddns_span
db_col_blob(struct db_query *q, int col)
{
	const void *base = sqlite3_column_blob(q->stmt, col);
	int len = sqlite3_column_bytes(q->stmt, col);

	if (base == NULL)
		return (struct ddns_span){ NULL, 0 };
	return (struct ddns_span){ base, (size_t)len };
}

uint32_t
db_col_u32(struct db_query *q, int col, enum ddns_err *err)
{
	int64_t v = db_col_int(q, col);

	if (v < 0 || v > UINT32_MAX) {
		*err = DDNS_EFORMAT;
		return 0;
	}
	return (uint32_t)v;
}

void
db_col_key(struct db_query *q, int col, struct ddns_name *ret,
    enum ddns_err *err)
{
	if (ddns_name_from_key(db_col_blob(q, col), ret) != DDNS_OK) {
		*ret = (struct ddns_name){ .len_bytes = 1 };
		*err = DDNS_EFORMAT;
	}
}

void
db_col_name(struct db_query *q, int col, struct ddns_name *ret,
    enum ddns_err *err)
{
	const char *text = db_col_text(q, col, err);

	if (ddns_name_parse(text, ret) != DDNS_OK) {
		*ret = (struct ddns_name){ .len_bytes = 1 };
		*err = DDNS_EFORMAT;
	}
}

enum ddns_err
db_keep_row(struct db_query *q)
{
	struct ddns_buf *text = &q->store->text;
	size_t bytes = 0;

	for (int i = 0; i < sqlite3_column_count(q->stmt); i++)
		if (sqlite3_column_type(q->stmt, i) != SQLITE_INTEGER)
			bytes += (size_t)sqlite3_column_bytes(q->stmt, i) + 1;
	ddns_buf_reset(text);
	ddns_buf_reserve(text, bytes);
	return text->err;
}

struct ddns_span
db_keep_span(struct ddns_store *store, struct ddns_span span)
{
	struct ddns_buf *text = &store->text;
	size_t at = text->len_bytes;

	ddns_buf_put(text, span.base, span.len_bytes);
	return (struct ddns_span){ text->base + at, span.len_bytes };
}

const char *
db_keep_text(struct ddns_store *store, const char *text)
{
	return (const char *)db_keep_span(store,
	    (struct ddns_span){ (const uint8_t *)text, strlen(text) + 1 })
	    .base;
}
