/* SPDX-License-Identifier: BSD-3-Clause */
#include "common/store/sqlite_db.h"

#include <string.h>

/* Credentials and the secrets that prove them. */

#define COLUMNS                                                    \
	"c.id, c.account_id, c.kind, c.name, c.flags, c.note,"     \
	" c.created_s, c.expires_s, c.last_used_s"
#define SECRET_COLUMNS                                             \
	"s.id, s.cred_id, s.hash, s.sealed, s.alg, s.created_s,"   \
	" s.expires_s"
#define SECRET_AT 9   /* in a row that holds both */
#define ACCOUNT_AT 16

static enum ddns_err
read_cred(struct db_query *q, struct ddns_cred *ret)
{
	int64_t kind = db_col_int(q, 2);
	enum ddns_err err = DDNS_OK;

	ret->id = db_col_int(q, 0);
	ret->account_id = db_col_int(q, 1);
	ret->kind = (enum ddns_cred_kind)kind;
	ret->name = db_col_text(q, 3, &err);
	ret->flags = db_col_u32(q, 4, &err);
	ret->note = db_col_text(q, 5, &err);
	ret->created.v = db_col_int(q, 6);
	ret->expires.v = db_col_int(q, 7);
	ret->last_used.v = db_col_int(q, 8);
	if (kind != DDNS_CRED_TOKEN && kind != DDNS_CRED_TSIG)
		err = DDNS_EFORMAT;
	return err;
}

enum ddns_err
ddns_store_cred_add(struct ddns_store *store, const struct ddns_cred *cred,
    int64_t *ret_id)
{
	return db_policy_add(store,
	    "INSERT INTO cred (account_id, kind, name, flags, note,"
	    " created_s, expires_s, last_used_s) VALUES (?,?,?,?,?,?,?,?)",
	    ret_id,
	    DB_ARGS(db_int(cred->account_id), db_int(cred->kind),
		db_text(cred->name), db_int(cred->flags),
		db_text(cred->note), db_int(cred->created.v),
		db_int(cred->expires.v), db_int(cred->last_used.v)));
}

static void
keep_cred(struct ddns_store *store, const struct ddns_cred *cred,
    struct ddns_cred *ret)
{
	*ret = *cred;
	ret->name = db_keep_text(store, cred->name);
	ret->note = db_keep_text(store, cred->note);
}

static enum ddns_err
get_cred(struct db_query *q, enum ddns_err err, struct ddns_cred *ret)
{
	struct ddns_cred cred;

	if (err == DDNS_OK)
		err = read_cred(q, &cred);
	if (err == DDNS_OK)
		err = db_keep_row(q);
	if (err == DDNS_OK)
		keep_cred(q->store, &cred, ret);
	return db_query_end(q, err);
}

enum ddns_err
ddns_store_cred_get(struct ddns_store *store, int64_t id,
    struct ddns_cred *ret)
{
	struct db_query q;
	enum ddns_err err = db_query_one(store,
	    "SELECT " COLUMNS " FROM cred c WHERE c.id = ?", &q,
	    DB_ARGS(db_int(id)));

	return get_cred(&q, err, ret);
}

enum ddns_err
ddns_store_cred_get_named(struct ddns_store *store, const char *name,
    struct ddns_cred *ret)
{
	struct db_query q;
	enum ddns_err err = db_query_one(store,
	    "SELECT " COLUMNS " FROM cred c WHERE c.name = ?", &q,
	    DB_ARGS(db_text(name)));

	return get_cred(&q, err, ret);
}

enum ddns_err
ddns_store_cred_list(struct ddns_store *store, int64_t account_id,
    enum ddns_cred_kind kind, ddns_cred_fn *each, void *arg)
{
	struct ddns_cred cred;
	struct db_query q;
	enum ddns_err err = db_query_start(store,
	    "SELECT " COLUMNS " FROM cred c WHERE ?1 IN (0, c.account_id)"
	    " AND ?2 IN (0, c.kind) ORDER BY c.name",
	    &q, DB_ARGS(db_int(account_id), db_int(kind)));

	while (err == DDNS_OK && db_query_step(&q, &err)) {
		err = read_cred(&q, &cred);
		if (err == DDNS_OK)
			err = each(&cred, arg);
	}
	return db_query_end(&q, err);
}

enum ddns_err
ddns_store_cred_set(struct ddns_store *store, const struct ddns_cred *cred)
{
	return db_policy_change(store,
	    "UPDATE cred SET name = ?, flags = ?, note = ?, expires_s = ?"
	    " WHERE id = ?",
	    DB_ARGS(db_text(cred->name), db_int(cred->flags),
		db_text(cred->note), db_int(cred->expires.v),
		db_int(cred->id)));
}

enum ddns_err
ddns_store_cred_touch(struct ddns_store *store, int64_t id,
    struct ddns_unix_s last_used)
{
	return db_write(store, "UPDATE cred SET last_used_s = ? WHERE id = ?",
	    DB_ARGS(db_int(last_used.v), db_int(id)));
}

enum ddns_err
ddns_store_cred_delete(struct ddns_store *store, int64_t id)
{
	return db_policy_change(store, "DELETE FROM cred WHERE id = ?",
	    DB_ARGS(db_int(id)));
}

/* ---- secrets ---- */

static enum ddns_err
read_secret(struct db_query *q, int at, struct ddns_cred_secret *ret)
{
	struct ddns_span hash = db_col_blob(q, at + 2);
	enum ddns_err err = DDNS_OK;

	ret->id = db_col_int(q, at);
	ret->cred_id = db_col_int(q, at + 1);
	ret->sealed = db_col_blob(q, at + 3);
	ret->alg = db_col_text(q, at + 4, &err);
	ret->created.v = db_col_int(q, at + 5);
	ret->expires.v = db_col_int(q, at + 6);
	if (hash.len_bytes != DDNS_HASH_BYTES)
		return DDNS_EFORMAT;
	memcpy(ret->hash, hash.base, DDNS_HASH_BYTES);
	return err;
}

enum ddns_err
ddns_store_secret_add(struct ddns_store *store,
    const struct ddns_cred_secret *secret)
{
	int64_t ignored;

	return db_policy_add(store,
	    "INSERT INTO secret (cred_id, hash, sealed, alg, created_s,"
	    " expires_s) VALUES (?,?,?,?,?,?)",
	    &ignored,
	    DB_ARGS(db_int(secret->cred_id),
		db_blob((struct ddns_span){ secret->hash,
		    DDNS_HASH_BYTES }),
		db_blob_or_null(secret->sealed), db_text(secret->alg),
		db_int(secret->created.v), db_int(secret->expires.v)));
}

static enum ddns_err
read_account(struct db_query *q, struct ddns_account *ret)
{
	enum ddns_err err = DDNS_OK;

	ret->id = db_col_int(q, ACCOUNT_AT);
	ret->name = db_col_text(q, ACCOUNT_AT + 1, &err);
	ret->note = db_col_text(q, ACCOUNT_AT + 2, &err);
	ret->disabled = db_col_int(q, ACCOUNT_AT + 3) != 0;
	ret->created.v = db_col_int(q, ACCOUNT_AT + 4);
	return err;
}

enum ddns_err
ddns_store_secret_find(struct ddns_store *store,
    const uint8_t hash[DDNS_HASH_BYTES], struct ddns_cred_secret *ret_secret,
    struct ddns_cred *ret_cred, struct ddns_account *ret_account)
{
	struct ddns_cred_secret secret;
	struct ddns_account account;
	struct ddns_cred cred;
	struct db_query q;
	enum ddns_err err = db_query_one(store,
	    "SELECT " COLUMNS ", " SECRET_COLUMNS ", a.id, a.name, a.note,"
	    " a.disabled, a.created_s FROM secret s"
	    " JOIN cred c ON c.id = s.cred_id"
	    " JOIN account a ON a.id = c.account_id WHERE s.hash = ?",
	    &q,
	    DB_ARGS(db_blob((struct ddns_span){ hash, DDNS_HASH_BYTES })));

	if (err == DDNS_OK)
		err = read_cred(&q, &cred);
	if (err == DDNS_OK)
		err = read_secret(&q, SECRET_AT, &secret);
	if (err == DDNS_OK)
		err = read_account(&q, &account);
	if (err == DDNS_OK)
		err = db_keep_row(&q);
	if (err == DDNS_OK) {
		keep_cred(store, &cred, ret_cred);
		*ret_secret = secret;
		ret_secret->sealed = db_keep_span(store, secret.sealed);
		ret_secret->alg = db_keep_text(store, secret.alg);
		*ret_account = account;
		ret_account->name = db_keep_text(store, account.name);
		ret_account->note = db_keep_text(store, account.note);
	}
	return db_query_end(&q, err);
}

enum ddns_err
ddns_store_secret_list(struct ddns_store *store, int64_t cred_id,
    ddns_cred_secret_fn *each, void *arg)
{
	struct ddns_cred_secret secret;
	struct db_query q;
	enum ddns_err err = db_query_start(store,
	    "SELECT " SECRET_COLUMNS " FROM secret s WHERE s.cred_id = ?"
	    " ORDER BY s.id",
	    &q, DB_ARGS(db_int(cred_id)));

	while (err == DDNS_OK && db_query_step(&q, &err)) {
		err = read_secret(&q, 0, &secret);
		if (err == DDNS_OK)
			err = each(&secret, arg);
	}
	return db_query_end(&q, err);
}

enum ddns_err
ddns_store_secret_expire(struct ddns_store *store, int64_t cred_id,
    struct ddns_unix_s expires)
{
	enum ddns_err err = db_policy_change(store,
	    "UPDATE secret SET expires_s = ?1 WHERE cred_id = ?2"
	    " AND (expires_s = 0 OR expires_s > ?1)",
	    DB_ARGS(db_int(expires.v), db_int(cred_id)));

	return err == DDNS_ENOTFOUND ? DDNS_OK : err; /* none ends later */
}
