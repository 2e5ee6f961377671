/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/unit/unit.h"

#include "common/dns/rrset.h"

static struct ddns_span
span(const char *text)
{
	return (struct ddns_span){ (const uint8_t *)text, strlen(text) };
}

static void
add(struct ddns_rrset *set, uint32_t ttl_s, const char *text)
{
	assert_int_equal(ddns_rrset_add(set, ttl_s, span(text)), DDNS_OK);
}

static void
test_rrset_zeroed_is_absent(void **state)
{
	struct ddns_rrset set = { 0 }, other = { 0 };
	struct ddns_span rdata;
	size_t pos = 0;

	(void)state;
	assert_true(ddns_rrset_is_absent(&set));
	assert_int_equal(ddns_rrset_count(&set), 0);
	assert_int_equal(ddns_rrset_ttl_s(&set), 0);
	assert_false(ddns_rrset_next(&set, &pos, &rdata));
	assert_false(ddns_rrset_has(&set, span("a")));
	ddns_rrset_remove(&set, span("a"));
	ddns_rrset_set_ttl(&set, 5);
	assert_true(ddns_rrset_equal(&set, &other));
	assert_int_equal(ddns_rrset_from_bytes((struct ddns_span){ 0 }, &set),
	    DDNS_OK);
	assert_true(ddns_rrset_is_absent(&set));
}

static void
test_rrset_order_of_adding_does_not_matter(void **state)
{
	static const char *const want[] = { "", "a", "aa", "b", "ba" };
	struct ddns_rrset one = { 0 }, two = { 0 };
	struct ddns_span rdata;
	size_t pos = 0, n = 0;

	(void)state;
	for (size_t i = 0; i < DDNS_COUNT(want); i++) {
		add(&one, 60, want[i]);
		add(&two, 60, want[DDNS_COUNT(want) - 1 - i]);
	}
	add(&two, 60, "aa"); /* a duplicate */
	assert_true(ddns_rrset_equal(&one, &two));
	assert_int_equal(ddns_rrset_count(&one), 5);
	while (ddns_rrset_next(&one, &pos, &rdata)) {
		assert_int_equal(rdata.len_bytes, strlen(want[n]));
		assert_memory_equal(rdata.base, want[n], rdata.len_bytes);
		n++;
	}
	assert_int_equal(n, 5);
	ddns_rrset_done(&one);
	ddns_rrset_done(&two);
}

static void
test_rrset_add_sets_the_ttl_of_all(void **state)
{
	struct ddns_rrset one = { 0 }, two = { 0 };

	(void)state;
	add(&one, 60, "a");
	add(&one, 120, "b");
	assert_int_equal(ddns_rrset_ttl_s(&one), 120);
	assert_int_equal(ddns_rrset_copy(&one, &two), DDNS_OK);
	add(&one, 30, "a");
	assert_int_equal(ddns_rrset_ttl_s(&one), 30);
	assert_false(ddns_rrset_equal(&one, &two));
	assert_true(ddns_rrset_equal_data(&one, &two));
	ddns_rrset_done(&one);
	ddns_rrset_done(&two);
}

static void
test_rrset_remove_the_last_makes_it_absent(void **state)
{
	struct ddns_rrset set = { 0 };

	(void)state;
	add(&set, 60, "b");
	add(&set, 60, "a");
	add(&set, 60, "c");
	ddns_rrset_remove(&set, span("x"));
	ddns_rrset_remove(&set, span("b"));
	assert_int_equal(ddns_rrset_count(&set), 2);
	assert_false(ddns_rrset_has(&set, span("b")));
	assert_true(ddns_rrset_has(&set, span("c")));
	ddns_rrset_remove(&set, span("c"));
	ddns_rrset_remove(&set, span("a"));
	assert_true(ddns_rrset_is_absent(&set));
	ddns_rrset_done(&set);
}

static void
test_rrset_from_bytes_refuses_what_it_would_not_write(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
	} bad[] = {
		{ "\0\0\0\1\0", 5 },
		{ "\0\0\0\1\0\0", 6 },                        /* no RR */
		{ "\0\0\0\1\0\2\0\1a", 9 },                   /* count */
		{ "\0\0\0\1\0\1\0\2a", 9 },                   /* short */
		{ "\0\0\0\1\0\1\0\1ab", 10 },                 /* trailing */
		{ "\0\0\0\1\0\2\0\1b\0\1a", 12 },             /* order */
		{ "\0\0\0\1\0\2\0\1a\0\1a", 12 },             /* twice */
		{ "\200\0\0\1\0\1\0\1a", 9 },                 /* TTL */
	};
	struct ddns_rrset set = { 0 };

	(void)state;
	for (size_t i = 0; i < DDNS_COUNT(bad); i++)
		assert_int_equal(ddns_rrset_from_bytes((struct ddns_span){
		    (const uint8_t *)bad[i].bytes, bad[i].len }, &set),
		    DDNS_EFORMAT);
	assert_int_equal(ddns_rrset_from_bytes((struct ddns_span){
	    (const uint8_t *)"\0\0\0\1\0\2\0\1a\0\1b", 12 }, &set), DDNS_OK);
	assert_int_equal(ddns_rrset_count(&set), 2);
	ddns_rrset_done(&set);
}

static void
test_rrset_has_a_bound(void **state)
{
	struct ddns_rrset set = { 0 };
	static uint8_t big[UINT16_MAX];
	struct ddns_span rdata;

	(void)state;
	for (unsigned i = 0; i < DDNS_RRSET_MAX_RRS; i++) {
		uint8_t b[2] = { (uint8_t)(i >> 8), (uint8_t)i };

		rdata = (struct ddns_span){ b, 2 };
		assert_int_equal(ddns_rrset_add(&set, 1, rdata), DDNS_OK);
	}
	assert_int_equal(ddns_rrset_add(&set, 1, span("x")), DDNS_ERANGE);
	assert_int_equal(ddns_rrset_count(&set), DDNS_RRSET_MAX_RRS);
	ddns_rrset_reset(&set);
	rdata = (struct ddns_span){ big, sizeof(big) };
	assert_int_equal(ddns_rrset_add(&set, 1, rdata), DDNS_ERANGE);
	assert_true(ddns_rrset_is_absent(&set));
	ddns_rrset_done(&set);
}

static void
test_rdata_target_of_types_that_have_one(void **state)
{
	static const struct {
		uint16_t type;
		const char *rdata;
		size_t len;
		bool want;
	} t[] = {
		{ DDNS_TYPE_CNAME, "\1x", 3, true },
		{ DDNS_TYPE_NS, "\1x", 3, true },
		{ DDNS_TYPE_PTR, "\1x", 3, true },
		{ DDNS_TYPE_DNAME, "\1x", 3, true },
		{ DDNS_TYPE_MX, "\0\7\1x", 5, true },
		{ DDNS_TYPE_SRV, "\0\1\0\2\0\3\1x", 9, true },
		{ DDNS_TYPE_HTTPS, "\0\1\1x\0\0\1\0\0", 9, true },
		{ DDNS_TYPE_TXT, "\1x", 3, false },
		{ DDNS_TYPE_MX, "\0\7", 2, false },
		{ DDNS_TYPE_CNAME, "\300\0", 2, false },
		{ DDNS_TYPE_CNAME, "\1x\300\0", 4, false },
	};

	(void)state;
	for (size_t i = 0; i < DDNS_COUNT(t); i++) {
		struct ddns_span rdata = { (const uint8_t *)t[i].rdata,
			t[i].len };
		struct ddns_name name = { 0 }, want;

		assert_int_equal(ddns_name_parse("x", &want), DDNS_OK);
		assert_int_equal(ddns_rdata_target(t[i].type, rdata, &name),
		    t[i].want);
		if (t[i].want)
			assert_true(ddns_name_equal(&name, &want));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rrset_zeroed_is_absent),
		cmocka_unit_test(test_rrset_order_of_adding_does_not_matter),
		cmocka_unit_test(test_rrset_add_sets_the_ttl_of_all),
		cmocka_unit_test(test_rrset_remove_the_last_makes_it_absent),
		cmocka_unit_test(
		    test_rrset_from_bytes_refuses_what_it_would_not_write),
		cmocka_unit_test(test_rrset_has_a_bound),
		cmocka_unit_test(test_rdata_target_of_types_that_have_one),
	};

	return cmocka_run_group_tests_name("dns_rrset", tests, NULL, NULL);
}
