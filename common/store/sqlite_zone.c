/* SPDX-License-Identifier: BSD-3-Clause */
#include "common/store/sqlite_db.h"

#include <stdlib.h>
#include <string.h>

/*
 * Zones and their serials.  A transaction steps the serial of a zone once,
 * however many of its records it changes: what was stepped is kept in the
 * handle until the transaction ends.
 */

#define COLUMNS                                                           \
	"name_key, id, serial, mname, rname, refresh_s, retry_s,"         \
	" expire_s, minimum_s, soa_ttl_s, host_ttl_s, ttl_min_s, ttl_max_s"

static enum ddns_err
read_zone(struct db_query *q, struct ddns_zone *ret)
{
	struct ddns_zone zone = { 0 };
	enum ddns_err err = DDNS_OK;

	db_col_key(q, 0, &zone.name, &err);
	zone.id = db_col_int(q, 1);
	zone.serial = db_col_u32(q, 2, &err);
	db_col_name(q, 3, &zone.mname, &err);
	db_col_name(q, 4, &zone.rname, &err);
	zone.refresh_s = db_col_u32(q, 5, &err);
	zone.retry_s = db_col_u32(q, 6, &err);
	zone.expire_s = db_col_u32(q, 7, &err);
	zone.minimum_s = db_col_u32(q, 8, &err);
	zone.soa_ttl_s = db_col_u32(q, 9, &err);
	zone.host_ttl_s = db_col_u32(q, 10, &err);
	zone.ttl_min_s = db_col_u32(q, 11, &err);
	zone.ttl_max_s = db_col_u32(q, 12, &err);
	if (err == DDNS_OK)
		*ret = zone;
	return err;
}

static uint32_t
usable_serial(uint32_t serial)
{
	return serial != 0 ? serial : 1;
}

enum ddns_err
ddns_store_zone_add(struct ddns_store *store, const struct ddns_zone *zone,
    int64_t *ret_id)
{
	return db_policy_add(store,
	    "INSERT INTO zone (name, name_key, serial, mname, rname,"
	    " refresh_s, retry_s, expire_s, minimum_s, soa_ttl_s, host_ttl_s,"
	    " ttl_min_s, ttl_max_s) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)",
	    ret_id,
	    DB_ARGS(db_name(&zone->name), db_key(&zone->name),
		db_int(usable_serial(zone->serial)), db_name(&zone->mname),
		db_name(&zone->rname), db_int(zone->refresh_s),
		db_int(zone->retry_s), db_int(zone->expire_s),
		db_int(zone->minimum_s), db_int(zone->soa_ttl_s),
		db_int(zone->host_ttl_s), db_int(zone->ttl_min_s),
		db_int(zone->ttl_max_s)));
}

enum ddns_err
ddns_store_zone_get(struct ddns_store *store, int64_t id,
    struct ddns_zone *ret)
{
	struct db_query q;
	enum ddns_err err = db_query_one(store,
	    "SELECT " COLUMNS " FROM zone WHERE id = ?", &q,
	    DB_ARGS(db_int(id)));

	if (err == DDNS_OK)
		err = read_zone(&q, ret);
	return db_query_end(&q, err);
}

enum ddns_err
ddns_store_zone_get_named(struct ddns_store *store,
    const struct ddns_name *apex, struct ddns_zone *ret)
{
	struct db_query q;
	enum ddns_err err = db_query_one(store,
	    "SELECT " COLUMNS " FROM zone WHERE name_key = ?", &q,
	    DB_ARGS(db_key(apex)));

	if (err == DDNS_OK)
		err = read_zone(&q, ret);
	return db_query_end(&q, err);
}

/* Up to where the keys name the same labels: each label ends with a zero. */
static size_t
common_labels(struct ddns_span a, struct ddns_span b)
{
	size_t whole = 0;

	for (size_t i = 0; i < a.len_bytes && i < b.len_bytes; i++) {
		if (a.base[i] != b.base[i])
			break;
		if (a.base[i] == 0)
			whole = i + 1;
	}
	return whole;
}

/*
 * The last zone at or before the name in canonical order either holds it, or
 * a zone that holds both can only be an ancestor of their common labels: then
 * the search goes on there.  One step as a rule.
 */
enum ddns_err
ddns_store_zone_find(struct ddns_store *store, const struct ddns_name *name,
    struct ddns_zone *ret)
{
	uint8_t key[DDNS_NAME_KEY_MAX];
	struct ddns_span left = { key, ddns_name_key(name, key) };

	for (;;) {
		struct ddns_span found;
		struct db_query q;
		size_t same;
		enum ddns_err err = db_query_one(store,
		    "SELECT " COLUMNS " FROM zone WHERE name_key <= ?"
		    " ORDER BY name_key DESC LIMIT 1",
		    &q, DB_ARGS(db_blob(left)));

		if (err != DDNS_OK)
			return db_query_end(&q, err);
		found = db_col_blob(&q, 0);
		same = common_labels(found, left);
		if (same == found.len_bytes)
			return db_query_end(&q, read_zone(&q, ret));
		err = same < left.len_bytes ? DDNS_OK : DDNS_EFORMAT;
		err = db_query_end(&q, err);
		if (err != DDNS_OK)
			return err;
		left.len_bytes = same;
	}
}

enum ddns_err
ddns_store_zone_list(struct ddns_store *store, ddns_zone_fn *each, void *arg)
{
	struct db_query q;
	struct ddns_zone zone;
	enum ddns_err err = db_query_start(store,
	    "SELECT " COLUMNS " FROM zone ORDER BY name_key", &q,
	    DB_NO_ARGS);

	while (err == DDNS_OK && db_query_step(&q, &err)) {
		err = read_zone(&q, &zone);
		if (err == DDNS_OK)
			err = each(&zone, arg);
	}
	return db_query_end(&q, err);
}

/* Makes the next step start from what is stored. */
static void
forget_bump(struct ddns_store *store, int64_t id)
{
	for (size_t i = 0; i < store->bump_count; i++)
		if (store->bumps[i].zone_id == id)
			store->bumps[i].zone_id = 0;
}

enum ddns_err
ddns_store_zone_set(struct ddns_store *store, const struct ddns_zone *zone)
{
	forget_bump(store, zone->id);
	return db_policy_change(store,
	    "UPDATE zone SET serial = ?, mname = ?, rname = ?, refresh_s = ?,"
	    " retry_s = ?, expire_s = ?, minimum_s = ?, soa_ttl_s = ?,"
	    " host_ttl_s = ?, ttl_min_s = ?, ttl_max_s = ? WHERE id = ?",
	    DB_ARGS(db_int(usable_serial(zone->serial)),
		db_name(&zone->mname), db_name(&zone->rname),
		db_int(zone->refresh_s), db_int(zone->retry_s),
		db_int(zone->expire_s), db_int(zone->minimum_s),
		db_int(zone->soa_ttl_s), db_int(zone->host_ttl_s),
		db_int(zone->ttl_min_s), db_int(zone->ttl_max_s),
		db_int(zone->id)));
}

/* The rights that name its hosts must not wait for the next owner. */
static enum ddns_err
delete_grants(struct ddns_store *store, int64_t id)
{
	return db_run(store,
	    "DELETE FROM \"grant\" WHERE kind IN (?, ?) AND name IN"
	    " (SELECT name FROM host WHERE zone_id = ?)",
	    DB_ARGS(db_int(DDNS_GRANT_NAME), db_int(DDNS_GRANT_ACME),
		db_int(id)));
}

enum ddns_err
ddns_store_zone_delete(struct ddns_store *store, int64_t id)
{
	bool own;
	enum ddns_err err = db_write_begin(store, &own);

	if (err == DDNS_OK)
		err = delete_grants(store, id);
	if (err == DDNS_OK) /* records and hosts go with it */
		err = db_policy_change(store, "DELETE FROM zone WHERE id = ?",
		    DB_ARGS(db_int(id)));
	if (err == DDNS_OK)
		forget_bump(store, id);
	return db_write_end(store, own, err);
}

/* ---- serials ---- */

static enum ddns_err
step_serial(struct ddns_store *store, int64_t id, uint32_t *ret)
{
	struct db_query q;
	enum ddns_err err = db_query_one(store,
	    "UPDATE zone SET serial = CASE WHEN serial >= 4294967295 THEN 1"
	    " ELSE serial + 1 END WHERE id = ? RETURNING serial",
	    &q, DB_ARGS(db_int(id)));

	if (err == DDNS_OK) {
		*ret = db_col_u32(&q, 0, &err);
		while (err == DDNS_OK && db_query_step(&q, &err))
			; /* to the end: else the change is not complete */
	}
	return db_query_end(&q, err);
}

static enum ddns_err
remember_bump(struct ddns_store *store, int64_t id, uint32_t serial)
{
	if (store->bump_count == store->bump_cap) {
		size_t cap = store->bump_cap != 0 ? store->bump_cap * 2 : 64;
		struct db_bump *bumps = reallocarray(store->bumps, cap,
		    sizeof(*bumps));

		if (bumps == NULL)
			return DDNS_ENOMEM;
		store->bumps = bumps;
		store->bump_cap = cap;
	}
	store->bumps[store->bump_count++] = (struct db_bump){ id, serial };
	return DDNS_OK;
}

enum ddns_err
ddns_store_zone_bump(struct ddns_store *store, int64_t id,
    uint32_t *ret_serial)
{
	uint32_t serial = 0;
	bool own;
	enum ddns_err err;

	for (size_t i = 0; i < store->bump_count; i++) {
		if (store->bumps[i].zone_id == id) {
			*ret_serial = store->bumps[i].serial;
			return DDNS_OK;
		}
	}
	err = db_write_begin(store, &own);
	if (err == DDNS_OK)
		err = step_serial(store, id, &serial);
	if (err == DDNS_OK)
		err = remember_bump(store, id, serial);
	err = db_write_end(store, own, err);
	if (err == DDNS_OK)
		*ret_serial = serial;
	return err;
}

void
ddns_zone_soa_rdata(const struct ddns_zone *zone, struct ddns_buf *out)
{
	ddns_buf_put(out, zone->mname.wire, zone->mname.len_bytes);
	ddns_buf_put(out, zone->rname.wire, zone->rname.len_bytes);
	ddns_buf_put_u32(out, zone->serial);
	ddns_buf_put_u32(out, zone->refresh_s);
	ddns_buf_put_u32(out, zone->retry_s);
	ddns_buf_put_u32(out, zone->expire_s);
	ddns_buf_put_u32(out, zone->minimum_s);
}
