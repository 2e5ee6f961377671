/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/unit/unit.h"

#include <stdio.h>

#include "pdns-backend/request.h"

static char line[4096]; /* requests are read in place */

static enum ddns_err
parse(const char *text, struct ddns_request *req)
{
	size_t len = strlen(text);

	assert_true(len < sizeof(line));
	memcpy(line, text, len);
	line[len] = '\n';
	return ddns_request_parse(line, len, req);
}

static void
test_parse_reads_what_powerdns_sends(void **state)
{
	struct ddns_request req;

	(void)state;
	assert_int_equal(parse("{\"method\": \"lookup\", \"parameters\": "
	    "{\"local\": \"0.0.0.0\", \"qname\": \"HoSt1.dyn.test.\", "
	    "\"qtype\": \"ANY\", \"real-remote\": \"0.0.0.0/0\", "
	    "\"remote\": \"0.0.0.0\", \"zone-id\": -1}}", &req), DDNS_OK);
	assert_string_equal(req.method, "lookup");
	assert_int_equal(req.params_count, 6);
	assert_string_equal(ddns_request_text(&req, "qname"),
	    "HoSt1.dyn.test.");
	assert_int_equal(ddns_request_integer(&req, "zone-id", 7), -1);
	assert_int_equal(ddns_request_integer(&req, "qname", 7), 7);
	assert_null(ddns_request_text(&req, "zone-id"));
	assert_null(ddns_request_text(&req, "zone"));
}

static void
test_parse_takes_members_in_any_order_and_skips_the_rest(void **state)
{
	struct ddns_request req;

	(void)state;
	assert_int_equal(parse(" {\"x\":[1,{\"a\":[]},null,true,false,-1.5e+3]"
	    ",\"parameters\":{\"rr\":{\"qname\":\"no\"},\"qname\":\"yes\"},"
	    "\"method\":\"m\"}\r", &req), DDNS_OK);
	assert_string_equal(req.method, "m");
	assert_string_equal(ddns_request_text(&req, "qname"), "yes");
	assert_int_equal(parse("{\"method\":\"m\",\"parameters\":{}}", &req),
	    DDNS_OK);
	assert_int_equal(req.params_count, 0);
	assert_int_equal(parse("{\"method\":\"m\"}", &req), DDNS_OK);
	assert_int_equal(req.params_count, 0);
}

static void
test_parse_decodes_escapes(void **state)
{
	const struct ddns_param *p;
	struct ddns_request req;

	(void)state;
	assert_int_equal(parse("{\"method\":\"m\",\"parameters\":{"
	    "\"a\":\"\\\\.\\\"\\/\\b\\f\\n\\r\\t\","
	    "\"b\":\"\\u0041\\u00e9\\u20ac\\ud83d\\ude00\","
	    "\"c\":\"x\\u0000y\",\"\\u0064\":\"\"}}", &req), DDNS_OK);
	assert_string_equal(ddns_request_text(&req, "a"),
	    "\\.\"/\b\f\n\r\t");
	assert_string_equal(ddns_request_text(&req, "b"),
	    "A\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80");
	p = ddns_request_find(&req, "c", DDNS_PARAM_STRING);
	assert_non_null(p);
	assert_int_equal(p->text_len, 3);
	assert_null(ddns_request_text(&req, "c")); /* not as a C string */
	assert_string_equal(ddns_request_text(&req, "d"), "");
}

static void
test_parse_reads_integers_of_64_bits_and_no_others(void **state)
{
	static const struct {
		const char *text;
		int64_t want; /* 5: not an integer */
	} t[] = {
		{ "0", 0 }, { "-0", 0 }, { "4294967295", 4294967295 },
		{ "9223372036854775807", INT64_MAX },
		{ "-9223372036854775808", INT64_MIN },
		{ "9223372036854775808", 5 }, { "-9223372036854775809", 5 },
		{ "99999999999999999999", 5 }, { "1.0", 5 }, { "1e3", 5 },
		{ "\"1\"", 5 }, { "null", 5 }, { "[1]", 5 },
	};
	struct ddns_request req;
	char text[128];

	(void)state;
	for (size_t i = 0; i < DDNS_COUNT(t); i++) {
		snprintf(text, sizeof(text),
		    "{\"method\":\"m\",\"parameters\":{\"n\":%s}}", t[i].text);
		assert_int_equal(parse(text, &req), DDNS_OK);
		assert_int_equal(ddns_request_integer(&req, "n", 5),
		    t[i].want);
	}
}

static void
test_parse_refuses_what_is_not_one_json_object(void **state)
{
	static const char *const bad[] = {
		"", " ", "{", "}", "{}", "[]", "null", "lookup", "\"method\"",
		"{\"method\":\"m\"", "{\"method\":\"m\"}}", "{\"method\":\"m\"} x",
		"{\"method\":\"m\"}{\"method\":\"m\"}", "{\"method\":m}",
		"{\"method\":1}", "{\"parameters\":{}}", "{method:\"m\"}",
		"{\"method\":\"m\",}", "{\"method\" \"m\"}",
		"{\"method\":\"m\",\"parameters\":[]}",
		"{\"method\":\"m\",\"parameters\":{\"a\"}}",
		"{\"method\":\"m\",\"parameters\":{\"a\":}}",
		"{\"method\":\"m\",\"parameters\":{\"a\":1,}}",
		"{\"method\":\"m\",\"a\":01}", "{\"method\":\"m\",\"a\":1.}",
		"{\"method\":\"m\",\"a\":.5}", "{\"method\":\"m\",\"a\":1e}",
		"{\"method\":\"m\",\"a\":-}", "{\"method\":\"m\",\"a\":+1}",
		"{\"method\":\"m\",\"a\":tru}", "{\"method\":\"m\",\"a\":truee}",
		"{\"method\":\"m\",\"a\":\"\\x\"}",
		"{\"method\":\"m\",\"a\":\"\\u12\"}",
		"{\"method\":\"m\",\"a\":\"\\u12g4\"}",
		"{\"method\":\"m\",\"a\":\"\\ud800\"}",
		"{\"method\":\"m\",\"a\":\"\\ud800\\u0041\"}",
		"{\"method\":\"m\",\"a\":\"\\udc00\"}",
		"{\"method\":\"m\",\"a\":\"\\", "{\"method\":\"m\",\"a\":\"x",
		"{\"method\":\"m\",\"a\":\"\x01\"}",
		"{\"method\":\"m\",\"a\":[1}", "{\"method\":\"m\",\"a\":{\"b\":1]}",
	};
	struct ddns_request req;

	(void)state;
	for (size_t i = 0; i < DDNS_COUNT(bad); i++)
		if (parse(bad[i], &req) != DDNS_EFORMAT)
			fail_msg("taken: %s", bad[i]);
}

static void
test_parse_refuses_deep_nesting(void **state)
{
	struct ddns_request req;
	char text[2048];

	(void)state;
	for (int depth = 1; depth < 500; depth++) {
		size_t n = (size_t)sprintf(text, "{\"method\":\"m\",\"a\":");

		memset(text + n, '[', (size_t)depth);
		n += (size_t)depth;
		memset(text + n, ']', (size_t)depth);
		n += (size_t)depth;
		strcpy(text + n, "}");
		assert_int_equal(parse(text, &req),
		    depth <= DDNS_REQUEST_DEPTH_MAX ? DDNS_OK : DDNS_EFORMAT);
	}
}

static void
test_parse_drops_parameters_over_its_bound(void **state)
{
	struct ddns_request req;
	char text[4096];
	size_t n;

	(void)state;
	n = (size_t)sprintf(text, "{\"method\":\"m\",\"parameters\":{\"a\":1");
	for (int i = 0; i < 2 * DDNS_REQUEST_PARAMS_MAX; i++)
		n += (size_t)sprintf(text + n, ",\"b%d\":%d", i, i);
	strcpy(text + n, "}}");
	assert_int_equal(parse(text, &req), DDNS_OK);
	assert_int_equal(req.params_count, DDNS_REQUEST_PARAMS_MAX);
	assert_int_equal(ddns_request_integer(&req, "a", 0), 1);
	assert_int_equal(ddns_request_integer(&req, "b3", 0), 3);
}

/* Every prefix of a good line is bad, and none is read past its end. */
static void
test_parse_never_reads_past_the_line(void **state)
{
	static const char good[] = "{\"method\":\"m\\u0041\",\"parameters\":"
	    "{\"a\":-12.5e-3,\"b\":[true,false,null],\"c\":\"\\ud83d\\ude00\"}}";
	struct ddns_request req;

	(void)state;
	for (size_t len = 0; len < sizeof(good); len++) {
		char *copy = malloc(len + 1); /* for the sanitizer, valgrind */

		assert_non_null(copy);
		memcpy(copy, good, len);
		copy[len] = '\n';
		assert_int_equal(ddns_request_parse(copy, len, &req),
		    len == sizeof(good) - 1 ? DDNS_OK : DDNS_EFORMAT);
		free(copy);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse_reads_what_powerdns_sends),
		cmocka_unit_test(
		    test_parse_takes_members_in_any_order_and_skips_the_rest),
		cmocka_unit_test(test_parse_decodes_escapes),
		cmocka_unit_test(
		    test_parse_reads_integers_of_64_bits_and_no_others),
		cmocka_unit_test(
		    test_parse_refuses_what_is_not_one_json_object),
		cmocka_unit_test(test_parse_refuses_deep_nesting),
		cmocka_unit_test(test_parse_drops_parameters_over_its_bound),
		cmocka_unit_test(test_parse_never_reads_past_the_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
