/* SPDX-License-Identifier: BSD-3-Clause */
#include "common/store/sqlite_db.h"

/* How far each subscriber of the journal has got. */

#define COLUMNS                                                          \
	"name, kind, target, seq, pending, acked, retries, last_ack_ms," \
	" last_fail_ms, last_error, ack_p50_us, ack_p99_us, ack_max_us"

static enum ddns_err
read_subscriber(struct db_query *q, struct ddns_subscriber *ret)
{
	enum ddns_err err = DDNS_OK;

	ret->name = db_col_text(q, 0, &err);
	ret->kind = db_col_text(q, 1, &err);
	ret->target = db_col_text(q, 2, &err);
	ret->seq = db_col_int(q, 3);
	ret->pending = db_col_int(q, 4);
	ret->acked = db_col_int(q, 5);
	ret->retries = db_col_int(q, 6);
	ret->last_ack.v = db_col_int(q, 7);
	ret->last_fail.v = db_col_int(q, 8);
	ret->last_error = db_col_text(q, 9, &err);
	ret->ack_p50_us = db_col_u32(q, 10, &err);
	ret->ack_p99_us = db_col_u32(q, 11, &err);
	ret->ack_max_us = db_col_u32(q, 12, &err);
	return err;
}

enum ddns_err
ddns_store_subscriber_get(struct ddns_store *store, const char *name,
    struct ddns_subscriber *ret)
{
	struct ddns_subscriber s;
	struct db_query q;
	enum ddns_err err = db_query_one(store,
	    "SELECT " COLUMNS " FROM subscriber WHERE name = ?", &q,
	    DB_ARGS(db_text(name)));

	if (err == DDNS_OK)
		err = read_subscriber(&q, &s);
	if (err == DDNS_OK)
		err = db_keep_row(&q);
	if (err == DDNS_OK) {
		*ret = s;
		ret->name = db_keep_text(store, s.name);
		ret->kind = db_keep_text(store, s.kind);
		ret->target = db_keep_text(store, s.target);
		ret->last_error = db_keep_text(store, s.last_error);
	}
	return db_query_end(&q, err);
}

enum ddns_err
ddns_store_subscriber_put(struct ddns_store *store,
    const struct ddns_subscriber *s)
{
	return db_write(store,
	    "INSERT OR REPLACE INTO subscriber (" COLUMNS ")"
	    " VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)",
	    DB_ARGS(db_text(s->name), db_text(s->kind), db_text(s->target),
		db_int(s->seq), db_int(s->pending), db_int(s->acked),
		db_int(s->retries), db_int(s->last_ack.v),
		db_int(s->last_fail.v), db_text(s->last_error),
		db_int(s->ack_p50_us), db_int(s->ack_p99_us),
		db_int(s->ack_max_us)));
}

enum ddns_err
ddns_store_subscriber_list(struct ddns_store *store,
    ddns_subscriber_fn *each, void *arg)
{
	struct ddns_subscriber s;
	struct db_query q;
	enum ddns_err err = db_query_start(store,
	    "SELECT " COLUMNS " FROM subscriber ORDER BY name", &q,
	    DB_NO_ARGS);

	while (err == DDNS_OK && db_query_step(&q, &err)) {
		err = read_subscriber(&q, &s);
		if (err == DDNS_OK)
			err = each(&s, arg);
	}
	return db_query_end(&q, err);
}

enum ddns_err
ddns_store_subscriber_delete(struct ddns_store *store, const char *name)
{
	return db_write(store, "DELETE FROM subscriber WHERE name = ?",
	    DB_ARGS(db_text(name)));
}
