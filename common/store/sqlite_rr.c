/* SPDX-License-Identifier: BSD-3-Clause */
#include "common/dns/rdata.h"
#include "common/store/sqlite_db.h"

#include <string.h>

/*
 * Records: one row each, in canonical order of owners by their key.
 *
 * The lookup of one owner is the path of every DNS question, so it binds and
 * reads by hand and allocates nothing.
 */

#define RDATA_MAX_BYTES 65535

static enum ddns_err
read_rr(struct db_query *q, struct ddns_rr *rr)
{
	int64_t type = db_col_int(q, 0);
	enum ddns_err err = DDNS_OK;

	rr->type = (uint16_t)type;
	rr->ttl_s = db_col_u32(q, 1, &err);
	rr->rdata = db_col_blob(q, 2);
	rr->content = db_col_text(q, 3, &err);
	if (type < 0 || type > UINT16_MAX ||
	    rr->rdata.len_bytes > RDATA_MAX_BYTES)
		err = DDNS_EFORMAT;
	return err;
}

static enum ddns_err
start_owner(struct ddns_store *store, const char *sql, struct db_query *q,
    int64_t zone_id, struct ddns_span key)
{
	enum ddns_err err = db_query_take(store, sql, q);

	if (err != DDNS_OK)
		return err;
	sqlite3_bind_int64(q->stmt, 1, zone_id);
	return db_err(store,
	    sqlite3_bind_blob(q->stmt, 2,
		key.len_bytes != 0 ? (const void *)key.base : "",
		(int)key.len_bytes, SQLITE_STATIC));
}

enum ddns_err
ddns_store_rr_lookup(struct ddns_store *store, int64_t zone_id,
    const struct ddns_name *owner, uint16_t type, ddns_rr_fn *each, void *arg)
{
	uint8_t key[DDNS_NAME_KEY_MAX];
	struct ddns_span span = { key, ddns_name_key(owner, key) };
	struct ddns_rr rr;
	struct db_query q;
	enum ddns_err err;

	if (type == DDNS_TYPE_ANY) {
		err = start_owner(store,
		    "SELECT type, ttl_s, rdata, content FROM rr"
		    " WHERE zone_id = ? AND name_key = ?",
		    &q, zone_id, span);
	} else {
		err = start_owner(store,
		    "SELECT type, ttl_s, rdata, content FROM rr"
		    " WHERE zone_id = ? AND name_key = ? AND type = ?",
		    &q, zone_id, span);
		if (err == DDNS_OK)
			sqlite3_bind_int(q.stmt, 3, type);
	}
	rr.zone_id = zone_id;
	rr.owner.len_bytes = 0;
	while (err == DDNS_OK && db_query_step(&q, &err)) {
		if (rr.owner.len_bytes == 0) {
			rr.owner = *owner;
			ddns_name_lower(&rr.owner);
		}
		err = read_rr(&q, &rr);
		if (err == DDNS_OK)
			err = each(&rr, arg);
	}
	return db_query_end(&q, err);
}

/* Rows of more than one owner: columns as read_rr(), key, zone. */
static enum ddns_err
walk(struct db_query *q, enum ddns_err err, ddns_rr_fn *each, void *arg)
{
	struct ddns_rr rr;

	while (err == DDNS_OK && db_query_step(q, &err)) {
		err = read_rr(q, &rr);
		db_col_key(q, 4, &rr.owner, &err);
		rr.zone_id = db_col_int(q, 5);
		if (err == DDNS_OK)
			err = each(&rr, arg);
	}
	return db_query_end(q, err);
}

enum ddns_err
ddns_store_rr_list(struct ddns_store *store, int64_t zone_id,
    ddns_rr_fn *each, void *arg)
{
	struct db_query q;
	enum ddns_err err = db_query_start(store,
	    "SELECT type, ttl_s, rdata, content, name_key, zone_id FROM rr"
	    " WHERE zone_id = ? ORDER BY name_key, type, rdata",
	    &q, DB_ARGS(db_int(zone_id)));

	return walk(&q, err, each, arg);
}

enum ddns_err
ddns_store_rr_pointing(struct ddns_store *store,
    const struct ddns_name *target, ddns_rr_fn *each, void *arg)
{
	struct db_query q;
	enum ddns_err err = db_query_start(store,
	    "SELECT type, ttl_s, rdata, content, name_key, zone_id FROM rr"
	    " WHERE target_key = ? ORDER BY zone_id, name_key, type",
	    &q, DB_ARGS(db_key(target)));

	return walk(&q, err, each, arg);
}

/* Does the query give a row? */
static enum ddns_err
get_any(struct db_query *q, enum ddns_err err, bool *ret)
{
	bool any = false;

	if (err == DDNS_OK)
		any = db_query_step(q, &err);
	err = db_query_end(q, err);
	if (err == DDNS_OK)
		*ret = any;
	return err;
}

/*
 * The keys below a name are those that start with its key.  That ends with a
 * zero byte, so with a one in its place it is the first key behind them all.
 */
enum ddns_err
ddns_store_rr_any_below(struct ddns_store *store, int64_t zone_id,
    const struct ddns_name *name, bool *ret)
{
	uint8_t key[DDNS_NAME_KEY_MAX], end[DDNS_NAME_KEY_MAX];
	struct ddns_span span = { key, ddns_name_key(name, key) };
	struct db_query q;
	enum ddns_err err;

	if (span.len_bytes == 0) {
		err = start_owner(store,
		    "SELECT 1 FROM rr WHERE zone_id = ? AND name_key > ?"
		    " LIMIT 1",
		    &q, zone_id, span);
		return get_any(&q, err, ret);
	}
	memcpy(end, key, span.len_bytes);
	end[span.len_bytes - 1] = 1;
	err = start_owner(store,
	    "SELECT 1 FROM rr WHERE zone_id = ? AND name_key > ?"
	    " AND name_key < ? LIMIT 1",
	    &q, zone_id, span);
	if (err == DDNS_OK)
		err = db_err(store, sqlite3_bind_blob(q.stmt, 3, end,
		    (int)span.len_bytes, SQLITE_STATIC));
	return get_any(&q, err, ret);
}

enum ddns_err
ddns_store_rr_any_at(struct ddns_store *store, int64_t zone_id,
    const struct ddns_name *name, bool *ret)
{
	uint8_t key[DDNS_NAME_KEY_MAX];
	struct ddns_span span = { key, ddns_name_key(name, key) };
	struct db_query q;
	enum ddns_err err = start_owner(store,
	    "SELECT 1 FROM rr WHERE zone_id = ? AND name_key = ? LIMIT 1", &q,
	    zone_id, span);

	return get_any(&q, err, ret);
}

/* ---- sets ---- */

static enum ddns_err
add_to_set(const struct ddns_rr *rr, void *arg)
{
	return ddns_rrset_add(arg, rr->ttl_s, rr->rdata);
}

enum ddns_err
ddns_store_rrset_get(struct ddns_store *store, int64_t zone_id,
    const struct ddns_name *owner, uint16_t type, struct ddns_rrset *ret)
{
	ddns_rrset_reset(ret);
	return ddns_store_rr_lookup(store, zone_id, owner, type, add_to_set,
	    ret);
}

/* One RRset on its way into the rows. */
struct put {
	struct ddns_store *store;
	int64_t zone_id;
	const struct ddns_name *owner;
	struct ddns_span key;
	uint16_t type;
	uint32_t ttl_s;
};

static enum ddns_err
delete_row(const struct put *p, struct ddns_span rdata)
{
	return db_run(p->store,
	    "DELETE FROM rr WHERE zone_id = ? AND name_key = ? AND type = ?"
	    " AND rdata = ?",
	    DB_ARGS(db_int(p->zone_id), db_blob(p->key), db_int(p->type),
		db_blob(rdata)));
}

static enum ddns_err
insert_row(const struct put *p, struct ddns_span rdata)
{
	struct ddns_buf *content = &p->store->content;
	uint8_t key[DDNS_NAME_KEY_MAX];
	struct ddns_span target_key = { key, 0 };
	struct ddns_name target;
	enum ddns_err err = DDNS_OK;

	ddns_buf_reset(content);
	if (p->type != DDNS_TYPE_NONE)
		err = ddns_rdata_format(p->type, rdata, content);
	if (err == DDNS_OK)
		err = content->err;
	if (err != DDNS_OK)
		return err;
	if (ddns_rdata_target(p->type, rdata, &target))
		target_key.len_bytes = ddns_name_key(&target, key);
	return db_run(p->store,
	    "INSERT INTO rr (zone_id, name_key, type, rdata, ttl_s, name,"
	    " content, target_key) VALUES (?,?,?,?,?,?,?,?)",
	    DB_ARGS(db_int(p->zone_id), db_blob(p->key), db_int(p->type),
		db_blob(rdata), db_int(p->ttl_s), db_name(p->owner),
		db_text(ddns_buf_text(content)),
		db_blob_or_null(target_key)));
}

static enum ddns_err
set_ttl(const struct put *p)
{
	return db_run(p->store,
	    "UPDATE rr SET ttl_s = ? WHERE zone_id = ? AND name_key = ?"
	    " AND type = ?",
	    DB_ARGS(db_int(p->ttl_s), db_int(p->zone_id), db_blob(p->key),
		db_int(p->type)));
}

/* RFC 4034 s.6.3: as left-justified octets, a shorter one first. */
static int
compare_rdata(struct ddns_span a, struct ddns_span b)
{
	size_t len = a.len_bytes < b.len_bytes ? a.len_bytes : b.len_bytes;
	int c = len != 0 ? memcmp(a.base, b.base, len) : 0;

	if (c != 0)
		return c;
	return a.len_bytes < b.len_bytes ? -1 : a.len_bytes > b.len_bytes;
}

/* Walks both sets, which are sorted, side by side. */
static enum ddns_err
write_difference(const struct put *p, const struct ddns_rrset *old,
    const struct ddns_rrset *set)
{
	struct ddns_span a, b;
	size_t pos_a = 0, pos_b = 0;
	bool has_a = ddns_rrset_next(old, &pos_a, &a);
	bool has_b = ddns_rrset_next(set, &pos_b, &b);
	enum ddns_err err = DDNS_OK;

	if (has_a && has_b && ddns_rrset_ttl_s(old) != p->ttl_s)
		err = set_ttl(p);
	while (err == DDNS_OK && (has_a || has_b)) {
		int c = !has_a ? 1 : !has_b ? -1 : compare_rdata(a, b);

		if (c < 0)
			err = delete_row(p, a);
		else if (c > 0)
			err = insert_row(p, b);
		if (c <= 0)
			has_a = ddns_rrset_next(old, &pos_a, &a);
		if (c >= 0)
			has_b = ddns_rrset_next(set, &pos_b, &b);
	}
	return err;
}

enum ddns_err
ddns_store_rrset_put(struct ddns_store *store, int64_t zone_id,
    const struct ddns_name *owner, uint16_t type,
    const struct ddns_rrset *set)
{
	uint8_t key[DDNS_NAME_KEY_MAX];
	struct put p = { store, zone_id, owner,
		{ key, ddns_name_key(owner, key) }, type,
		ddns_rrset_ttl_s(set) };
	bool own;
	enum ddns_err err = db_write_begin(store, &own);

	if (err == DDNS_OK)
		err = ddns_store_rrset_get(store, zone_id, owner, type,
		    &store->old);
	if (err == DDNS_OK)
		err = write_difference(&p, &store->old, set);
	return db_write_end(store, own, err);
}
