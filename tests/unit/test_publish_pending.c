/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/unit/unit.h"

#include <stdio.h>

#include "common/dns/rrset.h"
#include "common/publish/pending.h"

#define ZONE_MAX 5

static int
setup(void **state)
{
	struct ddns_pending *p = calloc(1, sizeof(*p));

	assert_non_null(p);
	ddns_pending_init(p, ZONE_MAX, 4711);
	*state = p;
	return 0;
}

static int
teardown(void **state)
{
	ddns_pending_done(*state);
	free(*state);
	return 0;
}

static struct ddns_item *
add(struct ddns_pending *p, const char *name_text, const char *zone_text,
    int64_t seq, uint16_t type, unsigned flags, bool front)
{
	struct ddns_name name, zone;
	struct ddns_item_in in = { .name = &name, .zone_id = 1, .seq = seq,
		.time = { 1000 * seq }, .since = { 100 + seq },
		.serial = (uint32_t)seq, .type = type, .flags = flags };
	struct ddns_item *item = NULL;

	assert_int_equal(ddns_name_parse(name_text, &name), DDNS_OK);
	if (zone_text != NULL) {
		assert_int_equal(ddns_name_parse(zone_text, &zone), DDNS_OK);
		in.zone = &zone;
	}
	assert_int_equal(ddns_pending_add(p, &in, front, &item), DDNS_OK);
	return item;
}

static struct ddns_item *
add_a(struct ddns_pending *p, const char *name, int64_t seq)
{
	return add(p, name, "test", seq, DDNS_TYPE_A, 0, false);
}

static void
assert_name(const struct ddns_item *item, const char *want)
{
	char text[DDNS_NAME_TEXT_MAX];
	struct ddns_name name;

	assert_non_null(item);
	ddns_item_name(item, &name);
	ddns_name_format(&name, text);
	assert_string_equal(text, want);
}

/* All that stands in the queue, in order, "a.test a" and so on. */
static void
assert_queue(const struct ddns_pending *p, const char *want)
{
	char got[2048] = "", text[DDNS_NAME_TEXT_MAX];
	struct ddns_name name;
	int64_t last = INT64_MIN;

	for (const struct ddns_item *i = p->queue.first; i != NULL;
	    i = i->next) {
		ddns_item_name(i, &name);
		ddns_name_format(&name, text);
		snprintf(got + strlen(got), sizeof(got) - strlen(got),
		    "%s%s:%u:%d-%d", *got == '\0' ? "" : " ", text,
		    ddns_item_type(i), (int)i->seq_low, (int)i->seq_high);
		assert_true(i->seq_low >= last);
		last = i->seq_low;
	}
	assert_string_equal(got, want);
}

static void
test_add_keeps_the_order(void **state)
{
	struct ddns_pending *p = *state;

	add_a(p, "a.test", 1);
	add_a(p, "b.test", 2);
	add_a(p, "c.test", 3);
	assert_queue(p, "a.test:1:1-1 b.test:1:2-2 c.test:1:3-3");
}

static void
test_add_merges_a_name_and_keeps_its_place(void **state)
{
	struct ddns_pending *p = *state;
	struct ddns_item *item;

	add_a(p, "a.test", 1);
	add_a(p, "b.test", 2);
	item = add_a(p, "a.test", 3);
	assert_queue(p, "a.test:1:1-3 b.test:1:2-2");
	assert_int_equal(item->since.v, 101);
	assert_int_equal(item->time.v, 3000);
	assert_int_equal(item->serial, 3);
	assert_int_equal(p->queue.count, 2);
}

static void
test_add_1000_changes_of_a_name_are_one_item(void **state)
{
	struct ddns_pending *p = *state;

	for (int i = 1; i <= 1000; i++)
		add_a(p, "a.test", i);
	assert_queue(p, "a.test:1:1-1000");
}

static void
test_add_two_types_become_any(void **state)
{
	struct ddns_pending *p = *state;

	add_a(p, "a.test", 1);
	add(p, "a.test", "test", 2, DDNS_TYPE_AAAA, 0, false);
	assert_queue(p, "a.test:255:1-2");
}

static void
test_add_whole_name_is_any(void **state)
{
	struct ddns_pending *p = *state;

	add(p, "a.test", "test", 1, DDNS_TYPE_A, DDNS_ITEM_WHOLE, false);
	add(p, "b.test", "test", 2, DDNS_TYPE_NONE, 0, false);
	assert_queue(p, "a.test:255:1-1 b.test:255:2-2");
}

static void
test_add_subtree_is_another_item(void **state)
{
	struct ddns_pending *p = *state;

	add_a(p, "a.test", 1);
	add(p, "a.test", "test", 1, DDNS_TYPE_A, DDNS_ITEM_SUBTREE, false);
	assert_queue(p, "a.test:1:1-1 a.test:255:1-1");
}

static void
test_add_derived_and_own_is_own(void **state)
{
	struct ddns_pending *p = *state;
	struct ddns_item *item;

	item = add(p, "a.test", "test", 1, DDNS_TYPE_A, DDNS_ITEM_DERIVED,
	    false);
	assert_true(item->flags & DDNS_ITEM_DERIVED);
	item = add(p, "a.test", "test", 2, DDNS_TYPE_A, DDNS_ITEM_DERIVED,
	    false);
	assert_true(item->flags & DDNS_ITEM_DERIVED);
	item = add_a(p, "a.test", 3);
	assert_false(item->flags & DDNS_ITEM_DERIVED);
	item = add(p, "a.test", "test", 4, DDNS_TYPE_A, DDNS_ITEM_DERIVED,
	    false);
	assert_false(item->flags & DDNS_ITEM_DERIVED);
}

static void
add_six(struct ddns_pending *p)
{
	add_a(p, "a.test", 1);
	add(p, "x.other", "other", 2, DDNS_TYPE_A, 0, false);
	add_a(p, "b.test", 3);
	add_a(p, "c.test", 4);
	add_a(p, "d.test", 5);
	add_a(p, "e.test", 6);
}

static void
test_add_too_many_names_become_their_zone(void **state)
{
	struct ddns_pending *p = *state;
	struct ddns_item *zone;

	add_six(p);
	assert_int_equal(p->queue.count, 6);
	add_a(p, "f.test", 7);
	assert_queue(p, "test:6:1-7 x.other:1:2-2");
	assert_int_equal(p->degraded, 1);
	/* and it swallows what comes, until it is taken */
	add_a(p, "a.test", 8);
	add_a(p, "g.test", 9);
	assert_queue(p, "test:6:1-9 x.other:1:2-2");
	zone = p->queue.first;
	ddns_pending_take(p, zone);
	assert_queue(p, "x.other:1:2-2");
	ddns_item_free(zone);
}

static void
test_add_after_the_zone_was_taken_is_a_name_again(void **state)
{
	struct ddns_pending *p = *state;
	struct ddns_item *zone;

	add_six(p);
	zone = add_a(p, "f.test", 7);
	assert_name(zone, "test");
	ddns_pending_take(p, zone);
	add_a(p, "a.test", 8);
	assert_queue(p, "x.other:1:2-2 a.test:1:8-8");
	/* given back, it swallows that too, and is first */
	ddns_pending_give(p, zone);
	assert_queue(p, "test:6:1-8 x.other:1:2-2");
}

static void
test_add_zone_takes_the_place_of_its_names(void **state)
{
	struct ddns_pending *p = *state;

	add_six(p);
	add(p, "test", "test", 7, DDNS_TYPE_ANY, DDNS_ITEM_ZONE, false);
	assert_queue(p, "test:6:1-7 x.other:1:2-2");
	assert_int_equal(p->table_used, 3); /* and the count of "other" */
}

static void
test_take_forgets_the_zone_with_its_last_name(void **state)
{
	struct ddns_pending *p = *state;
	struct ddns_item *a = add_a(p, "a.test", 1);
	struct ddns_item *b = add_a(p, "b.test", 2);

	assert_int_equal(p->table_used, 3);
	ddns_pending_take(p, a);
	ddns_pending_take(p, b);
	assert_int_equal(p->table_used, 0);
	assert_null(p->queue.first);
	ddns_item_free(a);
	ddns_item_free(b);
}

/* Somebody pointed at it, then it changed itself: now its zone is known. */
static void
test_add_counts_a_name_whose_zone_becomes_known(void **state)
{
	struct ddns_pending *p = *state;
	struct ddns_item *item, *again;
	struct ddns_name apex;

	item = add(p, "a.test", NULL, 1, DDNS_TYPE_A, DDNS_ITEM_DERIVED,
	    false);
	assert_false(ddns_item_apex(item, &apex));
	again = add_a(p, "a.test", 2);
	assert_ptr_equal(item, again);
	assert_true(ddns_item_apex(item, &apex));
	assert_int_equal(item->zone->names, 1);
	add(p, "a.test", NULL, 3, DDNS_TYPE_A, DDNS_ITEM_DERIVED, false);
	ddns_pending_take(p, item);
	assert_int_equal(p->table_used, 0);
	ddns_item_free(item);
}

static void
test_add_of_a_name_that_moved_to_another_zone_leaks_nothing(void **state)
{
	struct ddns_pending *p = *state;
	struct ddns_item *item = add_a(p, "a.b.test", 1);

	add(p, "a.b.test", "b.test", 2, DDNS_TYPE_A, 0, false);
	assert_queue(p, "a.b.test:1:1-2");
	ddns_pending_take(p, item);
	assert_int_equal(p->table_used, 0);
	add(p, "a.b.test", "b.test", 3, DDNS_TYPE_A, 0, false);
	ddns_pending_give(p, item);
	assert_queue(p, "a.b.test:1:1-3");
	item = p->queue.first;
	ddns_pending_take(p, item);
	assert_int_equal(p->table_used, 0);
	ddns_item_free(item);
}

static void
test_take_until_leaves_what_came_later(void **state)
{
	struct ddns_pending *p = *state;
	struct ddns_item *item;

	item = add_a(p, "a.test", 1);
	add_a(p, "a.test", 5);
	ddns_pending_take_until(p, item, 3);
	assert_int_equal(item->seq_low, 1);
	assert_int_equal(item->seq_high, 3);
	assert_int_equal(item->serial, 1); /* promises no more than it has */
	assert_queue(p, "a.test:1:4-5");
	assert_int_equal(p->queue.first->gate, 5);
	ddns_item_free(item);
	item = p->queue.first;
	ddns_pending_take_until(p, item, 5);
	assert_queue(p, "");
	ddns_item_free(item);
}

static void
test_give_puts_back_in_front_and_merges(void **state)
{
	struct ddns_pending *p = *state;
	struct ddns_item *a = add_a(p, "a.test", 1);
	struct ddns_item *b = add_a(p, "b.test", 2);

	add_a(p, "c.test", 3);
	ddns_pending_take(p, a);
	ddns_pending_take(p, b);
	add_a(p, "a.test", 4);
	assert_queue(p, "c.test:1:3-3 a.test:1:4-4");
	ddns_pending_give(p, b);
	ddns_pending_give(p, a);
	assert_queue(p, "a.test:1:1-4 b.test:1:2-2 c.test:1:3-3");
}

static void
test_front_is_before_all_others(void **state)
{
	struct ddns_pending *p = *state;

	add_a(p, "a.test", 5);
	add_a(p, "b.test", 6);
	add(p, "b.test", "test", 2, DDNS_TYPE_A, 0, true);
	assert_queue(p, "b.test:1:2-6 a.test:1:5-5");
	assert_int_equal(ddns_item_list_low(&p->queue, INT64_MAX), 2);
	assert_int_equal(p->queue.first->gate, 2);
}

static void
test_expire_drops_only_what_is_old(void **state)
{
	struct ddns_pending *p = *state;

	for (int i = 1; i <= 4; i++) {
		char name[32];

		snprintf(name, sizeof(name), "n%d.test", i);
		add_a(p, name, i);
	}
	add_a(p, "n1.test", 9); /* its newest change counts */
	assert_int_equal(ddns_pending_expire(p, (struct ddns_unix_ms){ 4000 }),
	    2);
	assert_queue(p, "n1.test:1:1-9 n4.test:1:4-4");
}

static void
test_many_names_are_found_again(void **state)
{
	struct ddns_pending p;
	char name[32];

	(void)state;
	ddns_pending_init(&p, 0, 1);
	for (int round = 0; round < 2; round++)
		for (int i = 0; i < 3000; i++) {
			snprintf(name, sizeof(name), "h%d.test", i);
			add_a(&p, name, round * 3000 + i);
		}
	assert_int_equal(p.queue.count, 3000);
	for (int i = 0; i < 3000; i++) {
		struct ddns_item *item = p.queue.first;

		assert_int_equal(item->seq_low, i);
		assert_int_equal(item->seq_high, i + 3000);
		ddns_pending_take(&p, item);
		ddns_item_free(item);
	}
	assert_int_equal(p.table_used, 0);
	ddns_pending_done(&p);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_add_keeps_the_order),
		TEST(test_add_merges_a_name_and_keeps_its_place),
		TEST(test_add_1000_changes_of_a_name_are_one_item),
		TEST(test_add_two_types_become_any),
		TEST(test_add_whole_name_is_any),
		TEST(test_add_subtree_is_another_item),
		TEST(test_add_derived_and_own_is_own),
		TEST(test_add_too_many_names_become_their_zone),
		TEST(test_add_after_the_zone_was_taken_is_a_name_again),
		TEST(test_add_zone_takes_the_place_of_its_names),
		TEST(test_take_forgets_the_zone_with_its_last_name),
		TEST(test_add_counts_a_name_whose_zone_becomes_known),
		TEST(
		    test_add_of_a_name_that_moved_to_another_zone_leaks_nothing),
		TEST(test_take_until_leaves_what_came_later),
		TEST(test_give_puts_back_in_front_and_merges),
		TEST(test_front_is_before_all_others),
		TEST(test_expire_drops_only_what_is_old),
		TEST(test_many_names_are_found_again),
	};

	return cmocka_run_group_tests_name("publish_pending", tests, NULL,
	    NULL);
}
