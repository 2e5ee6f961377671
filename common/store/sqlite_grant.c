/* SPDX-License-Identifier: BSD-3-Clause */
#include "common/store/sqlite_db.h"

#include <stdio.h>

/* Grants: the ordered list of what a credential may change. */

enum { GRANT_KINDS =
#define ADD_ONE(code, text) +1
	    DDNS_GRANT_MAP(ADD_ONE) };

static void
read_target(struct db_query *q, struct ddns_grant *ret, enum ddns_err *err)
{
	const char *name = db_col_text(q, 5, err);
	const char *range = db_col_text(q, 6, err);

	ret->name = (struct ddns_name){ 0 };
	ret->range = (struct ddns_prefix){ 0 };
	if (name[0] != '\0')
		db_col_name(q, 5, &ret->name, err);
	if (range[0] != '\0' &&
	    ddns_prefix_parse(range, &ret->range) != DDNS_OK)
		*err = DDNS_EFORMAT;
}

static enum ddns_err
read_grant(struct db_query *q, struct ddns_grant *ret)
{
	int64_t kind = db_col_int(q, 4);
	enum ddns_err err = DDNS_OK;

	ret->id = db_col_int(q, 0);
	ret->cred_id = db_col_int(q, 1);
	ret->position = (int)db_col_int(q, 2);
	ret->deny = db_col_int(q, 3) != 0;
	ret->kind = (enum ddns_grant_kind)kind;
	read_target(q, ret, &err);
	ret->types = db_col_text(q, 7, &err);
	if (kind < 0 || kind >= GRANT_KINDS)
		err = DDNS_EFORMAT;
	return err;
}

static void
format_range(const struct ddns_grant *grant, char *out, size_t cap)
{
	char addr[DDNS_ADDR_TEXT_MAX];

	out[0] = '\0';
	if (grant->kind != DDNS_GRANT_RANGE)
		return;
	ddns_addr_format(&grant->range.addr, addr);
	snprintf(out, cap, "%s/%u", addr, grant->range.len_bits);
}

/* Makes room at that position; 0 becomes the one behind the last. */
static enum ddns_err
choose_position(struct ddns_store *store, int64_t cred_id, int64_t *position)
{
	if (*position == 0)
		return db_get_int(store,
		    "SELECT coalesce(max(position), 0) + 1 FROM \"grant\""
		    " WHERE cred_id = ?",
		    position, DB_ARGS(db_int(cred_id)));
	return db_run(store,
	    "UPDATE \"grant\" SET position = position + 1"
	    " WHERE cred_id = ? AND position >= ?",
	    DB_ARGS(db_int(cred_id), db_int(*position)));
}

enum ddns_err
ddns_store_grant_add(struct ddns_store *store, const struct ddns_grant *grant,
    int64_t *ret_id)
{
	char range[DDNS_ADDR_TEXT_MAX + 8];
	int64_t position = grant->position, id = 0;
	bool own;
	enum ddns_err err = db_write_begin(store, &own);

	format_range(grant, range, sizeof(range));
	if (err == DDNS_OK)
		err = choose_position(store, grant->cred_id, &position);
	if (err == DDNS_OK)
		err = db_policy_add(store,
		    "INSERT INTO \"grant\" (cred_id, position, deny, kind,"
		    " name, range, types) VALUES (?,?,?,?,?,?,?)",
		    &id,
		    DB_ARGS(db_int(grant->cred_id), db_int(position),
			db_int(grant->deny), db_int(grant->kind),
			db_name(&grant->name), db_text(range),
			db_text(grant->types)));
	err = db_write_end(store, own, err);
	if (err == DDNS_OK)
		*ret_id = id;
	return err;
}

enum ddns_err
ddns_store_grant_list(struct ddns_store *store, int64_t cred_id,
    ddns_grant_fn *each, void *arg)
{
	struct ddns_grant grant;
	struct db_query q;
	enum ddns_err err = db_query_start(store,
	    "SELECT id, cred_id, position, deny, kind, name, range, types"
	    " FROM \"grant\" WHERE cred_id = ? ORDER BY position, id",
	    &q, DB_ARGS(db_int(cred_id)));

	while (err == DDNS_OK && db_query_step(&q, &err)) {
		err = read_grant(&q, &grant);
		if (err == DDNS_OK)
			err = each(&grant, arg);
	}
	return db_query_end(&q, err);
}

enum ddns_err
ddns_store_grant_delete(struct ddns_store *store, int64_t id)
{
	return db_policy_change(store, "DELETE FROM \"grant\" WHERE id = ?",
	    DB_ARGS(db_int(id)));
}

/* A subtree that starts at the host is about the names below: it stays. */
enum ddns_err
ddns_store_grant_rename(struct ddns_store *store,
    const struct ddns_name *from, const struct ddns_name *to)
{
	enum ddns_err err;

	if (to == NULL)
		err = db_policy_change(store,
		    "DELETE FROM \"grant\" WHERE name = ? AND kind IN (?, ?)",
		    DB_ARGS(db_name(from), db_int(DDNS_GRANT_NAME),
			db_int(DDNS_GRANT_ACME)));
	else
		err = db_policy_change(store,
		    "UPDATE \"grant\" SET name = ? WHERE name = ?"
		    " AND kind IN (?, ?)",
		    DB_ARGS(db_name(to), db_name(from),
			db_int(DDNS_GRANT_NAME), db_int(DDNS_GRANT_ACME)));
	return err == DDNS_ENOTFOUND ? DDNS_OK : err; /* none names it */
}
