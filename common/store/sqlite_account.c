/* SPDX-License-Identifier: BSD-3-Clause */
#include "common/store/sqlite_db.h"

/* Accounts: who owns hosts and credentials. */

#define COLUMNS "id, name, note, disabled, created_s"

static enum ddns_err
read_account(struct db_query *q, struct ddns_account *ret)
{
	enum ddns_err err = DDNS_OK;

	ret->id = db_col_int(q, 0);
	ret->name = db_col_text(q, 1, &err);
	ret->note = db_col_text(q, 2, &err);
	ret->disabled = db_col_int(q, 3) != 0;
	ret->created.v = db_col_int(q, 4);
	return err;
}

enum ddns_err
ddns_store_account_add(struct ddns_store *store,
    const struct ddns_account *account, int64_t *ret_id)
{
	return db_policy_add(store,
	    "INSERT INTO account (name, note, disabled, created_s)"
	    " VALUES (?,?,?,?)",
	    ret_id,
	    DB_ARGS(db_text(account->name), db_text(account->note),
		db_int(account->disabled), db_int(account->created.v)));
}

static enum ddns_err
get_account(struct db_query *q, enum ddns_err err, struct ddns_account *ret)
{
	struct ddns_account account;

	if (err == DDNS_OK)
		err = read_account(q, &account);
	if (err == DDNS_OK)
		err = db_keep_row(q);
	if (err == DDNS_OK) {
		*ret = account;
		ret->name = db_keep_text(q->store, account.name);
		ret->note = db_keep_text(q->store, account.note);
	}
	return db_query_end(q, err);
}

enum ddns_err
ddns_store_account_get(struct ddns_store *store, int64_t id,
    struct ddns_account *ret)
{
	struct db_query q;
	enum ddns_err err = db_query_one(store,
	    "SELECT " COLUMNS " FROM account WHERE id = ?", &q,
	    DB_ARGS(db_int(id)));

	return get_account(&q, err, ret);
}

enum ddns_err
ddns_store_account_get_named(struct ddns_store *store, const char *name,
    struct ddns_account *ret)
{
	struct db_query q;
	enum ddns_err err = db_query_one(store,
	    "SELECT " COLUMNS " FROM account WHERE name = ?", &q,
	    DB_ARGS(db_text(name)));

	return get_account(&q, err, ret);
}

enum ddns_err
ddns_store_account_list(struct ddns_store *store, ddns_account_fn *each,
    void *arg)
{
	struct ddns_account account;
	struct db_query q;
	enum ddns_err err = db_query_start(store,
	    "SELECT " COLUMNS " FROM account ORDER BY name", &q, DB_NO_ARGS);

	while (err == DDNS_OK && db_query_step(&q, &err)) {
		err = read_account(&q, &account);
		if (err == DDNS_OK)
			err = each(&account, arg);
	}
	return db_query_end(&q, err);
}

enum ddns_err
ddns_store_account_set(struct ddns_store *store,
    const struct ddns_account *account)
{
	return db_policy_change(store,
	    "UPDATE account SET name = ?, note = ?, disabled = ?"
	    " WHERE id = ?",
	    DB_ARGS(db_text(account->name), db_text(account->note),
		db_int(account->disabled), db_int(account->id)));
}

static enum ddns_err
check_no_hosts(struct ddns_store *store, int64_t id)
{
	int64_t hosts;
	enum ddns_err err = db_get_int(store,
	    "SELECT EXISTS (SELECT 1 FROM host WHERE account_id = ?)",
	    &hosts, DB_ARGS(db_int(id)));

	return err == DDNS_OK && hosts != 0 ? DDNS_EDENIED : err;
}

enum ddns_err
ddns_store_account_delete(struct ddns_store *store, int64_t id)
{
	bool own;
	enum ddns_err err = db_write_begin(store, &own);

	if (err == DDNS_OK)
		err = check_no_hosts(store, id);
	if (err == DDNS_OK)
		err = db_policy_change(store,
		    "DELETE FROM account WHERE id = ?", DB_ARGS(db_int(id)));
	return db_write_end(store, own, err);
}
