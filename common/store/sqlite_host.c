/* SPDX-License-Identifier: BSD-3-Clause */
#include "common/store/sqlite_db.h"

/* Hosts: names that an account may keep current. */

#define COLUMNS                                                      \
	"id, zone_id, account_id, name_key, ttl_s, flags, note,"     \
	" created_s, changed_s"

static enum ddns_err
read_host(struct db_query *q, struct ddns_host *ret)
{
	enum ddns_err err = DDNS_OK;

	ret->id = db_col_int(q, 0);
	ret->zone_id = db_col_int(q, 1);
	ret->account_id = db_col_int(q, 2);
	db_col_key(q, 3, &ret->name, &err);
	ret->ttl_s = db_col_u32(q, 4, &err);
	ret->flags = db_col_u32(q, 5, &err);
	ret->note = db_col_text(q, 6, &err);
	ret->created.v = db_col_int(q, 7);
	ret->changed.v = db_col_int(q, 8);
	return err;
}

enum ddns_err
ddns_store_host_add(struct ddns_store *store, const struct ddns_host *host,
    int64_t *ret_id)
{
	return db_policy_add(store,
	    "INSERT INTO host (zone_id, account_id, name, name_key, ttl_s,"
	    " flags, note, created_s, changed_s) VALUES (?,?,?,?,?,?,?,?,?)",
	    ret_id,
	    DB_ARGS(db_int(host->zone_id), db_int(host->account_id),
		db_name(&host->name), db_key(&host->name),
		db_int(host->ttl_s), db_int(host->flags),
		db_text(host->note), db_int(host->created.v),
		db_int(host->changed.v)));
}

enum ddns_err
ddns_store_host_get(struct ddns_store *store, const struct ddns_name *name,
    struct ddns_host *ret)
{
	struct ddns_host host;
	struct db_query q;
	enum ddns_err err = db_query_one(store,
	    "SELECT " COLUMNS " FROM host WHERE name = ?", &q,
	    DB_ARGS(db_name(name)));

	if (err == DDNS_OK)
		err = read_host(&q, &host);
	if (err == DDNS_OK)
		err = db_keep_row(&q);
	if (err == DDNS_OK) {
		*ret = host;
		ret->note = db_keep_text(store, host.note);
	}
	return db_query_end(&q, err);
}

enum ddns_err
ddns_store_host_list(struct ddns_store *store, int64_t account_id,
    int64_t zone_id, ddns_host_fn *each, void *arg)
{
	static const char all[] = "SELECT " COLUMNS " FROM host"
	    " ORDER BY zone_id, name_key";
	static const char of_zone[] = "SELECT " COLUMNS " FROM host"
	    " WHERE zone_id = ?2 AND ?1 IN (0, account_id)"
	    " ORDER BY name_key";
	static const char of_account[] = "SELECT " COLUMNS " FROM host"
	    " WHERE account_id = ?1 AND ?2 IN (0, zone_id)"
	    " ORDER BY zone_id, name_key";
	bool any = account_id == 0 && zone_id == 0;
	struct ddns_host host;
	struct db_query q;
	enum ddns_err err = db_query_start(store,
	    any		      ? all
		: account_id != 0 ? of_account
				  : of_zone,
	    &q,
	    (const struct db_arg[]){ db_int(account_id), db_int(zone_id) },
	    any ? 0 : 2);

	while (err == DDNS_OK && db_query_step(&q, &err)) {
		err = read_host(&q, &host);
		if (err == DDNS_OK)
			err = each(&host, arg);
	}
	return db_query_end(&q, err);
}

enum ddns_err
ddns_store_host_set(struct ddns_store *store, const struct ddns_host *host)
{
	return db_policy_change(store,
	    "UPDATE host SET account_id = ?, name = ?, name_key = ?,"
	    " ttl_s = ?, flags = ?, note = ?, changed_s = ? WHERE id = ?",
	    DB_ARGS(db_int(host->account_id), db_name(&host->name),
		db_key(&host->name), db_int(host->ttl_s),
		db_int(host->flags), db_text(host->note),
		db_int(host->changed.v), db_int(host->id)));
}

enum ddns_err
ddns_store_host_touch(struct ddns_store *store, int64_t id,
    struct ddns_unix_s changed)
{
	return db_write(store, "UPDATE host SET changed_s = ? WHERE id = ?",
	    DB_ARGS(db_int(changed.v), db_int(id)));
}

enum ddns_err
ddns_store_host_delete(struct ddns_store *store, int64_t id)
{
	return db_policy_change(store, "DELETE FROM host WHERE id = ?",
	    DB_ARGS(db_int(id)));
}
