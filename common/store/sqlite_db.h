/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef DDNS_STORE_SQLITE_DB_H
#define DDNS_STORE_SQLITE_DB_H

#include <sqlite3.h>

#include "common/store/journal.h"
#include "common/store/store.h"

/*
 * What the sqlite_*.c files share: the handle, statements kept by the address
 * of their text, typed arguments, errors.  Seen by nobody outside.
 */
enum db_tx { DB_TX_NONE, DB_TX_READ, DB_TX_WRITE };

#define DB_CACHE_SLOTS 256 /* a power of two, far above the statements we have */

struct db_slot {
	const char *sql; /* by address: each call site has one literal */
	sqlite3_stmt *stmt;
	bool used;
};

struct db_bump {
	int64_t zone_id;
	uint32_t serial;
};

struct db_checkpointer;

struct ddns_store {
	sqlite3 *db;
	char *path, *wal_path;
	enum ddns_store_mode mode;
	enum db_tx tx;
	enum ddns_err broken; /* the engine undid the transaction by itself */
	bool marked, changed;
	int changes_at_begin;
	struct db_slot slots[DB_CACHE_SLOTS];
	struct db_bump *bumps; /* zones stepped in this transaction */
	size_t bump_count, bump_cap, bump_mark;
	struct ddns_buf text;    /* what a _get handed out */
	struct ddns_buf content; /* scratch of rrset_put */
	struct ddns_rrset old;   /* the same */
	int watch_fd, watch_wal, watch_dir;
	struct db_checkpointer *checkpointer;
	const uint64_t *index; /* shared memory, for peek_version; or NULL */
	char error[256];
};

/* ---- errors ---- */

/* The code for a result of the engine; failures are remembered as text. */
enum ddns_err db_err(struct ddns_store *store, int rc);

/* ---- arguments ---- */

struct db_arg {
	enum { DB_INT, DB_TEXT, DB_BLOB, DB_NAME, DB_KEY } kind;
	int64_t i;
	const void *p;
	size_t len;
};

static inline struct db_arg
db_int(int64_t i)
{
	return (struct db_arg){ .kind = DB_INT, .i = i };
}

static inline struct db_arg
db_text(const char *text) /* NULL is "" */
{
	return (struct db_arg){ .kind = DB_TEXT, .p = text };
}

static inline struct db_arg
db_text_or_null(const char *text)
{
	return (struct db_arg){ .kind = DB_TEXT, .p = text, .i = 1 };
}

static inline struct db_arg
db_blob(struct ddns_span span)
{
	return (struct db_arg){ .kind = DB_BLOB, .p = span.base,
		.len = span.len_bytes };
}

static inline struct db_arg
db_blob_or_null(struct ddns_span span) /* empty is NULL */
{
	struct db_arg arg = db_blob(span);

	arg.i = 1;
	return arg;
}

static inline struct db_arg
db_name(const struct ddns_name *name) /* lower-case text; no name is "" */
{
	return (struct db_arg){ .kind = DB_NAME, .p = name };
}

static inline struct db_arg
db_key(const struct ddns_name *name) /* ddns_name_key() */
{
	return (struct db_arg){ .kind = DB_KEY, .p = name };
}

#define DB_ARGS(...)                                                   \
	(const struct db_arg[]){ __VA_ARGS__ },                        \
	    sizeof((const struct db_arg[]){ __VA_ARGS__ }) /           \
		sizeof(struct db_arg)
#define DB_NO_ARGS NULL, 0

/* ---- statements ---- */

struct db_query {
	struct ddns_store *store;
	struct db_slot *slot; /* NULL: a second use at the same time */
	sqlite3_stmt *stmt;
};

/* Takes the kept statement.  q is valid for db_query_end() also on failure. */
enum ddns_err db_query_take(struct ddns_store *store, const char *sql,
    struct db_query *q);
/* Takes and binds.  The arguments are borrowed until the end. */
enum ddns_err db_query_start(struct ddns_store *store, const char *sql,
    struct db_query *q, const struct db_arg *args, size_t count);
/* One row on; false at the end or on failure (then *err is set). */
bool db_query_step(struct db_query *q, enum ddns_err *err);
/* Gives the statement back.  Returns err, where DDNS_ESTOP is DDNS_OK. */
enum ddns_err db_query_end(struct db_query *q, enum ddns_err err);

/* A query for one row, taken up to that row; DDNS_ENOTFOUND.  Then _end. */
enum ddns_err db_query_one(struct ddns_store *store, const char *sql,
    struct db_query *q, const struct db_arg *args, size_t count);
/* One number of one row; DDNS_ENOTFOUND. */
enum ddns_err db_get_int(struct ddns_store *store, const char *sql,
    int64_t *ret, const struct db_arg *args, size_t count);
/* A statement without rows; DDNS_ENOTFOUND from _change when no row fits. */
enum ddns_err db_run(struct ddns_store *store, const char *sql,
    const struct db_arg *args, size_t count);
enum ddns_err db_change(struct ddns_store *store, const char *sql,
    const struct db_arg *args, size_t count);
/* Not kept: pragmas and the like. */
enum ddns_err db_exec(struct ddns_store *store, const char *sql);

/* ---- columns; damaged ones set *err to DDNS_EFORMAT ---- */

const char *db_col_text(struct db_query *q, int col, enum ddns_err *err);
struct ddns_span db_col_blob(struct db_query *q, int col); /* NULL: empty */
uint32_t db_col_u32(struct db_query *q, int col, enum ddns_err *err);
void db_col_key(struct db_query *q, int col, struct ddns_name *ret,
    enum ddns_err *err);
void db_col_name(struct db_query *q, int col, struct ddns_name *ret,
    enum ddns_err *err);

static inline int64_t
db_col_int(struct db_query *q, int col)
{
	return sqlite3_column_int64(q->stmt, col);
}

/*
 * For the _get functions: makes room for copies of all texts and blobs of the
 * row, so that the copies do not move; then each is copied.
 */
enum ddns_err db_keep_row(struct db_query *q);
const char *db_keep_text(struct ddns_store *store, const char *text);
struct ddns_span db_keep_span(struct ddns_store *store, struct ddns_span span);

/* ---- several statements as one change ---- */

/* Opens a WRITE transaction unless there is one; *ret_own: it is ours. */
enum ddns_err db_write_begin(struct ddns_store *store, bool *ret_own);
/* Ends it if it is ours: commits on DDNS_OK, undoes on any other err. */
enum ddns_err db_write_end(struct ddns_store *store, bool own,
    enum ddns_err err);
/* One statement, as db_change(), as a transaction of its own if need be. */
enum ddns_err db_write(struct ddns_store *store, const char *sql,
    const struct db_arg *args, size_t count);
/* Accounts, credentials, grants, hosts or zones changed. */
enum ddns_err db_policy_changed(struct ddns_store *store);
/* The usual: one statement on a table of the policy. */
enum ddns_err db_policy_change(struct ddns_store *store, const char *sql,
    const struct db_arg *args, size_t count);
enum ddns_err db_policy_add(struct ddns_store *store, const char *sql,
    int64_t *ret_id, const struct db_arg *args, size_t count);

/* ---- parts of open and free ---- */

extern const char *const db_migrations[];
extern const int db_migration_count;
enum ddns_err db_migrate(struct ddns_store *store);

void db_watch_close(struct ddns_store *store);
void db_watch_poke(struct ddns_store *store); /* after a commit */

/* The gate between the writer's transactions and a checkpoint that ends a log. */
void db_checkpoint_enter(struct ddns_store *store);
void db_checkpoint_leave(struct ddns_store *store);
void db_checkpoint_stop(struct ddns_store *store);

/* Opens the file without looking into it; pragmas are set. */
enum ddns_err db_connect(struct ddns_store *store);

#endif
