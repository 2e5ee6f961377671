/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/unit/store_util.h"

#include "common/dns/rdata.h"
#include "common/publish/reach.h"

struct reach_test {
	struct store_test *store;
	struct ddns_zone zone;
};

static int
setup(void **state)
{
	struct reach_test *t = calloc(1, sizeof(*t));

	assert_non_null(t);
	store_test_setup((void **)&t->store);
	assert_ok(ddns_store_zone_get(t->store->store,
	    add_zone(t->store->store, "z.test"), &t->zone));
	*state = t;
	return 0;
}

static int
teardown(void **state)
{
	struct reach_test *t = *state;

	store_test_teardown((void **)&t->store);
	free(t);
	return 0;
}

static void
put_in(struct reach_test *t, int64_t zone_id, const char *owner, uint16_t type,
    const char *data)
{
	struct ddns_name name = name_of(owner);
	struct ddns_rrset set = { 0 };
	struct ddns_buf rdata = { 0 };

	assert_ok(ddns_store_rrset_get(t->store->store, zone_id, &name, type,
	    &set));
	assert_ok(ddns_rdata_parse(type, data, &rdata));
	assert_ok(ddns_rrset_add(&set, 60, ddns_buf_span(&rdata)));
	assert_ok(ddns_store_rrset_put(t->store->store, zone_id, &name, type,
	    &set));
	ddns_buf_done(&rdata);
	ddns_rrset_done(&set);
}

static void
put(struct reach_test *t, const char *owner, uint16_t type, const char *data)
{
	put_in(t, t->zone.id, owner, type, data);
}

/* "name" exact, "name$" with all below, "zone!" a zone; "+" derived */
static enum ddns_err
note(const struct ddns_item_in *item, void *arg)
{
	char *got = arg, text[DDNS_NAME_TEXT_MAX];

	ddns_name_format(item->name, text);
	snprintf(got + strlen(got), 16384 - strlen(got), "%s%s%s%s%s%s",
	    *got == '\0' ? "" : " ",
	    item->flags & DDNS_ITEM_DERIVED ? "+" : "", text,
	    item->flags & DDNS_ITEM_ZONE ? "!" : "",
	    item->flags & DDNS_ITEM_SUBTREE ? "$" : "",
	    item->flags & DDNS_ITEM_WHOLE ? "*" : "");
	return DDNS_OK;
}

static void
assert_reach(struct reach_test *t, const char *name, uint16_t type,
    unsigned flags, const char *want)
{
	struct ddns_change change = { .seq = 1, .zone_id = t->zone.id,
		.type = type, .flags = flags | DDNS_JOURNAL_CHANGED,
		.name = name_of(name) };
	static char got[16384];

	*got = '\0';
	assert_ok(ddns_reach(t->store->store, &change, &t->zone, true, note,
	    got));
	assert_string_equal(got, want);
}

#define APPEARED DDNS_JOURNAL_APPEARED
#define VANISHED DDNS_JOURNAL_VANISHED

static void
test_reach_of_an_address_is_its_name(void **state)
{
	struct reach_test *t = *state;

	put(t, "a.z.test", DDNS_TYPE_A, "192.0.2.1");
	assert_reach(t, "a.z.test", DDNS_TYPE_A, 0, "a.z.test");
	assert_reach(t, "a.z.test", DDNS_TYPE_A, APPEARED, "a.z.test*");
	assert_reach(t, "a.z.test", DDNS_TYPE_CNAME, 0, "a.z.test*");
	assert_reach(t, "z.test", DDNS_TYPE_A, 0, "z.test");
}

static void
test_reach_follows_what_points_at_it(void **state)
{
	struct reach_test *t = *state;
	int64_t other = add_zone(t->store->store, "other.test");

	put(t, "a.z.test", DDNS_TYPE_A, "192.0.2.1");
	put(t, "c1.z.test", DDNS_TYPE_CNAME, "a.z.test");
	put(t, "c2.z.test", DDNS_TYPE_CNAME, "c1.z.test");
	put_in(t, other, "c3.other.test", DDNS_TYPE_CNAME, "c2.z.test");
	put(t, "z.test", DDNS_TYPE_MX, "10 a.z.test");
	assert_reach(t, "a.z.test", DDNS_TYPE_A, 0,
	    "a.z.test +z.test +c1.z.test +c2.z.test +c3.other.test");
}

static void
test_reach_ends_in_a_loop_of_cnames(void **state)
{
	struct reach_test *t = *state;

	put(t, "a.z.test", DDNS_TYPE_CNAME, "b.z.test");
	put(t, "b.z.test", DDNS_TYPE_CNAME, "a.z.test");
	assert_reach(t, "a.z.test", DDNS_TYPE_CNAME, 0,
	    "a.z.test* +b.z.test +a.z.test");
}

static void
test_reach_ends_after_a_number_of_cnames(void **state)
{
	struct reach_test *t = *state;
	char want[512] = "c0.z.test", owner[32], target[32];

	for (int i = 1; i <= DDNS_REACH_DEPTH_MAX + 5; i++) {
		snprintf(owner, sizeof(owner), "c%d.z.test", i);
		snprintf(target, sizeof(target), "c%d.z.test", i - 1);
		put(t, owner, DDNS_TYPE_CNAME, target);
		if (i <= DDNS_REACH_DEPTH_MAX + 1)
			snprintf(want + strlen(want),
			    sizeof(want) - strlen(want), " +%s", owner);
	}
	assert_reach(t, "c0.z.test", DDNS_TYPE_A, 0, want);
}

static void
test_reach_of_too_many_is_their_zone(void **state)
{
	struct reach_test *t = *state;
	char owner[32];

	assert_ok(ddns_store_begin(t->store->store, DDNS_STORE_WRITE));
	for (int i = 0; i <= DDNS_REACH_NAMES_MAX; i++) {
		snprintf(owner, sizeof(owner), "c%d.z.test", i);
		put(t, owner, DDNS_TYPE_CNAME, "a.z.test");
	}
	assert_ok(ddns_store_commit(t->store->store));
	assert_reach(t, "a.z.test", DDNS_TYPE_A, 0, "a.z.test +z.test!");
}

static void
test_reach_of_glue_is_all_below_the_cut(void **state)
{
	struct reach_test *t = *state;

	put(t, "sub.z.test", DDNS_TYPE_NS, "ns.sub.z.test");
	put(t, "z.test", DDNS_TYPE_NS, "ns.sub.z.test");
	put(t, "ns.sub.z.test", DDNS_TYPE_A, "192.0.2.1");
	assert_reach(t, "ns.sub.z.test", DDNS_TYPE_A, 0,
	    "ns.sub.z.test +z.test +sub.z.test$");
}

static void
test_reach_of_a_delegation_is_all_below(void **state)
{
	struct reach_test *t = *state;

	assert_reach(t, "sub.z.test", DDNS_TYPE_NS, 0,
	    "sub.z.test sub.z.test$");
	assert_reach(t, "sub.z.test", DDNS_TYPE_DS, 0,
	    "sub.z.test sub.z.test$");
	assert_reach(t, "z.test", DDNS_TYPE_NS, 0, "z.test");
}

static void
test_reach_of_a_wildcard_is_all_below_its_parent(void **state)
{
	struct reach_test *t = *state;

	put(t, "*.w.z.test", DDNS_TYPE_A, "192.0.2.1");
	assert_reach(t, "*.w.z.test", DDNS_TYPE_A, 0, "w.z.test$");
	assert_reach(t, "*.w.z.test", DDNS_TYPE_A, APPEARED,
	    "w.z.test$ +w.z.test");
}

static void
test_reach_has_the_empty_names_above(void **state)
{
	struct reach_test *t = *state;

	put(t, "a.b.c.d.z.test", DDNS_TYPE_A, "192.0.2.1");
	assert_reach(t, "a.b.c.d.z.test", DDNS_TYPE_A, APPEARED,
	    "a.b.c.d.z.test* +b.c.d.z.test +c.d.z.test +d.z.test");
	assert_reach(t, "a.b.c.d.z.test", DDNS_TYPE_A, 0, "a.b.c.d.z.test");
	/* c.d exists by itself: it and what is above stay as they are */
	put(t, "c.d.z.test", DDNS_TYPE_A, "192.0.2.1");
	assert_reach(t, "a.b.c.d.z.test", DDNS_TYPE_A, VANISHED,
	    "a.b.c.d.z.test* +b.c.d.z.test");
}

static void
test_reach_has_what_a_wildcard_covered(void **state)
{
	struct reach_test *t = *state;

	put(t, "*.z.test", DDNS_TYPE_A, "192.0.2.1");
	put(t, "a.b.z.test", DDNS_TYPE_A, "192.0.2.1");
	assert_reach(t, "a.b.z.test", DDNS_TYPE_A, APPEARED,
	    "a.b.z.test* +b.z.test b.z.test$");
	assert_reach(t, "c.z.test", DDNS_TYPE_A, VANISHED,
	    "c.z.test* c.z.test$");
	assert_reach(t, "c.z.test", DDNS_TYPE_A, 0, "c.z.test");
}

static void
test_reach_sees_through_a_dname(void **state)
{
	struct reach_test *t = *state;
	int64_t other = add_zone(t->store->store, "other.test");

	put(t, "a.b.z.test", DDNS_TYPE_A, "192.0.2.1");
	put_in(t, other, "d.other.test", DDNS_TYPE_DNAME, "b.z.test");
	assert_reach(t, "a.b.z.test", DDNS_TYPE_A, 0,
	    "a.b.z.test +a.d.other.test");
}

static void
test_reach_of_a_zone_is_the_zone(void **state)
{
	struct reach_test *t = *state;

	put(t, "c.z.test", DDNS_TYPE_CNAME, "z.test");
	assert_reach(t, "z.test", DDNS_TYPE_ANY, DDNS_JOURNAL_ZONE, "z.test!");
}

static void
test_reach_of_a_change_whose_zone_is_gone_is_its_name(void **state)
{
	struct reach_test *t = *state;
	struct ddns_change change = { .seq = 1, .zone_id = 77,
		.type = DDNS_TYPE_A, .name = name_of("a.gone"),
		.flags = DDNS_JOURNAL_CHANGED | VANISHED };
	static char got[16384];

	*got = '\0';
	assert_ok(ddns_reach(t->store->store, &change, NULL, true, note, got));
	assert_string_equal(got, "a.gone*");
}

static void
test_change_of_row_lowers_case(void **state)
{
	struct ddns_journal_row row = { .seq = 5, .name = "A.Z.Test",
		.type = DDNS_TYPE_A, .serial = 9 };
	struct ddns_name want = name_of("a.z.test");
	struct ddns_change change;

	(void)state;
	assert_ok(ddns_change_of_row(&row, (struct ddns_mono_us){ 7 },
	    &change));
	assert_memory_equal(change.name.wire, want.wire, want.len_bytes);
	assert_true(change.was_absent);
	row.name = "a..b";
	assert_int_equal(ddns_change_of_row(&row, (struct ddns_mono_us){ 7 },
	    &change), DDNS_EFORMAT);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_reach_of_an_address_is_its_name),
		TEST(test_reach_follows_what_points_at_it),
		TEST(test_reach_ends_in_a_loop_of_cnames),
		TEST(test_reach_ends_after_a_number_of_cnames),
		TEST(test_reach_of_too_many_is_their_zone),
		TEST(test_reach_of_glue_is_all_below_the_cut),
		TEST(test_reach_of_a_delegation_is_all_below),
		TEST(test_reach_of_a_wildcard_is_all_below_its_parent),
		TEST(test_reach_has_the_empty_names_above),
		TEST(test_reach_has_what_a_wildcard_covered),
		TEST(test_reach_sees_through_a_dname),
		TEST(test_reach_of_a_zone_is_the_zone),
		TEST(test_reach_of_a_change_whose_zone_is_gone_is_its_name),
		cmocka_unit_test(test_change_of_row_lowers_case),
	};

	return cmocka_run_group_tests_name("publish_reach", tests, NULL, NULL);
}
