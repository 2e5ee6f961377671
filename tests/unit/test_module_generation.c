/* SPDX-License-Identifier: BSD-3-Clause */
/* Generations, what queries in flight share, windows of workers. */
#include "tests/unit/unit.h"

#include <pthread.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "unbound-module/generation.h"
#include "unbound-module/inflight.h"
#include "unbound-module/window.h"

static struct ddns_generation g;
static struct ddns_marks marks;

static int
reset(void **state)
{
	(void)state;
	ddns_generation_init(&g, 0);
	marks.count = 0;
	ddns_marks_add(&marks, ddns_generation_name(&g, 7));
	return 0;
}

static enum ddns_freshness
check(uint64_t stamp)
{
	return ddns_generation_check(ddns_generation_name(&g, 7), stamp);
}

static void
test_lookup_before_a_drop_is_stale_during_and_after_it(void **state)
{
	uint64_t stamp = ddns_generation_stamp(&g);

	(void)state;
	assert_int_equal(check(stamp), DDNS_FRESH);
	ddns_generation_begin(&g, &marks);
	assert_int_equal(check(stamp), DDNS_STALE);
	ddns_generation_end(&g, &marks);
	assert_int_equal(check(stamp), DDNS_STALE);
}

static void
test_lookup_during_a_drop_is_busy_then_stale(void **state)
{
	uint64_t stamp;

	(void)state;
	ddns_generation_begin(&g, &marks);
	stamp = ddns_generation_stamp(&g);
	assert_true(stamp & 1);
	assert_int_equal(check(stamp), DDNS_BUSY);
	ddns_generation_end(&g, &marks);
	assert_int_equal(check(stamp), DDNS_STALE);
}

static void
test_lookup_after_a_drop_is_fresh(void **state)
{
	(void)state;
	ddns_generation_begin(&g, &marks);
	ddns_generation_end(&g, &marks);
	assert_int_equal(check(ddns_generation_stamp(&g)), DDNS_FRESH);
	assert_false(ddns_generation_stamp(&g) & 1);
}

static void
test_other_name_stays_fresh(void **state)
{
	uint64_t stamp = ddns_generation_stamp(&g);

	(void)state;
	ddns_generation_begin(&g, &marks);
	ddns_generation_end(&g, &marks);
	assert_int_equal(ddns_generation_check(ddns_generation_name(&g, 8),
	    stamp), DDNS_FRESH);
	/* but the same slot by another hash is stale: the safe side */
	assert_int_equal(ddns_generation_check(ddns_generation_name(&g,
	    7 + DDNS_GENERATION_NAMES), stamp), DDNS_STALE);
}

static void
test_drop_within_a_long_one_keeps_it_busy(void **state)
{
	struct ddns_marks zone = { .count = 0 };
	ddns_mark whole = 0;
	uint64_t stamp;

	(void)state;
	ddns_marks_add(&zone, &whole);
	ddns_generation_begin(&g, &zone);
	ddns_generation_begin(&g, &marks);
	ddns_generation_end(&g, &marks);
	stamp = ddns_generation_stamp(&g);
	assert_true(stamp & 1); /* nobody takes the short way yet */
	assert_int_equal(ddns_generation_check(&whole, stamp), DDNS_BUSY);
	assert_int_equal(check(stamp), DDNS_FRESH);
	ddns_generation_end(&g, &zone);
	assert_int_equal(ddns_generation_check(&whole, stamp), DDNS_STALE);
	assert_false(ddns_generation_stamp(&g) & 1);
}

static void
test_next_instance_goes_on_counting(void **state)
{
	uint64_t stamp;

	(void)state;
	ddns_generation_begin(&g, &marks);
	ddns_generation_end(&g, &marks);
	stamp = ddns_generation_stamp(&g);
	ddns_generation_init(&g, g.count);
	assert_int_equal(ddns_generation_stamp(&g), stamp);
	assert_int_equal(check(0), DDNS_FRESH);
}

static void
test_marks_one_too_many_is_left_out(void **state)
{
	struct ddns_marks many = { .count = 0 };

	(void)state;
	for (int i = 0; i < DDNS_GENERATION_MARKS_MAX + 5; i++)
		ddns_marks_add(&many, ddns_generation_name(&g, 1));
	assert_int_equal(many.count, DDNS_GENERATION_MARKS_MAX);
}

static void
test_inflight_shared_query_is_as_old_as_its_first(void **state)
{
	struct ddns_inflight t = { 0 };

	(void)state;
	assert_int_equal(ddns_inflight_stamp(&t, 1, false, 10), 10);
	assert_int_equal(ddns_inflight_stamp(&t, 1, true, 20), 10);
	assert_int_equal(ddns_inflight_stamp(&t, 1, true, 30), 10);
	/* a new one begins: what was there is over */
	assert_int_equal(ddns_inflight_stamp(&t, 1, false, 40), 40);
	assert_int_equal(ddns_inflight_stamp(&t, 1, true, 50), 40);
	/* never newer than who asks */
	assert_int_equal(ddns_inflight_stamp(&t, 1, true, 30), 30);
}

static void
test_inflight_what_was_forgotten_is_very_old(void **state)
{
	struct ddns_inflight t = { 0 };

	(void)state;
	assert_int_equal(ddns_inflight_stamp(&t, 5, true, 10), 0);
	assert_int_equal(ddns_inflight_stamp(&t, 5, false, 10), 10);
	for (uint64_t key = 6; key < 6 + DDNS_INFLIGHT_SLOTS; key++)
		(void)ddns_inflight_stamp(&t, key, false, 20);
	assert_int_equal(ddns_inflight_stamp(&t, 5, true, 30), 0);
}

static void
test_window_that_is_shut_is_not_waited_for(void **state)
{
	unsigned epoch = ddns_windows_reset();
	struct ddns_window *w = ddns_window_mine(epoch);

	(void)state;
	assert_non_null(w);
	assert_ptr_equal(ddns_window_mine(epoch), w);
	assert_false(ddns_windows_wait(1000000));
	ddns_window_enter(w);
	ddns_window_leave(w);
	ddns_window_leave(w); /* twice is nothing */
	assert_false(ddns_windows_wait(1000000));
}

static void
test_window_that_never_moves_is_given_up_once(void **state)
{
	struct ddns_window *w = ddns_window_mine(ddns_windows_reset());
	struct ddns_mono_us start = ddns_mono_us_now();

	(void)state;
	ddns_window_enter(w);
	assert_true(ddns_windows_wait(2000));
	assert_true(ddns_mono_us_now().v - start.v >= 2000);
	assert_false(ddns_windows_wait(1000000)); /* not again */
	ddns_window_enter(w); /* it moved */
	assert_true(ddns_windows_wait(1000));
	ddns_window_leave(w);
}

static void *
leave_later(void *arg)
{
	(void)usleep(20000);
	ddns_window_leave(arg);
	return NULL;
}

static void
test_window_is_waited_for_until_it_is_left(void **state)
{
	struct ddns_window *w = ddns_window_mine(ddns_windows_reset());
	struct ddns_mono_us start = ddns_mono_us_now();
	pthread_t thread;
	int64_t took;

	(void)state;
	ddns_window_enter(w);
	assert_int_equal(pthread_create(&thread, NULL, leave_later, w), 0);
	assert_true(ddns_windows_wait(5000000));
	took = ddns_mono_us_now().v - start.v;
	assert_true(took >= 15000 && took < 4000000);
	(void)pthread_join(thread, NULL);
}

static void *
take_window(void *arg)
{
	return ddns_window_mine(*(unsigned *)arg);
}

static void
test_window_each_thread_has_its_own_until_there_are_too_many(void **state)
{
	unsigned epoch = ddns_windows_reset();
	void *seen[DDNS_WINDOWS_MAX + 2];
	pthread_t thread;

	(void)state;
	for (int i = 0; i < DDNS_WINDOWS_MAX + 2; i++) {
		assert_int_equal(pthread_create(&thread, NULL, take_window,
		    &epoch), 0);
		(void)pthread_join(thread, &seen[i]);
		assert_true((seen[i] == NULL) == (i >= DDNS_WINDOWS_MAX));
		assert_true(i == 0 || seen[i] != seen[i - 1] ||
		    seen[i] == NULL);
	}
	ddns_window_enter(NULL);
	ddns_window_leave(NULL);
	assert_false(ddns_windows_wait(1000));
	(void)ddns_windows_reset();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(
		    test_lookup_before_a_drop_is_stale_during_and_after_it,
		    reset),
		cmocka_unit_test_setup(
		    test_lookup_during_a_drop_is_busy_then_stale, reset),
		cmocka_unit_test_setup(test_lookup_after_a_drop_is_fresh,
		    reset),
		cmocka_unit_test_setup(test_other_name_stays_fresh, reset),
		cmocka_unit_test_setup(
		    test_drop_within_a_long_one_keeps_it_busy, reset),
		cmocka_unit_test_setup(test_next_instance_goes_on_counting,
		    reset),
		cmocka_unit_test_setup(test_marks_one_too_many_is_left_out,
		    reset),
		cmocka_unit_test(
		    test_inflight_shared_query_is_as_old_as_its_first),
		cmocka_unit_test(
		    test_inflight_what_was_forgotten_is_very_old),
		cmocka_unit_test(test_window_that_is_shut_is_not_waited_for),
		cmocka_unit_test(
		    test_window_that_never_moves_is_given_up_once),
		cmocka_unit_test(test_window_is_waited_for_until_it_is_left),
		cmocka_unit_test(
		 test_window_each_thread_has_its_own_until_there_are_too_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
