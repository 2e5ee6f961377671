/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/unit/store_util.h"

struct seen {
	int count;
	int64_t seqs[64];
	char results[512];
};

static enum ddns_err
see(const struct ddns_journal_row *row, void *arg)
{
	struct seen *seen = arg;

	assert_true(seen->count < 64);
	seen->seqs[seen->count++] = row->seq;
	strcat(strcat(seen->results, row->result), " ");
	return DDNS_OK;
}

static int64_t
changed(struct ddns_store *store, int64_t zone_id, uint32_t serial,
    int64_t time_ms)
{
	struct ddns_journal_row row = { .time = { time_ms },
		.result = "good", .zone_id = zone_id, .serial = serial,
		.name = "h.a", .type = DDNS_TYPE_A,
		.flags = DDNS_JOURNAL_CHANGED };

	return append(store, &row);
}

static int64_t
refused(struct ddns_store *store, int64_t time_ms)
{
	struct ddns_journal_row row = { .time = { time_ms },
		.result = "badauth", .name = "h.a" };

	return append(store, &row);
}

static enum ddns_err
compare_row(const struct ddns_journal_row *row, void *arg)
{
	const struct ddns_journal_row *want = arg;

	assert_int_equal(row->time.v, want->time.v);
	assert_int_equal(row->request, want->request);
	assert_string_equal(row->protocol, want->protocol);
	assert_string_equal(row->result, want->result);
	assert_string_equal(row->reason, "");
	assert_string_equal(row->account, want->account);
	assert_string_equal(row->credential, want->credential);
	assert_string_equal(row->source, want->source);
	assert_string_equal(row->user_agent, want->user_agent);
	assert_int_equal(row->zone_id, want->zone_id);
	assert_int_equal(row->serial, want->serial);
	assert_string_equal(row->name, want->name);
	assert_int_equal(row->type, want->type);
	assert_int_equal(row->old_set.len_bytes, 0);
	assert_int_equal(row->new_set.len_bytes, want->new_set.len_bytes);
	assert_memory_equal(row->new_set.base, want->new_set.base,
	    want->new_set.len_bytes);
	assert_int_equal(row->flags, want->flags);
	assert_int_equal(row->repeats, 1);
	assert_int_equal(row->last.v, want->time.v);
	return DDNS_OK;
}

static void
test_journal_row_comes_back(void **state)
{
	struct store_test *t = *state;
	struct ddns_journal_row row = { .time = { 1234 }, .request = 5,
		.protocol = "dyndns2", .result = "good", .reason = NULL,
		.account = "acc", .credential = "cred",
		.source = "192.0.2.1", .user_agent = "x/1 \"q\"",
		.zone_id = 7, .serial = UINT32_MAX, .name = "h.a",
		.type = 65535, .new_set = { (const uint8_t *)"\0\1\2", 3 },
		.flags = DDNS_JOURNAL_CHANGED | DDNS_JOURNAL_TLS };
	struct ddns_journal_filter all = { .max = 0 };
	int64_t last;

	assert_ok(ddns_journal_last(t->store, &last));
	assert_int_equal(last, 0);
	assert_int_equal(append(t->store, &row), 1);
	assert_ok(ddns_journal_query(t->store, &all, compare_row, &row));
	assert_ok(ddns_journal_last(t->store, &last));
	assert_int_equal(last, 1);
}

static void
test_journal_feed_gives_changes_after(void **state)
{
	struct store_test *t = *state;
	struct seen seen = { 0 };

	changed(t->store, 1, 1, 1);
	refused(t->store, 2);
	changed(t->store, 1, 2, 3);
	changed(t->store, 2, 1, 3);
	assert_ok(ddns_journal_feed(t->store, 0, 100, see, &seen));
	assert_int_equal(seen.count, 3);
	assert_int_equal(seen.seqs[0], 1);
	assert_int_equal(seen.seqs[1], 3);
	assert_int_equal(seen.seqs[2], 4);
	seen.count = 0;
	assert_ok(ddns_journal_feed(t->store, 1, 1, see, &seen));
	assert_int_equal(seen.count, 1);
	assert_int_equal(seen.seqs[0], 3);
	seen.count = 0;
	assert_ok(ddns_journal_feed(t->store, 4, 100, see, &seen));
	assert_int_equal(seen.count, 0);
}

static void
test_journal_before_is_where_a_late_one_starts(void **state)
{
	struct store_test *t = *state;
	int64_t seq = 77;

	assert_ok(ddns_journal_before(t->store, (struct ddns_unix_ms){ 10 },
	    &seq));
	assert_int_equal(seq, 0);
	for (int64_t i = 1; i <= 5; i++)
		refused(t->store, i * 10);
	assert_ok(ddns_journal_before(t->store, (struct ddns_unix_ms){ 30 },
	    &seq));
	assert_int_equal(seq, 2);
	assert_ok(ddns_journal_before(t->store, (struct ddns_unix_ms){ 99 },
	    &seq));
	assert_int_equal(seq, 5);
	assert_ok(ddns_journal_before(t->store, (struct ddns_unix_ms){ 10 },
	    &seq));
	assert_int_equal(seq, 0);
}

static void
test_journal_query_filters(void **state)
{
	struct store_test *t = *state;
	struct ddns_journal_row row = { .time = { 100 }, .result = "good",
		.account = "a", .credential = "c", .source = "s",
		.name = "H.a", .flags = DDNS_JOURNAL_CHANGED };
	static const struct {
		struct ddns_journal_filter filter;
		const char *want;
	} cases[] = {
		{ { 0 }, "good badauth nochg NOERROR " },
		{ { .name = "h.A" }, "good " },
		{ { .name = "h" }, "" },
		{ { .account = "a" }, "good badauth " },
		{ { .credential = "c" }, "good badauth nochg " },
		{ { .result = "nochg" }, "nochg " },
		{ { .source = "s2" }, "NOERROR " },
		{ { .since = { 200 } }, "badauth nochg NOERROR " },
		{ { .until = { 200 } }, "good " },
		{ { .since = { 200 }, .until = { 300 } }, "badauth " },
		{ { .after = 2 }, "nochg NOERROR " },
		{ { .max = 2 }, "nochg NOERROR " },
		{ { .max = 1, .account = "a" }, "badauth " },
		{ { .max = 9 }, "good badauth nochg NOERROR " },
		{ { .changed_only = true }, "good " },
		{ { .failed_only = true }, "badauth " },
	};

	append(t->store, &row);
	row.name = "i.a";
	row.time.v = 200;
	row.result = "badauth";
	row.flags = 0;
	append(t->store, &row);
	row.time.v = 300;
	row.account = NULL;
	row.result = "nochg";
	append(t->store, &row);
	row.time.v = 400;
	row.credential = "d";
	row.source = "s2";
	row.result = "NOERROR";
	append(t->store, &row);
	for (size_t i = 0; i < DDNS_COUNT(cases); i++) {
		struct seen seen = { 0 };

		assert_ok(ddns_journal_query(t->store, &cases[i].filter, see,
		    &seen));
		assert_string_equal(seen.results, cases[i].want);
	}
}

/* ---- the history of a zone ---- */

static enum ddns_err
history(struct ddns_store *store, int64_t zone_id, uint32_t from,
    struct seen *seen)
{
	*seen = (struct seen){ 0 };
	return ddns_journal_zone(store, zone_id, from, see, seen);
}

static void
test_journal_zone_gives_what_came_after(void **state)
{
	struct store_test *t = *state;
	struct seen seen;
	int64_t id = add_zone(t->store, "a"); /* serial 10 */

	assert_ok(history(t->store, id, 10, &seen));
	assert_int_equal(seen.count, 0);
	assert_int_equal(history(t->store, id, 9, &seen), DDNS_ENOTFOUND);
	assert_int_equal(history(t->store, 99, 10, &seen), DDNS_ENOTFOUND);
	changed(t->store, id, 11, 1);      /* seq 1 */
	changed(t->store, id + 1, 12, 1);  /* another zone */
	changed(t->store, id, 12, 1);      /* 3 */
	refused(t->store, 1);
	changed(t->store, id, 12, 1);      /* 5: the same group */
	changed(t->store, id, 13, 1);      /* 6 */
	assert_ok(history(t->store, id, 11, &seen));
	assert_int_equal(seen.count, 3);
	assert_int_equal(seen.seqs[0], 3);
	assert_int_equal(seen.seqs[1], 5);
	assert_int_equal(seen.seqs[2], 6);
	assert_ok(history(t->store, id, 12, &seen));
	assert_int_equal(seen.count, 1);
	assert_ok(history(t->store, id, 13, &seen));
	assert_int_equal(seen.count, 0);
	assert_int_equal(history(t->store, id, 14, &seen), DDNS_ENOTFOUND);
	assert_int_equal(history(t->store, id, 0, &seen), DDNS_ENOTFOUND);
}

static void
test_journal_zone_goes_round_the_corner(void **state)
{
	struct store_test *t = *state;
	struct seen seen;

	changed(t->store, 5, UINT32_MAX - 1, 1);
	changed(t->store, 5, UINT32_MAX, 1);
	changed(t->store, 5, 1, 1);
	changed(t->store, 5, 2, 1);
	assert_ok(history(t->store, 5, UINT32_MAX - 1, &seen));
	assert_int_equal(seen.count, 3);
	for (int i = 0; i < 3; i++)
		assert_int_equal(seen.seqs[i], i + 2);
	assert_ok(history(t->store, 5, UINT32_MAX, &seen));
	assert_int_equal(seen.count, 2);
	assert_ok(history(t->store, 5, 1, &seen));
	assert_int_equal(seen.count, 1);
}

static void
test_journal_zone_ends_at_a_zone_row(void **state)
{
	struct store_test *t = *state;
	struct ddns_journal_row whole = { .result = "good", .zone_id = 5,
		.serial = 12,
		.flags = DDNS_JOURNAL_CHANGED | DDNS_JOURNAL_ZONE };
	struct seen seen;

	changed(t->store, 5, 11, 1);
	append(t->store, &whole);
	changed(t->store, 5, 13, 1);
	assert_int_equal(history(t->store, 5, 11, &seen), DDNS_ENOTFOUND);
	assert_int_equal(seen.count, 0);
	assert_ok(history(t->store, 5, 12, &seen));
	assert_int_equal(seen.count, 1);
	/* set back: serials come a second time */
	whole.serial = 10;
	append(t->store, &whole);
	changed(t->store, 5, 11, 1);
	changed(t->store, 5, 12, 1);
	assert_ok(history(t->store, 5, 10, &seen));
	assert_int_equal(seen.count, 2);
	assert_ok(history(t->store, 5, 11, &seen));
	assert_int_equal(seen.count, 1);
	assert_int_equal(seen.seqs[0], 6);
	assert_int_equal(history(t->store, 5, 13, &seen), DDNS_ENOTFOUND);
}

/* ---- trimming ---- */

static void
test_journal_trim_keeps_what_is_needed(void **state)
{
	struct store_test *t = *state;
	struct ddns_unix_ms late = { 1000 };
	struct ddns_subscriber sub = { .name = "p", .seq = 4 };
	struct seen seen = { 0 };
	unsigned removed = 99;
	int64_t last;

	assert_ok(ddns_journal_trim(t->store, late, 10, &removed));
	assert_int_equal(removed, 0);
	for (int64_t i = 1; i <= 8; i++)
		changed(t->store, 5, (uint32_t)i, i * 10);
	assert_ok(ddns_store_subscriber_put(t->store, &sub));
	sub.name = "q";
	sub.seq = 7;
	assert_ok(ddns_store_subscriber_put(t->store, &sub));
	assert_ok(ddns_journal_trim(t->store, (struct ddns_unix_ms){ 30 },
	    10, &removed));
	assert_int_equal(removed, 2);
	assert_ok(ddns_journal_trim(t->store, late, 1, &removed));
	assert_int_equal(removed, 1);
	assert_ok(ddns_journal_trim(t->store, late, 10, &removed));
	assert_int_equal(removed, 1);
	assert_ok(ddns_journal_feed(t->store, 0, 100, see, &seen));
	assert_int_equal(seen.count, 4);
	assert_int_equal(seen.seqs[0], 5);
	/* the history ends where the rows do */
	assert_int_equal(history(t->store, 5, 4, &seen), DDNS_ENOTFOUND);
	assert_ok(history(t->store, 5, 5, &seen));
	assert_int_equal(seen.count, 3);

	assert_ok(ddns_store_subscriber_delete(t->store, "p"));
	assert_ok(ddns_store_subscriber_delete(t->store, "q"));
	assert_ok(ddns_journal_trim(t->store, late, 10, &removed));
	assert_int_equal(removed, 3);
	assert_ok(ddns_journal_last(t->store, &last));
	assert_int_equal(last, 8);
	assert_int_equal(refused(t->store, 1), 9);
}

static enum ddns_err
join_subscribers(const struct ddns_subscriber *s, void *arg)
{
	strcat(strcat(arg, s->name), " ");
	return DDNS_OK;
}

static void
test_subscriber_comes_back(void **state)
{
	struct store_test *t = *state;
	struct ddns_subscriber in = { .name = "r1", .kind = "notify",
		.target = "127.0.0.1:5453", .seq = 1, .pending = 2,
		.acked = 3, .retries = 4, .last_ack = { 5 },
		.last_fail = { 6 }, .last_error = "timed out",
		.ack_p50_us = 7, .ack_p99_us = 8, .ack_max_us = UINT32_MAX },
	    out;
	char got[32] = "";

	assert_int_equal(ddns_store_subscriber_get(t->store, "r1", &out),
	    DDNS_ENOTFOUND);
	assert_ok(ddns_store_subscriber_put(t->store, &in));
	in.seq = 11;
	assert_ok(ddns_store_subscriber_put(t->store, &in));
	assert_ok(ddns_store_subscriber_get(t->store, "r1", &out));
	assert_string_equal(out.kind, "notify");
	assert_string_equal(out.target, "127.0.0.1:5453");
	assert_string_equal(out.last_error, "timed out");
	assert_int_equal(out.seq, 11);
	assert_int_equal(out.pending, 2);
	assert_int_equal(out.acked, 3);
	assert_int_equal(out.retries, 4);
	assert_int_equal(out.last_ack.v, 5);
	assert_int_equal(out.last_fail.v, 6);
	assert_int_equal(out.ack_p50_us, 7);
	assert_int_equal(out.ack_p99_us, 8);
	assert_int_equal(out.ack_max_us, UINT32_MAX);
	in.name = "a";
	assert_ok(ddns_store_subscriber_put(t->store, &in));
	assert_ok(ddns_store_subscriber_list(t->store, join_subscribers,
	    got));
	assert_string_equal(got, "a r1 ");
	assert_ok(ddns_store_subscriber_delete(t->store, "a"));
	assert_int_equal(ddns_store_subscriber_delete(t->store, "a"),
	    DDNS_ENOTFOUND);
}

#define with_store(test)                                              \
	cmocka_unit_test_setup_teardown(test, store_test_setup,       \
	    store_test_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		with_store(test_journal_row_comes_back),
		with_store(test_journal_feed_gives_changes_after),
		with_store(test_journal_before_is_where_a_late_one_starts),
		with_store(test_journal_query_filters),
		with_store(test_journal_zone_gives_what_came_after),
		with_store(test_journal_zone_goes_round_the_corner),
		with_store(test_journal_zone_ends_at_a_zone_row),
		with_store(test_journal_trim_keeps_what_is_needed),
		with_store(test_subscriber_comes_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
