/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/unit/unit.h"

#include "common/dns/name.h"

static struct ddns_name
name_of(const char *text)
{
	struct ddns_name name;

	assert_int_equal(ddns_name_parse(text, &name), DDNS_OK);
	return name;
}

static void
test_name_parse_and_format_round_trip(void **state)
{
	static const struct {
		const char *in, *out;
	} t[] = {
		{ ".", "." },
		{ "example.com", "example.com" },
		{ "Example.COM.", "Example.COM" },
		{ "a\\.b.c", "a\\.b.c" },
		{ "a\\046b.c", "a\\.b.c" },
		{ "\\000\\255.x", "\\000\\255.x" },
		{ "*.x", "*.x" },
		{ "a\\\\b", "a\\\\b" },
	};

	(void)state;
	for (size_t i = 0; i < DDNS_COUNT(t); i++) {
		struct ddns_name name = name_of(t[i].in);
		char text[DDNS_NAME_TEXT_MAX];

		assert_int_equal(ddns_name_format(&name, text),
		    strlen(t[i].out));
		assert_string_equal(text, t[i].out);
	}
}

static void
test_name_parse_refuses_and_leaves_ret_alone(void **state)
{
	static const char *const bad[] = { "", "..", ".a", "a..b", "a\\",
		"a\\25", "a\\256", "a\\2x5" };
	struct ddns_name name = { .len_bytes = 77 };
	char text[400];

	(void)state;
	for (size_t i = 0; i < DDNS_COUNT(bad); i++)
		assert_int_equal(ddns_name_parse(bad[i], &name), DDNS_EFORMAT);
	memset(text, 'a', sizeof(text));
	assert_int_equal(ddns_name_parse_len(text, 64, &name), DDNS_EFORMAT);
	assert_int_equal(name.len_bytes, 77);
	assert_int_equal(ddns_name_parse_len(text, 63, &name), DDNS_OK);
	assert_int_equal(name.len_bytes, 65);
}

static void
test_name_parse_takes_255_bytes_and_no_more(void **state)
{
	struct ddns_name name;
	char text[300];
	size_t n = 0;

	(void)state;
	for (int i = 0; i < 126; i++) {
		text[n++] = 'a';
		text[n++] = '.';
	}
	text[n++] = 'b'; /* 127 labels: 254 + the root */
	assert_int_equal(ddns_name_parse_len(text, n, &name), DDNS_OK);
	assert_int_equal(name.len_bytes, 255);
	assert_int_equal(ddns_name_labels(&name), 127);
	text[n++] = '.';
	assert_int_equal(ddns_name_parse_len(text, n, &name), DDNS_OK);
	text[n - 1] = 'c';
	assert_int_equal(ddns_name_parse_len(text, n, &name), DDNS_EFORMAT);
}

static void
test_name_read_follows_pointers_backwards_only(void **state)
{
	/* 0: "x"., 3: "a" -> 0, 7: -> 3, 9: -> 9, 11: -> 13, 13: -> 11 */
	static const uint8_t m[] = { 1, 'x', 0, 1, 'a', 0xc0, 0, 0xc0, 3,
		0xc0, 9, 0xc0, 13, 0xc0, 11, 0x40, 1, 'y' };
	struct ddns_span msg = { m, sizeof(m) };
	static const size_t bad[] = { 9, 11, 15, 16, 18, 19 };
	struct ddns_name name, want = name_of("a.x");
	size_t pos = 7;

	(void)state;
	assert_int_equal(ddns_name_read(msg, &pos, &name), DDNS_OK);
	assert_int_equal(pos, 9);
	assert_true(ddns_name_equal(&name, &want));
	for (size_t i = 0; i < DDNS_COUNT(bad); i++) {
		pos = bad[i];
		assert_int_equal(ddns_name_read(msg, &pos, &name),
		    DDNS_EFORMAT);
		assert_int_equal(pos, bad[i]);
	}
}

static void
test_name_under_parent_wildcard(void **state)
{
	struct ddns_name zone = name_of("Example.com"), root = name_of("."),
		a = name_of("a.eXample.COM"), b = name_of("aexample.com"), p;

	(void)state;
	assert_true(ddns_name_is_under(&a, &zone));
	assert_true(ddns_name_is_under(&zone, &zone));
	assert_false(ddns_name_is_under(&zone, &a));
	assert_false(ddns_name_is_under(&b, &zone));
	assert_true(ddns_name_is_under(&b, &root));
	assert_true(ddns_name_parent(&a, &p));
	assert_true(ddns_name_equal(&p, &zone));
	assert_false(ddns_name_parent(&root, &p));
	assert_int_equal(ddns_name_wildcard(&zone, &p), DDNS_OK);
	assert_true(ddns_name_is_wildcard(&p));
	assert_false(ddns_name_is_wildcard(&zone));
}

static void
test_name_order_is_canonical(void **state)
{
	/* the list of RFC 4034 s.6.1 */
	static const char *const order[] = { "example", "a.example",
		"yljkjljk.a.example", "Z.a.example", "zABC.a.EXAMPLE",
		"z.example", "\\001.z.example", "*.z.example",
		"\\200.z.example" };

	(void)state;
	for (size_t i = 0; i < DDNS_COUNT(order); i++)
		for (size_t k = 0; k < DDNS_COUNT(order); k++) {
			struct ddns_name a = name_of(order[i]),
				b = name_of(order[k]);

			assert_int_equal(ddns_name_compare(&a, &b),
			    i < k ? -1 : i > k);
		}
}

static void
test_name_key_goes_there_and_back(void **state)
{
	static const char *const t[] = { ".", "a.b", "\\000.\\001\\002.x",
		"*.example.com", "\\255\\000\\000.y" };
	static const char bad[][4] = { "a", "\1\3", "\1", "a\1" };

	(void)state;
	for (size_t i = 0; i < DDNS_COUNT(t); i++) {
		struct ddns_name name = name_of(t[i]), back;
		uint8_t key[DDNS_NAME_KEY_MAX];
		size_t len = ddns_name_key(&name, key);

		assert_int_equal(ddns_name_from_key((struct ddns_span){ key,
		    len }, &back), DDNS_OK);
		assert_int_equal(back.len_bytes, name.len_bytes);
		assert_memory_equal(back.wire, name.wire, name.len_bytes);
	}
	for (size_t i = 0; i < DDNS_COUNT(bad); i++) {
		struct ddns_name back;

		assert_int_equal(ddns_name_from_key((struct ddns_span){
		    (const uint8_t *)bad[i], strlen(bad[i]) }, &back),
		    DDNS_EFORMAT);
	}
}

static void
test_name_hostname_rule(void **state)
{
	static const struct {
		const char *text;
		bool plain, underscore;
	} t[] = {
		{ "a.example", true, true },
		{ "*.example", true, true },
		{ "_acme-challenge.a", false, true },
		{ "-a.b", false, false },
		{ "a-.b", false, false },
		{ "a\\032b", false, false },
		{ "a.*.b", false, false },
	};

	(void)state;
	for (size_t i = 0; i < DDNS_COUNT(t); i++) {
		struct ddns_name name = name_of(t[i].text);

		assert_int_equal(ddns_name_is_hostname(&name, false),
		    t[i].plain);
		assert_int_equal(ddns_name_is_hostname(&name, true),
		    t[i].underscore);
	}
}

static void
test_name_hash_ignores_case_only(void **state)
{
	struct ddns_name a = name_of("Abc.example"), b = name_of("aBC.EXAMPLE"),
		c = name_of("abd.example");

	(void)state;
	assert_true(ddns_name_hash(&a, 7) == ddns_name_hash(&b, 7));
	assert_false(ddns_name_hash(&a, 7) == ddns_name_hash(&c, 7));
	assert_false(ddns_name_hash(&a, 7) == ddns_name_hash(&a, 8));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_name_parse_and_format_round_trip),
		cmocka_unit_test(test_name_parse_refuses_and_leaves_ret_alone),
		cmocka_unit_test(test_name_parse_takes_255_bytes_and_no_more),
		cmocka_unit_test(test_name_read_follows_pointers_backwards_only),
		cmocka_unit_test(test_name_under_parent_wildcard),
		cmocka_unit_test(test_name_order_is_canonical),
		cmocka_unit_test(test_name_key_goes_there_and_back),
		cmocka_unit_test(test_name_hostname_rule),
		cmocka_unit_test(test_name_hash_ignores_case_only),
	};

	return cmocka_run_group_tests_name("dns_name", tests, NULL, NULL);
}
