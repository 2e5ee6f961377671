/* SPDX-License-Identifier: BSD-3-Clause */
#include "common/store/sqlite_db.h"

/* Answers given to signed messages, for when the same octets come again. */

enum ddns_err
ddns_store_replay_get(struct ddns_store *store, struct ddns_unix_s forget_at,
    struct ddns_span mac, struct ddns_buf *out)
{
	struct ddns_span answer;
	struct db_query q;
	enum ddns_err err = db_query_one(store,
	    "SELECT answer FROM replay WHERE forget_s = ? AND mac = ?", &q,
	    DB_ARGS(db_int(forget_at.v), db_blob(mac)));

	if (err == DDNS_OK) {
		answer = db_col_blob(&q, 0);
		ddns_buf_put(out, answer.base, answer.len_bytes);
		err = out->err;
	}
	return db_query_end(&q, err);
}

enum ddns_err
ddns_store_replay_put(struct ddns_store *store, struct ddns_unix_s forget_at,
    struct ddns_span mac, struct ddns_span answer)
{
	return db_write(store,
	    "INSERT INTO replay (forget_s, mac, answer) VALUES (?,?,?)",
	    DB_ARGS(db_int(forget_at.v), db_blob(mac), db_blob(answer)));
}

enum ddns_err
ddns_store_replay_trim(struct ddns_store *store, struct ddns_unix_s now,
    unsigned max, unsigned *ret_removed)
{
	int before = sqlite3_total_changes(store->db);
	enum ddns_err err = db_write(store,
	    "DELETE FROM replay WHERE (forget_s, mac) IN"
	    " (SELECT forget_s, mac FROM replay WHERE forget_s < ?"
	    " ORDER BY forget_s, mac LIMIT ?)",
	    DB_ARGS(db_int(now.v), db_int(max)));

	if (err == DDNS_ENOTFOUND)
		err = DDNS_OK;
	if (err == DDNS_OK)
		*ret_removed = (unsigned)(sqlite3_total_changes(store->db) -
		    before);
	return err;
}
