/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/unit/unit.h"

#include <stdio.h>

#include "common/daemon/ddnsctl.h"

static const struct ctl_option options[] = {
	{ "--ttl", "TIME", "" },
	{ "--force", NULL, "" },
	{ "-n", "NUMBER", "" },
	{ NULL, NULL, NULL }
};

static const struct ctl_command command = {
	"host set", "HOST [ADDRESS]", "", options, NULL
};
static const struct ctl_command bare = { "init", "", "", NULL, NULL };
static const struct ctl_command many = {
	"record set", "NAME TYPE DATA...", "", NULL, NULL
};

static void
check_range(const char *args, unsigned least, unsigned most)
{
	unsigned l, m;

	ctl_args_range(args, &l, &m);
	assert_int_equal(l, least);
	assert_int_equal(m, most);
}

static void
test_args_range_counts_words_of_the_help(void **state)
{
	(void)state;
	check_range("", 0, 0);
	check_range("ZONE", 1, 1);
	check_range("HOST [ADDRESS]", 1, 2);
	check_range("[COMMAND] [SUBCOMMAND]", 0, 2);
	check_range("NAME TYPE DATA...", 3, CTL_MANY);
	check_range("[WORD]...", 0, CTL_MANY);
}

static enum ddns_err
parse(const struct ctl_command *c, const char *const *words, unsigned count,
    struct ctl_args *args, char why[256])
{
	struct ddns_buf buf = { 0 };
	enum ddns_err err = ctl_args_parse(c, words, count, args, &buf);

	snprintf(why, 256, "%s", ddns_buf_text(&buf));
	ddns_buf_done(&buf);
	return err;
}
#define PARSE(command, args, why, ...)                                  \
	parse(command, (const char *const[]){ __VA_ARGS__ },            \
	    DDNS_COUNT(((const char *const[]){ __VA_ARGS__ })), args, why)

static void
test_args_parse_takes_options_anywhere(void **state)
{
	struct ctl_args args = { 0 };
	char why[256];

	(void)state;
	assert_int_equal(PARSE(&command, &args, why, "--ttl", "60", "h1",
	    "--force", "192.0.2.1", "-n", "5", "--ttl=90"), DDNS_OK);
	assert_int_equal(args.pos_count, 2);
	assert_string_equal(args.pos[0], "h1");
	assert_string_equal(args.pos[1], "192.0.2.1");
	assert_int_equal(args.given_count, 4);
	assert_string_equal(args.given[0].value, "60");
	assert_null(args.given[1].value);
	assert_string_equal(args.given[1].option->name, "--force");
	assert_string_equal(args.given[2].value, "5");
	assert_string_equal(args.given[3].value, "90");
	ctl_args_done(&args);
}

static void
test_args_parse_ends_options_at_two_dashes(void **state)
{
	struct ctl_args args = { 0 };
	char why[256];

	(void)state;
	assert_int_equal(PARSE(&command, &args, why, "--", "--force"),
	    DDNS_OK);
	assert_int_equal(args.pos_count, 1);
	assert_string_equal(args.pos[0], "--force");
	assert_int_equal(args.given_count, 0);
	ctl_args_done(&args);
	assert_int_equal(PARSE(&many, &args, why, "n", "-", "a", "b", "c"),
	    DDNS_OK);
	assert_int_equal(args.pos_count, 5);
	ctl_args_done(&args);
}

static void
test_args_parse_names_the_mistake(void **state)
{
	struct ctl_args args = { 0 };
	char why[256];

	(void)state;
	assert_int_equal(PARSE(&command, &args, why, "h1", "--tll", "6"),
	    DDNS_EFORMAT);
	assert_string_equal(why,
	    "unknown option --tll; allowed: --ttl, --force, -n");
	assert_int_equal(PARSE(&bare, &args, why, "--x"), DDNS_EFORMAT);
	assert_string_equal(why, "unknown option --x; there are none");
	assert_int_equal(PARSE(&command, &args, why, "h1", "--ttl"),
	    DDNS_EFORMAT);
	assert_string_equal(why, "--ttl wants a value: TIME");
	assert_int_equal(PARSE(&command, &args, why, "h1", "--force=yes"),
	    DDNS_EFORMAT);
	assert_string_equal(why, "--force takes no value");
	assert_int_equal(PARSE(&command, &args, why, "--force"),
	    DDNS_EFORMAT);
	assert_string_equal(why,
	    "too few arguments; wanted: HOST [ADDRESS]");
	assert_int_equal(PARSE(&command, &args, why, "a", "b", "c"),
	    DDNS_EFORMAT);
	assert_string_equal(why, "too many arguments, from \"c\" on; "
	    "wanted: HOST [ADDRESS]");
	assert_int_equal(PARSE(&bare, &args, why, "a"), DDNS_EFORMAT);
	assert_string_equal(why, "too many arguments, from \"a\" on; "
	    "wanted: none");
	assert_null(args.pos);
}

static void
test_duration_takes_seconds_and_units(void **state)
{
	static const struct {
		const char *text;
		uint32_t seconds;
	} good[] = {
		{ "0", 0 }, { "90", 90 }, { "90s", 90 }, { "15m", 900 },
		{ "24h", 86400 }, { "7d", 604800 }, { "2w", 1209600 },
		{ "1h30m", 5400 }, { "1w1d1h1m1s", 694861 },
		{ "3155760000", 3155760000u },
	};
	uint32_t seconds;

	(void)state;
	for (size_t i = 0; i < DDNS_COUNT(good); i++) {
		assert_int_equal(ctl_parse_duration(good[i].text, &seconds),
		    DDNS_OK);
		assert_int_equal(seconds, good[i].seconds);
	}
}

static void
test_duration_refuses_nonsense(void **state)
{
	static const char *const bad[] = { "", "h", "-1", "+1", " 1", "1 ",
		"1y", "1H", "1.5h", "1h30", "30m1h", "1h1h", "1s1", "abc" };
	static const char *const huge[] = { "3155760001", "99999999999",
		"36526d", "9999999999w" };
	uint32_t seconds = 7;

	(void)state;
	for (size_t i = 0; i < DDNS_COUNT(bad); i++)
		assert_int_equal(ctl_parse_duration(bad[i], &seconds),
		    DDNS_EFORMAT);
	for (size_t i = 0; i < DDNS_COUNT(huge); i++)
		assert_int_equal(ctl_parse_duration(huge[i], &seconds),
		    DDNS_ERANGE);
	assert_int_equal(seconds, 7);
}

static void
test_time_takes_dates_spans_and_seconds(void **state)
{
	static const struct {
		const char *text;
		int64_t ms;
	} good[] = {
		{ "1970-01-01", 0 },
		{ "2026-11-21", 1795219200000 },
		{ "2026-11-21T05:00", 1795237200000 },
		{ "2026-11-21 05:00", 1795237200000 },
		{ "2026-11-21T05:00Z", 1795237200000 },
		{ "2026-11-21T05:00:01Z", 1795237201000 },
		{ "2026-11-21T05:00:01.250Z", 1795237201250 },
		{ "2024-02-29", 1709164800000 },
		{ "@1795237200", 1795237200000 },
		{ "1h", 1795233600000 },
		{ "60", 1795237140000 },
		{ "100w", 1795237200000 - 60480000000 },
	};
	struct ddns_unix_ms now = { 1795237200000 }, t;

	(void)state;
	for (size_t i = 0; i < DDNS_COUNT(good); i++) {
		assert_int_equal(ctl_parse_time(good[i].text, now, &t),
		    DDNS_OK);
		assert_true(t.v == good[i].ms);
	}
}

static void
test_time_refuses_nonsense(void **state)
{
	static const char *const bad[] = { "", "@", "@x", "@0",
		"-5", "2026-13-01", "2026-00-10", "2026-02-29", "2100-02-29",
		"2026-11-31", "2026-11-21T", "2026-11-21T5:00",
		"2026-11-21T24:00", "2026-11-21T05:60", "2026-11-21T05:00:61",
		"2026-11-21T05:00:00.1Z", "2026-11-21T05:00+01:00",
		"2026-11-21Z", "1969-12-31", "yesterday" };
	struct ddns_unix_ms now = { 1795237200000 }, t = { 7 };

	(void)state;
	for (size_t i = 0; i < DDNS_COUNT(bad); i++)
		assert_int_not_equal(ctl_parse_time(bad[i], now, &t),
		    DDNS_OK);
	assert_true(t.v == 7);
}

static void
test_number_keeps_its_range(void **state)
{
	uint32_t v = 7;

	(void)state;
	assert_int_equal(ctl_parse_u32("5", 1, 9, &v), DDNS_OK);
	assert_int_equal(v, 5);
	assert_int_equal(ctl_parse_u32("0", 1, 9, &v), DDNS_ERANGE);
	assert_int_equal(ctl_parse_u32("10", 1, 9, &v), DDNS_ERANGE);
	assert_int_equal(ctl_parse_u32("99999999999999999999999", 1, 9, &v),
	    DDNS_ERANGE);
	assert_int_equal(ctl_parse_u32("", 1, 9, &v), DDNS_EFORMAT);
	assert_int_equal(ctl_parse_u32("-1", 0, 9, &v), DDNS_EFORMAT);
	assert_int_equal(ctl_parse_u32(" 1", 0, 9, &v), DDNS_EFORMAT);
	assert_int_equal(ctl_parse_u32("1x", 0, 9, &v), DDNS_EFORMAT);
	assert_int_equal(v, 5);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_args_range_counts_words_of_the_help),
		cmocka_unit_test(test_args_parse_takes_options_anywhere),
		cmocka_unit_test(test_args_parse_ends_options_at_two_dashes),
		cmocka_unit_test(test_args_parse_names_the_mistake),
		cmocka_unit_test(test_duration_takes_seconds_and_units),
		cmocka_unit_test(test_duration_refuses_nonsense),
		cmocka_unit_test(test_time_takes_dates_spans_and_seconds),
		cmocka_unit_test(test_time_refuses_nonsense),
		cmocka_unit_test(test_number_keeps_its_range),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
