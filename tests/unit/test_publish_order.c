/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/unit/unit.h"

#include "common/publish/latency.h"
#include "common/publish/order.h"

static void
test_gate_is_what_was_read_when_nobody_holds(void **state)
{
	(void)state;
	assert_int_equal(ddns_order_gate(NULL, 0, 17), 17);
}

static void
test_gate_stops_before_the_slowest(void **state)
{
	struct ddns_order_first first[] = { { INT64_MAX, false },
		{ 12, false }, { 15, false } };

	(void)state;
	assert_int_equal(ddns_order_gate(first, 3, 17), 11);
}

static void
test_gate_ignores_who_is_down(void **state)
{
	struct ddns_order_first first[] = { { 3, true }, { 15, false } };

	(void)state;
	assert_int_equal(ddns_order_gate(first, 2, 17), 14);
	first[1].down = true;
	assert_int_equal(ddns_order_gate(first, 2, 17), 17);
}

static void
test_gate_ignores_what_is_not_yet_read(void **state)
{
	struct ddns_order_first first[] = { { 18, false } };

	(void)state;
	assert_int_equal(ddns_order_gate(first, 1, 17), 17);
}

static void
test_backoff_doubles_up_to_its_bound(void **state)
{
	struct ddns_backoff b = { .max_us = DDNS_BACKOFF_MAX_US };
	struct ddns_mono_us now = { 1000 };
	int64_t want = DDNS_BACKOFF_FIRST_US;

	(void)state;
	for (int i = 0; i < 40; i++) {
		ddns_backoff_fail(&b, now);
		assert_int_equal(b.next.v - now.v, want);
		want = want * 2 < DDNS_BACKOFF_MAX_US ? want * 2 :
		    DDNS_BACKOFF_MAX_US;
	}
	ddns_backoff_success(&b);
	assert_int_equal(b.next.v, 0);
	ddns_backoff_fail(&b, now);
	assert_int_equal(b.next.v - now.v, DDNS_BACKOFF_FIRST_US);
}

static void
test_backoff_is_cut_short_by_news_once_a_second(void **state)
{
	struct ddns_backoff b = { .max_us = DDNS_BACKOFF_MAX_US };
	struct ddns_mono_us now = { 5000000 };

	(void)state;
	ddns_backoff_eager(&b, now);
	assert_int_equal(b.next.v, 0);
	for (int i = 0; i < 20; i++)
		ddns_backoff_fail(&b, now);
	ddns_backoff_eager(&b, now);
	assert_int_equal(b.next.v, now.v + DDNS_BACKOFF_EAGER_US);
	b.next.v = now.v + DDNS_BACKOFF_MAX_US;
	ddns_backoff_eager(&b, (struct ddns_mono_us){ now.v + 3000000 });
	assert_int_equal(b.next.v, now.v + 3000000);
}

static void
test_latency_gives_percentiles_of_the_recent(void **state)
{
	static struct ddns_latency l;
	uint32_t p50, p99, max;

	(void)state;
	ddns_latency_get(&l, &p50, &p99, &max);
	assert_int_equal(p50 + p99 + max, 0);
	ddns_latency_add(&l, (struct ddns_mono_us){ 0 },
	    (struct ddns_mono_us){ 99 }); /* not measured */
	assert_int_equal(l.count, 0);
	for (int i = 0; i < 5000; i++)
		ddns_latency_add(&l, (struct ddns_mono_us){ 1 },
		    (struct ddns_mono_us){ 1000000 });
	for (int i = DDNS_LATENCY_SAMPLES; i > 0; i--)
		ddns_latency_add(&l, (struct ddns_mono_us){ 1 },
		    (struct ddns_mono_us){ 1 + i });
	ddns_latency_get(&l, &p50, &p99, &max);
	assert_int_equal(p50, DDNS_LATENCY_SAMPLES / 2);
	assert_in_range(p99, 1010, 1020);
	assert_int_equal(max, DDNS_LATENCY_SAMPLES);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_gate_is_what_was_read_when_nobody_holds),
		cmocka_unit_test(test_gate_stops_before_the_slowest),
		cmocka_unit_test(test_gate_ignores_who_is_down),
		cmocka_unit_test(test_gate_ignores_what_is_not_yet_read),
		cmocka_unit_test(test_backoff_doubles_up_to_its_bound),
		cmocka_unit_test(
		    test_backoff_is_cut_short_by_news_once_a_second),
		cmocka_unit_test(test_latency_gives_percentiles_of_the_recent),
	};

	return cmocka_run_group_tests_name("publish_order", tests, NULL, NULL);
}
