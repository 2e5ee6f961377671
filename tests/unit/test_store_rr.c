/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/unit/store_util.h"

#include <sqlite3.h>

#include "common/dns/rdata.h"

static void
put_text(struct ddns_store *store, int64_t zone_id, const char *owner,
    uint16_t type, uint32_t ttl_s, const char *const *texts, size_t count)
{
	struct ddns_name name = name_of(owner);
	struct ddns_rrset set = { 0 };
	struct ddns_buf rdata = { 0 };

	for (size_t i = 0; i < count; i++) {
		ddns_buf_reset(&rdata);
		assert_ok(ddns_rdata_parse(type, texts[i], &rdata));
		assert_ok(ddns_rrset_add(&set, ttl_s,
		    ddns_buf_span(&rdata)));
	}
	assert_ok(ddns_store_rrset_put(store, zone_id, &name, type, &set));
	ddns_buf_done(&rdata);
	ddns_rrset_done(&set);
}

#define put_texts(store, zone_id, owner, type, ttl_s, ...)               \
	put_text(store, zone_id, owner, type, ttl_s,                     \
	    (const char *const[]){ __VA_ARGS__ },                        \
	    DDNS_COUNT(((const char *const[]){ __VA_ARGS__ })))

static void
put_none(struct ddns_store *store, int64_t zone_id, const char *owner)
{
	struct ddns_name name = name_of(owner);
	struct ddns_rrset set = { 0 };

	assert_ok(ddns_rrset_add(&set, 0,
	    (struct ddns_span){ (const uint8_t *)"", 0 }));
	assert_ok(ddns_store_rrset_put(store, zone_id, &name, DDNS_TYPE_NONE,
	    &set));
	ddns_rrset_done(&set);
}

static void
put_absent(struct ddns_store *store, int64_t zone_id, const char *owner,
    uint16_t type)
{
	struct ddns_name name = name_of(owner);
	struct ddns_rrset set = { 0 };

	assert_ok(ddns_store_rrset_put(store, zone_id, &name, type, &set));
}

/* "owner type ttl content;" for each record */
static enum ddns_err
print(const struct ddns_rr *rr, void *arg)
{
	char owner[DDNS_NAME_TEXT_MAX], type[DDNS_TYPE_TEXT_MAX];

	ddns_name_format(&rr->owner, owner);
	ddns_buf_putf(arg, "%s %s %u %s;", owner,
	    rr->type == 0 ? "-" : ddns_type_format(rr->type, type), rr->ttl_s,
	    rr->content);
	return DDNS_OK;
}

static void
expect_lookup(struct ddns_store *store, int64_t zone_id, const char *owner,
    uint16_t type, const char *want)
{
	struct ddns_name name = name_of(owner);
	struct ddns_buf got = { 0 };

	assert_ok(ddns_store_rr_lookup(store, zone_id, &name, type, print,
	    &got));
	assert_string_equal(ddns_buf_text(&got), want);
	ddns_buf_done(&got);
}

static void
test_rr_lookup_gives_what_was_put(void **state)
{
	struct store_test *t = *state;
	int64_t id = add_zone(t->store, "example");
	int64_t other = add_zone(t->store, "other");

	put_none(t->store, id, "h.example");
	put_texts(t->store, id, "H.Example", DDNS_TYPE_A, 60, "192.0.2.9",
	    "192.0.2.1");
	put_texts(t->store, id, "h.example", DDNS_TYPE_MX, 300,
	    "10 Mail.Example.");
	put_a(t->store, other, "h.other", 3);
	expect_lookup(t->store, id, "h.EXAMPLE", DDNS_TYPE_A,
	    "h.example A 60 192.0.2.1;h.example A 60 192.0.2.9;");
	expect_lookup(t->store, id, "h.example", DDNS_TYPE_ANY,
	    "h.example - 0 ;"
	    "h.example A 60 192.0.2.1;h.example A 60 192.0.2.9;"
	    "h.example MX 300 10 mail.example;");
	expect_lookup(t->store, id, "h.example", DDNS_TYPE_NONE,
	    "h.example - 0 ;");
	expect_lookup(t->store, id, "h.example", DDNS_TYPE_AAAA, "");
	expect_lookup(t->store, other, "h.example", DDNS_TYPE_ANY, "");
}

static int
rows_written(struct ddns_store *store, const char *path)
{
	sqlite3 *db;
	sqlite3_stmt *stmt;
	int n;

	(void)store;
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db,
	    "SELECT count(*) FROM rr", -1, &stmt, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
	n = sqlite3_column_int(stmt, 0);
	sqlite3_finalize(stmt);
	sqlite3_close(db);
	return n;
}

static void
test_rrset_put_replaces_and_deletes(void **state)
{
	struct store_test *t = *state;
	int64_t id = add_zone(t->store, "example");

	put_texts(t->store, id, "h.example", DDNS_TYPE_A, 60, "192.0.2.1",
	    "192.0.2.2", "192.0.2.3");
	put_texts(t->store, id, "h.example", DDNS_TYPE_A, 60, "192.0.2.2",
	    "192.0.2.4");
	expect_lookup(t->store, id, "h.example", DDNS_TYPE_A,
	    "h.example A 60 192.0.2.2;h.example A 60 192.0.2.4;");
	put_texts(t->store, id, "h.example", DDNS_TYPE_A, 61, "192.0.2.2");
	expect_lookup(t->store, id, "h.example", DDNS_TYPE_A,
	    "h.example A 61 192.0.2.2;");
	assert_int_equal(rows_written(t->store, t->path), 1);
	put_absent(t->store, id, "h.example", DDNS_TYPE_A);
	expect_lookup(t->store, id, "h.example", DDNS_TYPE_A, "");
	put_absent(t->store, id, "h.example", DDNS_TYPE_A);
	assert_int_equal(rows_written(t->store, t->path), 0);
}

static void
test_rrset_put_without_a_zone_is_refused(void **state)
{
	struct store_test *t = *state;
	struct ddns_name name = name_of("h.example");
	struct ddns_rrset set = { 0 };

	assert_ok(ddns_rrset_of_addr(60, (const uint8_t *)"abcd", 4, &set));
	assert_int_equal(ddns_store_rrset_put(t->store, 77, &name,
	    DDNS_TYPE_A, &set), DDNS_ENOTFOUND);
	ddns_rrset_done(&set);
}

static void
test_rrset_get_is_the_set_that_was_put(void **state)
{
	struct store_test *t = *state;
	int64_t id = add_zone(t->store, "example");
	struct ddns_name name = name_of("t.example");
	struct ddns_rrset in = { 0 }, out = { 0 };

	/* one is the start of the other, and bytes beyond ASCII */
	static const uint8_t a[] = { 1, 'x' }, b[] = { 1, 'x', 1, 'y' },
	    c[] = { 2, 0xff, 0 };
	assert_ok(ddns_rrset_add(&in, 9, (struct ddns_span){ c, 3 }));
	assert_ok(ddns_rrset_add(&in, 9, (struct ddns_span){ b, 4 }));
	assert_ok(ddns_rrset_add(&in, 9, (struct ddns_span){ a, 2 }));
	assert_ok(ddns_store_rrset_put(t->store, id, &name, DDNS_TYPE_TXT,
	    &in));
	assert_ok(ddns_store_rrset_get(t->store, id, &name, DDNS_TYPE_TXT,
	    &out));
	assert_true(ddns_rrset_equal(&in, &out));
	assert_ok(ddns_store_rrset_get(t->store, id, &name, DDNS_TYPE_A,
	    &out));
	assert_true(ddns_rrset_is_absent(&out));
	ddns_rrset_done(&in);
	ddns_rrset_done(&out);
}

static void
test_rr_list_is_in_canonical_order(void **state)
{
	struct store_test *t = *state;
	int64_t id = add_zone(t->store, "example");
	struct ddns_buf got = { 0 };

	/* RFC 4034 s.6.1's own example */
	static const char *const names[] = { "*.z.example", "z.example",
		"\\200.z.example", "yljkjljk.a.example", "\\001.z.example",
		"Z.a.example", "zABC.a.EXAMPLE", "example", "a.example" };
	for (size_t i = 0; i < DDNS_COUNT(names); i++)
		put_none(t->store, id, names[i]);
	put_a(t->store, id, "a.example", 1);
	assert_ok(ddns_store_rr_list(t->store, id, print, &got));
	assert_string_equal(ddns_buf_text(&got),
	    "example - 0 ;a.example - 0 ;a.example A 60 192.0.2.1;"
	    "yljkjljk.a.example - 0 ;z.a.example - 0 ;zabc.a.example - 0 ;"
	    "z.example - 0 ;\\001.z.example - 0 ;*.z.example - 0 ;"
	    "\\200.z.example - 0 ;");
	ddns_buf_done(&got);
}

static bool
any_below(struct ddns_store *store, int64_t id, const char *text)
{
	struct ddns_name name = name_of(text);
	bool any;

	assert_ok(ddns_store_rr_any_below(store, id, &name, &any));
	return any;
}

static bool
any_at(struct ddns_store *store, int64_t id, const char *text)
{
	struct ddns_name name = name_of(text);
	bool any;

	assert_ok(ddns_store_rr_any_at(store, id, &name, &any));
	return any;
}

static void
test_rr_any_below_sees_only_what_is_below(void **state)
{
	struct store_test *t = *state;
	int64_t id = add_zone(t->store, "example");
	int64_t root = add_zone(t->store, ".");

	put_a(t->store, id, "x.b.a.example", 1);
	put_a(t->store, id, "aa.example", 1);
	put_none(t->store, id, "\\000.c.example");
	put_none(t->store, id, "\\255\\255.d.example");
	assert_true(any_below(t->store, id, "example"));
	assert_true(any_below(t->store, id, "a.example"));
	assert_true(any_below(t->store, id, "B.A.example"));
	assert_false(any_below(t->store, id, "x.b.a.example"));
	assert_false(any_below(t->store, id, "aa.example"));
	assert_true(any_below(t->store, id, "c.example"));
	assert_true(any_below(t->store, id, "d.example"));
	assert_false(any_below(t->store, id, "e.example"));
	assert_false(any_below(t->store, root, "."));
	put_a(t->store, root, ".", 1);
	assert_false(any_below(t->store, root, "."));
	put_a(t->store, root, "a", 1);
	assert_true(any_below(t->store, root, "."));

	assert_true(any_at(t->store, id, "AA.example"));
	assert_true(any_at(t->store, id, "\\000.c.example"));
	assert_false(any_at(t->store, id, "b.a.example"));
	assert_true(any_at(t->store, root, "."));
}

static void
test_rr_pointing_finds_each_kind(void **state)
{
	struct store_test *t = *state;
	int64_t a = add_zone(t->store, "a"), b = add_zone(t->store, "b");
	struct ddns_name target = name_of("H.a");
	struct ddns_buf got = { 0 };

	put_texts(t->store, a, "c.a", DDNS_TYPE_CNAME, 5, "h.a.");
	put_texts(t->store, b, "b", DDNS_TYPE_MX, 5, "1 H.a.", "2 i.a.");
	put_texts(t->store, b, "_s._tcp.b", DDNS_TYPE_SRV, 5, "1 2 3 h.a.");
	put_texts(t->store, b, "t.b", DDNS_TYPE_TXT, 5, "h.a.");
	assert_ok(ddns_store_rr_pointing(t->store, &target, print, &got));
	assert_string_equal(ddns_buf_text(&got),
	    "c.a CNAME 5 h.a;b MX 5 1 h.a;_s._tcp.b SRV 5 1 2 3 h.a;");
	ddns_buf_reset(&got);
	put_texts(t->store, b, "b", DDNS_TYPE_MX, 5, "2 i.a.");
	put_absent(t->store, a, "c.a", DDNS_TYPE_CNAME);
	assert_ok(ddns_store_rr_pointing(t->store, &target, print, &got));
	assert_string_equal(ddns_buf_text(&got),
	    "_s._tcp.b SRV 5 1 2 3 h.a;");
	ddns_buf_done(&got);
}

/* ---- callbacks ---- */

static enum ddns_err
stop_at_once(const struct ddns_rr *rr, void *arg)
{
	(void)rr;
	++*(int *)arg;
	return DDNS_ESTOP;
}

static enum ddns_err
refuse(const struct ddns_rr *rr, void *arg)
{
	(void)rr;
	(void)arg;
	return DDNS_ERANGE;
}

struct nested {
	struct ddns_store *store;
	int64_t zone_id;
	int rows, inner;
};

static enum ddns_err
count_inner(const struct ddns_rr *rr, void *arg)
{
	(void)rr;
	((struct nested *)arg)->inner++;
	return DDNS_OK;
}

static enum ddns_err
look_inside(const struct ddns_rr *rr, void *arg)
{
	struct nested *n = arg;
	char before[64], after[64];

	n->rows++;
	snprintf(before, sizeof(before), "%s", rr->content);
	assert_ok(ddns_store_rr_lookup(n->store, n->zone_id, &rr->owner,
	    DDNS_TYPE_A, count_inner, n));
	snprintf(after, sizeof(after), "%s", rr->content);
	assert_string_equal(before, after);
	return DDNS_OK;
}

static void
test_rr_callbacks_stop_fail_and_nest(void **state)
{
	struct store_test *t = *state;
	int64_t id = add_zone(t->store, "example");
	struct ddns_name name = name_of("h.example");
	struct nested nested = { .store = t->store, .zone_id = id };
	int calls = 0;

	put_texts(t->store, id, "h.example", DDNS_TYPE_A, 60, "192.0.2.1",
	    "192.0.2.2");
	assert_ok(ddns_store_rr_lookup(t->store, id, &name, DDNS_TYPE_A,
	    stop_at_once, &calls));
	assert_int_equal(calls, 1);
	assert_int_equal(ddns_store_rr_lookup(t->store, id, &name,
	    DDNS_TYPE_A, refuse, NULL), DDNS_ERANGE);
	assert_ok(ddns_store_rr_lookup(t->store, id, &name, DDNS_TYPE_A,
	    look_inside, &nested));
	assert_int_equal(nested.rows, 2);
	assert_int_equal(nested.inner, 4);
}

/* ---- damaged rows ---- */

static void
harm(const struct store_test *t, const char *sql)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(t->path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

static void
test_rr_damaged_rows_are_an_error(void **state)
{
	struct store_test *t = *state;
	int64_t id = add_zone(t->store, "example");
	struct ddns_name name = name_of("h.example");
	struct ddns_buf got = { 0 };
	static const char *const damage[] = {
		"UPDATE rr SET ttl_s = -1",
		"UPDATE rr SET ttl_s = 4294967296",
		"UPDATE rr SET type = 65537",
		"UPDATE rr SET type = -1",
		"UPDATE rr SET rdata = zeroblob(65536)",
	};

	for (size_t i = 0; i < DDNS_COUNT(damage); i++) {
		put_a(t->store, id, "h.example", 1);
		harm(t, damage[i]);
		assert_int_equal(ddns_store_rr_lookup(t->store, id, &name,
		    DDNS_TYPE_ANY, print, &got), DDNS_EFORMAT);
		harm(t, "DELETE FROM rr");
	}
	put_a(t->store, id, "h.example", 1);
	harm(t, "UPDATE rr SET name_key = x'0061'");
	assert_int_equal(ddns_store_rr_list(t->store, id, print, &got),
	    DDNS_EFORMAT);
	ddns_buf_done(&got);
}

static void
test_zone_damaged_rows_are_an_error(void **state)
{
	struct store_test *t = *state;
	int64_t id = add_zone(t->store, "example");
	struct ddns_zone zone;
	static const char *const damage[] = {
		"UPDATE zone SET serial = -7",
		"UPDATE zone SET mname = 'a..b'",
		"UPDATE zone SET rname = ''",
		"UPDATE zone SET name_key = x'02'",
	};

	for (size_t i = 0; i < DDNS_COUNT(damage); i++) {
		assert_ok(ddns_store_zone_get(t->store, id, &zone));
		harm(t, "CREATE TABLE kept AS SELECT * FROM zone");
		harm(t, damage[i]);
		assert_int_equal(ddns_store_zone_get(t->store, id, &zone),
		    DDNS_EFORMAT);
		harm(t, "REPLACE INTO zone SELECT * FROM kept");
		harm(t, "DROP TABLE kept");
	}
}

#define with_store(test)                                              \
	cmocka_unit_test_setup_teardown(test, store_test_setup,       \
	    store_test_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		with_store(test_rr_lookup_gives_what_was_put),
		with_store(test_rrset_put_replaces_and_deletes),
		with_store(test_rrset_put_without_a_zone_is_refused),
		with_store(test_rrset_get_is_the_set_that_was_put),
		with_store(test_rr_list_is_in_canonical_order),
		with_store(test_rr_any_below_sees_only_what_is_below),
		with_store(test_rr_pointing_finds_each_kind),
		with_store(test_rr_callbacks_stop_fail_and_nest),
		with_store(test_rr_damaged_rows_are_an_error),
		with_store(test_zone_damaged_rows_are_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
