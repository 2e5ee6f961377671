/* SPDX-License-Identifier: BSD-3-Clause */
#include "common/store/sqlite_db.h"

/*
 * The journal.  Its rows are numbered by the engine's row ids: the highest
 * there is plus one, and the highest is never removed.  With one writer at a
 * time that is the order of commits.
 */

#define COLUMNS                                                       \
	"seq, time_ms, request, protocol, result, reason, account,"   \
	" credential, source, user_agent, zone_id, serial, name, type," \
	" old_set, new_set, flags, repeats, last_ms"

static enum ddns_err
read_row(struct db_query *q, struct ddns_journal_row *row)
{
	int64_t type = db_col_int(q, 13);
	enum ddns_err err = DDNS_OK;

	row->seq = db_col_int(q, 0);
	row->time.v = db_col_int(q, 1);
	row->request = db_col_int(q, 2);
	row->protocol = db_col_text(q, 3, &err);
	row->result = db_col_text(q, 4, &err);
	row->reason = db_col_text(q, 5, &err);
	row->account = db_col_text(q, 6, &err);
	row->credential = db_col_text(q, 7, &err);
	row->source = db_col_text(q, 8, &err);
	row->user_agent = db_col_text(q, 9, &err);
	row->zone_id = db_col_int(q, 10);
	row->serial = db_col_u32(q, 11, &err);
	row->name = db_col_text(q, 12, &err);
	row->type = (uint16_t)type;
	row->old_set = db_col_blob(q, 14);
	row->new_set = db_col_blob(q, 15);
	row->flags = db_col_u32(q, 16, &err);
	row->repeats = db_col_u32(q, 17, &err);
	row->last.v = db_col_int(q, 18);
	return type < 0 || type > UINT16_MAX ? DDNS_EFORMAT : err;
}

static enum ddns_err
walk(struct db_query *q, enum ddns_err err, ddns_journal_fn *each, void *arg)
{
	struct ddns_journal_row row;

	while (err == DDNS_OK && db_query_step(q, &err)) {
		err = read_row(q, &row);
		if (err == DDNS_OK)
			err = each(&row, arg);
	}
	return db_query_end(q, err);
}

enum ddns_err
ddns_journal_append(struct ddns_store *store,
    const struct ddns_journal_row *row, int64_t *ret_seq)
{
	int64_t last_ms = row->last.v != 0 ? row->last.v : row->time.v;
	bool own;
	enum ddns_err err = db_write_begin(store, &own);
	int64_t seq = 0;

	if (err == DDNS_OK)
		err = db_run(store,
		    "INSERT INTO journal (time_ms, request, protocol, result,"
		    " reason, account, credential, source, user_agent,"
		    " zone_id, serial, name, type, old_set, new_set, flags,"
		    " repeats, last_ms)"
		    " VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
		    DB_ARGS(db_int(row->time.v), db_int(row->request),
			db_text(row->protocol), db_text(row->result),
			db_text(row->reason), db_text(row->account),
			db_text(row->credential), db_text(row->source),
			db_text(row->user_agent), db_int(row->zone_id),
			db_int(row->serial), db_text(row->name),
			db_int(row->type), db_blob_or_null(row->old_set),
			db_blob_or_null(row->new_set), db_int(row->flags),
			db_int(row->repeats != 0 ? row->repeats : 1),
			db_int(last_ms)));
	if (err == DDNS_OK)
		seq = sqlite3_last_insert_rowid(store->db);
	err = db_write_end(store, own, err);
	if (err == DDNS_OK)
		*ret_seq = seq;
	return err;
}

enum ddns_err
ddns_journal_feed(struct ddns_store *store, int64_t after, unsigned max,
    ddns_journal_fn *each, void *arg)
{
	struct db_query q;
	enum ddns_err err = db_query_start(store,
	    "SELECT " COLUMNS " FROM journal WHERE seq > ? AND flags & 1"
	    " ORDER BY seq LIMIT ?",
	    &q, DB_ARGS(db_int(after), db_int(max)));

	return walk(&q, err, each, arg);
}

enum ddns_err
ddns_journal_last(struct ddns_store *store, int64_t *ret)
{
	return db_get_int(store, "SELECT coalesce(max(seq), 0) FROM journal",
	    ret, DB_NO_ARGS);
}

enum ddns_err
ddns_journal_before(struct ddns_store *store, struct ddns_unix_ms t,
    int64_t *ret)
{
	int64_t seq = 0;
	enum ddns_err err = db_get_int(store,
	    "SELECT seq FROM journal WHERE time_ms < ?"
	    " ORDER BY seq DESC LIMIT 1",
	    &seq, DB_ARGS(db_int(t.v)));

	if (err != DDNS_OK && err != DDNS_ENOTFOUND)
		return err;
	*ret = seq;
	return DDNS_OK;
}

/* ---- the history of a zone ---- */

/*
 * Where the zone had the serial `from`: the last row that carries it.  Rows
 * go away from the oldest on, so all after a row that is there are there too.
 * Without such a row only the present serial has a history: an empty one.
 */
static enum ddns_err
find_serial(struct ddns_store *store, int64_t zone_id, uint32_t from,
    int64_t *ret_seq)
{
	int64_t serial;
	enum ddns_err err = db_get_int(store,
	    "SELECT seq FROM journal WHERE zone_id = ? AND serial = ?"
	    " AND flags & 1 ORDER BY seq DESC LIMIT 1",
	    ret_seq, DB_ARGS(db_int(zone_id), db_int(from)));

	if (err != DDNS_ENOTFOUND)
		return err;
	err = db_get_int(store, "SELECT serial FROM zone WHERE id = ?",
	    &serial, DB_ARGS(db_int(zone_id)));
	if (err == DDNS_OK && serial != from)
		err = DDNS_ENOTFOUND;
	if (err == DDNS_OK)
		err = ddns_journal_last(store, ret_seq);
	return err;
}

static enum ddns_err
check_no_zone_row(struct ddns_store *store, int64_t zone_id, int64_t after)
{
	int64_t there;
	enum ddns_err err = db_get_int(store,
	    "SELECT EXISTS (SELECT 1 FROM journal WHERE zone_id = ?"
	    " AND flags & 16 AND seq > ?)",
	    &there, DB_ARGS(db_int(zone_id), db_int(after)));

	return err == DDNS_OK && there != 0 ? DDNS_ENOTFOUND : err;
}

/*
 * After that row serials only rise, round the corner from 2^32-1 to 1 at the
 * most once (else RFC 1982 could not tell which is newer): so the rows come by
 * the index of serials, first those above `from`, then those below.
 */
static enum ddns_err
walk_serials(struct ddns_store *store, int64_t zone_id, uint32_t from,
    int64_t after, ddns_journal_fn *each, void *arg)
{
	static const char above[] = "SELECT " COLUMNS " FROM journal"
	    " WHERE zone_id = ? AND flags & 1 AND serial > ? AND seq > ?"
	    " ORDER BY serial, seq";
	static const char below[] = "SELECT " COLUMNS " FROM journal"
	    " WHERE zone_id = ? AND flags & 1 AND serial < ? AND seq > ?"
	    " ORDER BY serial, seq";
	const char *const parts[] = { above, below };
	enum ddns_err err = DDNS_OK;

	for (size_t i = 0; err == DDNS_OK && i < DDNS_COUNT(parts); i++) {
		struct db_query q;

		err = db_query_start(store, parts[i], &q,
		    DB_ARGS(db_int(zone_id), db_int(from), db_int(after)));
		err = walk(&q, err, each, arg);
	}
	return err;
}

enum ddns_err
ddns_journal_zone(struct ddns_store *store, int64_t zone_id, uint32_t from,
    ddns_journal_fn *each, void *arg)
{
	bool own = store->tx == DB_TX_NONE;
	int64_t after = 0;
	enum ddns_err err = DDNS_OK;

	if (own)
		err = ddns_store_begin(store, DDNS_STORE_READ);
	if (err == DDNS_OK)
		err = find_serial(store, zone_id, from, &after);
	if (err == DDNS_OK)
		err = check_no_zone_row(store, zone_id, after);
	if (err == DDNS_OK)
		err = walk_serials(store, zone_id, from, after, each, arg);
	if (own)
		ddns_store_rollback(store);
	return err;
}

/* ---- for people ---- */

#define FITS                                                            \
	"seq > ?1 AND (?2 IS NULL OR name = ?2 COLLATE NOCASE)"         \
	" AND (?3 IS NULL OR account = ?3)"                             \
	" AND (?4 IS NULL OR credential = ?4)"                          \
	" AND (?5 IS NULL OR result = ?5)"                              \
	" AND (?6 IS NULL OR source = ?6)"                              \
	" AND (?7 = 0 OR time_ms >= ?7) AND (?8 = 0 OR time_ms < ?8)"   \
	" AND (?9 = 0 OR flags & 1) AND (?10 = 0 OR result NOT IN"      \
	" ('good', 'nochg', 'NOERROR', 'OK'))"

enum ddns_err
ddns_journal_query(struct ddns_store *store,
    const struct ddns_journal_filter *f, ddns_journal_fn *each, void *arg)
{
	struct db_query q;
	enum ddns_err err = db_query_start(store,
	    f->max == 0
		? "SELECT " COLUMNS " FROM journal WHERE " FITS
		  " AND ?11 = 0 ORDER BY seq"
		: "SELECT " COLUMNS " FROM journal WHERE seq IN"
		  " (SELECT seq FROM journal WHERE " FITS
		  " ORDER BY seq DESC LIMIT ?11) ORDER BY seq",
	    &q,
	    DB_ARGS(db_int(f->after), db_text_or_null(f->name),
		db_text_or_null(f->account), db_text_or_null(f->credential),
		db_text_or_null(f->result), db_text_or_null(f->source),
		db_int(f->since.v), db_int(f->until.v),
		db_int(f->changed_only), db_int(f->failed_only),
		db_int(f->max)));

	return walk(&q, err, each, arg);
}

/* ---- trimming ---- */

/* The last row that nobody needs any more; the newest is always needed. */
static enum ddns_err
get_trim_limit(struct ddns_store *store, int64_t *ret)
{
	return db_get_int(store,
	    "SELECT coalesce(min((SELECT max(seq) - 1 FROM journal),"
	    " (SELECT coalesce(min(seq), 9223372036854775807)"
	    " FROM subscriber)), 0)",
	    ret, DB_NO_ARGS);
}

/* The end of the oldest rows that are all older than t. */
static enum ddns_err
find_trim_end(struct ddns_store *store, struct ddns_unix_ms t, int64_t limit,
    unsigned max, int64_t *ret)
{
	int64_t end = 0;
	struct db_query q;
	enum ddns_err err = db_query_start(store,
	    "SELECT seq, time_ms FROM journal WHERE seq <= ?"
	    " ORDER BY seq LIMIT ?",
	    &q, DB_ARGS(db_int(limit), db_int(max)));

	while (err == DDNS_OK && db_query_step(&q, &err)) {
		if (db_col_int(&q, 1) >= t.v)
			break;
		end = db_col_int(&q, 0);
	}
	err = db_query_end(&q, err);
	if (err == DDNS_OK)
		*ret = end;
	return err;
}

enum ddns_err
ddns_journal_trim(struct ddns_store *store, struct ddns_unix_ms t,
    unsigned max, unsigned *ret_removed)
{
	int64_t limit = 0, end = 0;
	unsigned removed = 0;
	bool own;
	enum ddns_err err = db_write_begin(store, &own);

	if (err == DDNS_OK)
		err = get_trim_limit(store, &limit);
	if (err == DDNS_OK)
		err = find_trim_end(store, t, limit, max, &end);
	if (err == DDNS_OK && end != 0) {
		err = db_run(store, "DELETE FROM journal WHERE seq <= ?",
		    DB_ARGS(db_int(end)));
		removed = (unsigned)sqlite3_changes(store->db);
	}
	err = db_write_end(store, own, err);
	if (err == DDNS_OK)
		*ret_removed = removed;
	return err;
}
